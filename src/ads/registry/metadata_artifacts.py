"""Files attached to the keys of a model's metadata: any bytes, at most one for each key."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy.orm import Session

from ads.errors import Conflict
from ads.registry.blobs import BlobStore, Upload
from ads.registry.database import Database
from ads.registry.events import Caller, record
from ads.registry.lookups import changed, not_found, require_match
from ads.registry.models import live_model
from ads.registry.storing import keep
from ads.registry.tables import MetadataArtifact, Model, now

__all__ = [
    "Kind",
    "delete_metadata_artifact",
    "expect_metadata_artifact",
    "get_metadata_artifact",
    "store_metadata_artifact",
]

Kind = Literal["custom", "defined"]


def expect_metadata_artifact(
    session: Session, model_id: str, kind: Kind, key: str, *, replace: bool, if_match: str | None = None
) -> None:
    """Return when an upload for this key makes sense: see :func:`store_metadata_artifact` for what it raises."""
    _place(session, model_id, kind, key, replace=replace, if_match=if_match)


def store_metadata_artifact(
    database: Database,
    blobs: BlobStore,
    caller: Caller,
    model_id: str,
    kind: Kind,
    key: str,
    upload: Upload,
    *,
    replace: bool,
    if_match: str | None = None,
) -> MetadataArtifact:
    """Return the record of the file that is attached to the key from now on.

    Raises NotFound for a key that isn't in the model's list, or that has no file to ``replace``; Conflict when it has
    one and ``replace`` is false; PreconditionFailed.
    """
    with keep(database, blobs, upload) as (blob, session):
        model, row = _place(session, model_id, kind, key, replace=replace, if_match=if_match)
        content: dict[str, Any] = {"sha256": blob.sha256, "md5": blob.md5, "size": blob.size}
        old = None if row is None else {"sha256": row.sha256, "size": row.size}
        if row is None:
            row = MetadataArtifact(kind=kind, key=key, created_by=caller.principal, **content)
            model.metadata_artifacts.append(row)
        for name, value in content.items():
            setattr(row, name, value)
        row.created_by, row.time_created = caller.principal, now()
        verb = "update" if replace else "create"
        new = {"sha256": blob.sha256, "size": blob.size}
        action = f"metadata-artifact.{verb}"
        record(session, caller, action, model_id, model.compartment_id, old=old, new=new, key=key)
        changed(model)
        changed(row)
        session.flush()
        return row


def get_metadata_artifact(session: Session, model_id: str, kind: Kind, key: str) -> MetadataArtifact:
    """Return the record of the file that is attached to the key. Raises NotFound."""
    live_model(session, model_id)
    row = session.get(MetadataArtifact, (model_id, kind, key))
    if row is None:
        raise not_found(f"file at the {kind} metadata", key)
    return row


def delete_metadata_artifact(
    session: Session, caller: Caller, model_id: str, kind: Kind, key: str, if_match: str | None = None
) -> None:
    """Remove the file from the key, which stays. Raises NotFound, PreconditionFailed."""
    model, row = _place(session, model_id, kind, key, replace=True, if_match=if_match)
    assert row is not None
    model.metadata_artifacts.remove(row)
    old = {"sha256": row.sha256, "size": row.size}
    record(session, caller, "metadata-artifact.delete", model_id, model.compartment_id, old=old, key=key)
    changed(model)


def _place(
    session: Session, model_id: str, kind: Kind, key: str, *, replace: bool, if_match: str | None
) -> tuple[Model, MetadataArtifact | None]:
    model = live_model(session, model_id)
    items = model.custom_metadata if kind == "custom" else model.defined_metadata
    if not any(item["key"] == key for item in items):
        raise not_found(f"{kind} metadata", key)
    row = next((found for found in model.metadata_artifacts if (found.kind, found.key) == (kind, key)), None)
    if row is None and replace:
        raise not_found(f"file at the {kind} metadata", key)
    if row is not None and not replace:
        raise Conflict(f"The {kind} metadata {key!r} has a file already.", hint="Update it instead.")
    if row is not None:
        require_match(row, if_match)
    return model, row
