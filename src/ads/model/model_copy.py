"""A registered model from one catalog into another: another service, or OCI. What is there already isn't sent again."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.client.references import MODELS, ResolvedModel
from ads.errors import NotFound, NotSupported

if TYPE_CHECKING:
    from ads.client.service import Service

__all__ = ["Copied", "copy_model", "versions_of"]

_VERSION_SETS = "/20190101/modelVersionSets"
_MARK = "openads-copy"
"""The tag that says of a copy which content under which name it is."""

_SAME = ("description", "customMetadataList", "definedMetadataList", "freeformTags")
_PROVENANCE = ("repositoryUrl", "gitBranch", "gitCommit", "scriptDir", "trainingScript")


@dataclass(frozen=True)
class Copied:
    """A model in the other catalog. ``sent``: its artifact went there now; ``changed``: what is said of it did."""

    model: ResolvedModel
    sent: bool
    changed: bool


def versions_of(source: Service, model: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every active version of the model's set, the oldest first; the model alone where it is in none."""
    name = model.get("modelVersionSetName")
    if not name:
        return [dict(model)]
    query = {"compartmentId": model["compartmentId"], "modelVersionSetName": name, "lifecycleState": "ACTIVE"}
    rows = sorted(source.list(MODELS, {**query, "limit": "1000"}), key=lambda row: int(row.get("versionId") or 0))
    return [source.get_json(f"{MODELS}/{row['id']}") for row in rows]


def copy_model(source: Service, target: Service, model: Mapping[str, Any]) -> Copied:
    """Copy a model with its artifact, schemas, metadata, tags, label and provenance into the catalog of ``target``.

    It joins the version set of the same name, which is made when there is none. A copy that is there already, known by
    the digest of its content, gets what has changed about the model since, and nothing else; one that a cut left
    without its artifact gets that, from the part on that is missing.

    Raises :class:`~ads.errors.NotFound` for a model without an artifact, :class:`~ads.errors.NotSupported` for a model
    by reference, and whatever either catalog refuses.
    """
    from ads.client.registration import register_model

    if model.get("isModelByReference"):
        raise NotSupported(
            f"The model {model['displayName']!r} is kept by reference: its files are in buckets of its catalog.",
            hint="Copy the files, and register it there.",
        )
    with ExitStack() as stack:
        artifact = _Artifact(source, str(model["id"]), stack)
        body = _body(target, model, _mark(model, artifact.sha256))
        found = _earlier(target, body, model, artifact.sha256)
        if found is None:

            def deliver(service: Service, model_id: str) -> None:
                service.upload_artifact(model_id, artifact.file)

            copy_id = register_model(target, body, provenance=_provenance(source, model), deliver=deliver)
            return Copied(ResolvedModel.of(target.get_json(f"{MODELS}/{copy_id}")), sent=True, changed=False)
        sent = not _has_artifact(target, str(found["id"]))
        if sent:
            target.upload_artifact(str(found["id"]), artifact.file)
        return Copied(ResolvedModel.of(found), sent=sent, changed=_bring_up(target, found, body))


class _Artifact:
    """The source's archive: its digest as soon as it is known, its bytes only when they are needed."""

    def __init__(self, source: Service, model_id: str, stack: ExitStack) -> None:
        self._source = source
        self._model_id = model_id
        self._stack = stack
        self._file: Path | None = None
        self.sha256 = _announced(source, model_id) or self._digest()

    @property
    def file(self) -> Path:
        """The archive on this machine, compared with the source's digest."""
        if self._file is None:
            folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="openads-"))
            self._file = Path(folder) / "artifact.zip"
            self.sha256 = self._source.download_artifact(self._model_id, self._file).sha256
        return self._file

    def _digest(self) -> str:
        _ = self.file
        return self.sha256


def _announced(service: Service, model_id: str) -> str:
    """Return the SHA-256 that a catalog says of an artifact, nothing where it says none, as OCI does.

    Raises :class:`~ads.errors.NotFound` where there is no artifact.
    """
    import base64

    path = f"{MODELS}/{model_id}/artifact/content"
    said = service.request("HEAD", path, headers={"want-repr-digest": "sha-256=1"}).headers.get("repr-digest", "")
    if not said.startswith("sha-256=:"):
        return ""
    return base64.b64decode(said.removeprefix("sha-256=:").rstrip(":")).hex()


