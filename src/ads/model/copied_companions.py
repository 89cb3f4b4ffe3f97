"""What belongs to a model besides its content, on its way into another catalog: set, aliases, files, provenance."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.client.references import MODELS
from ads.errors import NotFound

if TYPE_CHECKING:
    from ads.client.service import Service

__all__ = ["bring_aliases", "bring_files", "bring_provenance", "provenance_of", "sendable", "version_set"]

_SETS = "/20190101/modelVersionSets"
_SAID_OF_SETS = ("description", "freeformTags", "definedTags")
_PROVENANCE = ("repositoryUrl", "gitBranch", "gitCommit", "scriptDir", "trainingScript")
_KINDS = ("custom", "defined")
_PIECE = 1024 * 1024


def sendable(source: Mapping[str, Any], names: tuple[str, ...], target: Service) -> dict[str, Any]:
    """Return what is said under these names; no tags in namespaces for OCI, where those of a tenancy differ."""
    kept = (name for name in names if name != "definedTags" or target.knows_references)
    return {name: source[name] for name in kept if source.get(name) is not None}


def version_set(source: Service, target: Service, model: Mapping[str, Any]) -> str:
    """Return the id of the set of this name, with the description and the tags that it has in ``source``."""
    wanted = sendable(source.get_json(f"{_SETS}/{model['modelVersionSetId']}"), _SAID_OF_SETS, target)
    name = str(model["modelVersionSetName"])
    query = {"compartmentId": target.compartment_id, "name": name, "lifecycleState": "ACTIVE"}
    found = next(iter(target.list(_SETS, query)), None)
    if found is None:
        body = {"name": name, "compartmentId": target.compartment_id, "projectId": target.project_id, **wanted}
        return str(target.request("POST", _SETS, json=body, retry_token=True).json()["id"])
    there = target.get_json(f"{_SETS}/{found['id']}")
    changes = {key: value for key, value in wanted.items() if value != there.get(key)}
    if changes:
        target.request("PUT", f"{_SETS}/{found['id']}", json=changes)
    return str(found["id"])


def bring_aliases(source: Service, target: Service, model: Mapping[str, Any], copy: Mapping[str, Any]) -> bool:
    """Point the aliases of the model at its copy; tell whether one moved. Catalogs of OCI have none."""
    if not (source.knows_references and target.knows_references and model.get("modelVersionSetId")):
        return False
    path = "/openads/v1/modelVersionSets/{}/aliases"
    mine = [row for row in source.list(path.format(model["modelVersionSetId"])) if row["modelId"] == model["id"]]
    if not mine:
        return False
    there = {row["name"]: row for row in target.list(path.format(copy["modelVersionSetId"]))}
    moved = False
    for row in mine:
        found = there.get(row["name"])
        if found and (found["modelId"], found["protected"]) == (copy["id"], row["protected"]):
            continue
        body = {"modelId": copy["id"], "protected": row["protected"], "reason": f"copied from {source.url}"}
        target.request("PUT", f"{path.format(copy['modelVersionSetId'])}/{_quoted(row['name'])}", json=body)
        moved = True
    return moved


def bring_files(source: Service, target: Service, model: Mapping[str, Any], copy: Mapping[str, Any]) -> bool:
    """Give the copy the files at the model's metadata keys, and no others; tell whether that changed anything."""
    changed = False
    for kind in _KINDS:
        mine, there = _keys(model, kind), _keys(copy, kind)
        for key in sorted(there - mine):
            target.request("DELETE", _address(copy, kind, key))
            changed = True
        for key in sorted(mine):
            if key in there and _digest(source, model, kind, key) == _digest(target, copy, kind, key):
                continue
            _send(source, target, _address(model, kind, key), _address(copy, kind, key), replace=key in there)
            changed = True
    return changed


def provenance_of(service: Service, model_id: str) -> dict[str, Any]:
    """Return where a model came from, as far as that means something elsewhere: no ids of its catalog."""
    try:
        found = service.get_json(f"{MODELS}/{model_id}/provenance")
    except NotFound:
        return {}
    return {key: found[key] for key in _PROVENANCE if found.get(key)}


def bring_provenance(source: Service, target: Service, model: Mapping[str, Any], copy: Mapping[str, Any]) -> bool:
    """Say of the copy where the model came from; tell whether that was news."""
    wanted = provenance_of(source, str(model["id"]))
    path = f"{MODELS}/{copy['id']}/provenance"
    if not wanted or wanted == provenance_of(target, str(copy["id"])):
        return False
    try:
        target.get_json(path)
    except NotFound:
        target.request("POST", path, json=wanted, retry_token=True)
    else:
        target.request("PUT", path, json=wanted)
    return True


def _keys(model: Mapping[str, Any], kind: str) -> set[str]:
    return {str(item["key"]) for item in model.get(f"{kind}MetadataList") or () if item.get("hasArtifact")}


def _address(model: Mapping[str, Any], kind: str, key: str) -> str:
    return f"{MODELS}/{model['id']}/{kind}Metadata/{_quoted(key)}/artifact"


def _digest(service: Service, model: Mapping[str, Any], kind: str, key: str) -> str | None:
    """Return what the catalog says of a file's bytes; nothing equals None."""
    found = service.request("HEAD", f"{_address(model, kind, key)}/content").headers.get("content-md5")
    return found or f"{model['id']} says none"


def _send(source: Service, target: Service, path: str, to: str, *, replace: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="openads-") as folder:
        file = Path(folder) / "file"
        with source.stream("GET", f"{path}/content") as answer, file.open("wb") as sink:
            for piece in answer.iter_bytes(_PIECE):
                sink.write(piece)

        def pieces() -> Iterator[bytes]:
            with file.open("rb") as content:
                while piece := content.read(_PIECE):
                    yield piece

        headers = {
            "content-type": "application/octet-stream",
            "content-length": str(file.stat().st_size),
            "content-disposition": 'form-data; name="file"; filename="readme.*"',
        }
        target.request("PUT" if replace else "POST", to, content=pieces, headers=headers, repeatable=replace)


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
