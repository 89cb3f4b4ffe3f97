"""A registered model from one catalog into another: another service, or OCI. What is there already isn't sent again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.client.references import MODELS, ResolvedModel
from ads.errors import NotFound
from ads.model.copied_companions import (
    bring_aliases,
    bring_files,
    bring_provenance,
    provenance_of,
    sendable,
    version_set,
)
from ads.model.copied_content import content_of, digest_in

if TYPE_CHECKING:
    from ads.client.service import Service

__all__ = ["Copied", "copy_model", "versions_of"]

_MARK = "openads-copy"
"""The tag that says of a copy which content under which name it is."""

_SAID = (
    "displayName",
    "description",
    "customMetadataList",
    "definedMetadataList",
    "freeformTags",
    "definedTags",
    "versionLabel",
)
"""What is brought up to date, too, where a copy is there already."""
_SCHEMAS = ("inputSchema", "outputSchema")
_LISTS = ("customMetadataList", "definedMetadataList")


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


def copy_model(
    source: Service, target: Service, model: Mapping[str, Any], *, aliases: bool = True, kept: Path | None = None
) -> Copied:
    """Copy a model with all that belongs to it into the catalog of ``target``.

    That is: its artifact, or the objects that it refers to; schemas, metadata and the files at its keys, tags, label,
    provenance; the version set with its description and tags; with ``aliases`` those that point at it. A copy that is
    there already, known by the digest of its content, gets what has changed about the model since, and nothing else;
    one that a cut left without its artifact gets that, from the part on that is missing. ``kept`` is a folder where
    what was fetched stays after a cut, so that a repeated call goes on from there.

    Raises :class:`~ads.errors.NotFound` for a model without an artifact, :class:`~ads.errors.NotSupported` where OCI
    is to refer to objects in a service's own buckets, and whatever either catalog refuses.
    """
    from ads.client.registration import register_model

    with ExitStack() as stack:
        content = content_of(source, model, stack, kept)
        content.expect(target)
        sha256 = content.sha256
        body = _body(source, target, model, _mark(model, sha256))
        found = _earlier(target, body, model, sha256)
        sent = found is None or not _has_artifact(target, str(found["id"]))
        changed = False
        if found is None:
            origin = provenance_of(source, str(model["id"])) or None
            copy_id = register_model(target, body, provenance=origin, deliver=content.deliver)
            found = target.get_json(f"{MODELS}/{copy_id}")
        else:
            if sent:
                content.deliver(target, str(found["id"]))
            changed = _bring_up(target, found, body)
            changed = bring_provenance(source, target, model, found) or changed
        content.done()
        changed = bring_files(source, target, model, found) or changed
        if aliases:
            changed = bring_aliases(source, target, model, found) or changed
        return Copied(ResolvedModel.of(target.get_json(f"{MODELS}/{found['id']}")), sent, changed and not sent)


def _mark(model: Mapping[str, Any], sha256: str) -> str:
    """Return what is the same for the same content under the same name and number."""
    name = model.get("modelVersionSetName") or model["displayName"]
    return hashlib.sha256(json.dumps([name, model.get("versionId"), sha256]).encode()).hexdigest()


def _body(source: Service, target: Service, model: Mapping[str, Any], mark: str) -> dict[str, Any]:
    """Return the body that creates the copy; its version set is made on the way."""
    said = sendable(model, (*_SAID, *_SCHEMAS), target)
    body = {
        "compartmentId": target.compartment_id,
        "projectId": target.project_id,
        **said,
        **{name: _items(model.get(name)) for name in _LISTS},
        "freeformTags": {**(model.get("freeformTags") or {}), _MARK: mark},
    }
    if model.get("modelVersionSetId"):
        body["modelVersionSetId"] = version_set(source, target, model)
    return body


def _items(items: Any) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in item.items() if key != "hasArtifact" and value is not None}
        for item in items or []
    ]


def _earlier(target: Service, body: Mapping[str, Any], model: Mapping[str, Any], sha256: str) -> dict[str, Any] | None:
    """Return the copy that is in the other catalog already, or what this model itself was copied from."""
    query = {"compartmentId": target.compartment_id, "limit": "1000"}
    if model.get("modelVersionSetId"):
        query["modelVersionSetName"] = str(model["modelVersionSetName"])
    else:
        query["displayName"] = body["displayName"]
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
    return digest_in(target, row) == sha256


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
    said = {**found, **{key: _items(found.get(key)) for key in _LISTS}}
    wanted = {**body, "freeformTags": {**body["freeformTags"]}}
    if _MARK not in (found.get("freeformTags") or {}):
        del wanted["freeformTags"][_MARK]  # the original stays one
    changes = {key: wanted[key] for key in _SAID if key in wanted and wanted[key] != said.get(key)}
    if changes:
        target.request("PUT", f"{MODELS}/{found['id']}", json=changes)
    return bool(changes)