def _mark(model: Mapping[str, Any], sha256: str) -> str:
    """Return what is the same for the same content under the same name and number."""
    name = model.get("modelVersionSetName") or model["displayName"]
    about = [name, model.get("versionId"), model.get("versionLabel"), sha256]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def _body(target: Service, model: Mapping[str, Any], mark: str) -> dict[str, Any]:
    """Return the body that creates the copy; its version set is made on the way."""
    body = {
        "compartmentId": target.compartment_id,
        "projectId": target.project_id,
        "displayName": model["displayName"],
        "description": model.get("description"),
        "customMetadataList": _sendable(model.get("customMetadataList")),
        "definedMetadataList": _sendable(model.get("definedMetadataList")),
        "inputSchema": model.get("inputSchema"),
        "outputSchema": model.get("outputSchema"),
        "freeformTags": {**(model.get("freeformTags") or {}), _MARK: mark},
    }
    name = model.get("modelVersionSetName")
    if name:
        body["modelVersionSetId"] = _version_set(target, str(name))
        body["versionLabel"] = model.get("versionLabel")
    return {key: value for key, value in body.items() if value is not None}


def _sendable(items: Any) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in item.items() if key != "hasArtifact" and value is not None}
        for item in items or []
    ]


def _version_set(target: Service, name: str) -> str:
    query = {"compartmentId": target.compartment_id, "name": name, "lifecycleState": "ACTIVE"}
    found: dict[str, Any] | None = next(iter(target.list(_VERSION_SETS, query)), None)
    if found is None:
        body = {"name": name, "compartmentId": target.compartment_id, "projectId": target.project_id}
        found = target.request("POST", _VERSION_SETS, json=body, retry_token=True).json()
    return str(found["id"])


def _earlier(target: Service, body: Mapping[str, Any], model: Mapping[str, Any], sha256: str) -> dict[str, Any] | None:
    """Return the copy that is in the other catalog already, or what this model itself was copied from."""
    query = {"compartmentId": target.compartment_id, "displayName": body["displayName"], "limit": "1000"}
    for row in _present(target.list(MODELS, query)):
        mark = (row.get("freeformTags") or {}).get(_MARK)
        if mark == body["freeformTags"][_MARK] or (mark is None and _is_original(target, row, model, sha256)):
            return target.get_json(f"{MODELS}/{row['id']}")
    return None


def _is_original(target: Service, row: Mapping[str, Any], model: Mapping[str, Any], sha256: str) -> bool:
    """Tell whether a row of the other catalog has the name, label and content of the model, which is a copy itself."""
    same = ("modelVersionSetName", "versionLabel")
    if _MARK not in (model.get("freeformTags") or {}) or any(row.get(key) != model.get(key) for key in same):
        return False
    try:
        return _announced(target, str(row["id"])) == sha256
    except NotFound:
        return False


def _present(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (row for row in rows if row.get("lifecycleState") == "ACTIVE")


def _has_artifact(target: Service, model_id: str) -> bool:
    try:
        target.request("HEAD", f"{MODELS}/{model_id}/artifact/content")
    except NotFound:
        return False
    return True


def _bring_up(target: Service, found: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Change what is said of the copy to what is said of the model now; tell whether that was anything."""
    said = {**found, **{key: _sendable(found.get(key)) for key in ("customMetadataList", "definedMetadataList")}}
    wanted = {**body, "freeformTags": {**body["freeformTags"]}}
    if _MARK not in (found.get("freeformTags") or {}):
        del wanted["freeformTags"][_MARK]  # the original stays one
    changes = {key: wanted[key] for key in _SAME if key in wanted and wanted[key] != said.get(key)}
    if changes:
        target.request("PUT", f"{MODELS}/{found['id']}", json=changes)
    return bool(changes)


def _provenance(source: Service, model: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return where the model came from, as far as that means something elsewhere: no ids of this catalog."""
    try:
        found = source.get_json(f"{MODELS}/{model['id']}/provenance")
    except NotFound:
        return None
    kept = {key: found[key] for key in _PROVENANCE if found.get(key)}
    return kept or None
