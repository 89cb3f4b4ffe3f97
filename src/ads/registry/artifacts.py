"""The artifact of a model: one archive, checked before anybody can see it, never replaced."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.orm import Session

from ads.artifact.limits import Limits
from ads.errors import Conflict
from ads.registry.blobs import BlobStore
from ads.registry.database import Database
from ads.registry.events import Caller, record
from ads.registry.incoming import Incoming
from ads.registry.insertion import insert_row
from ads.registry.labels import label_objects
from ads.registry.lookups import not_found
from ads.registry.model_index import index_size
from ads.registry.models import require_live
from ads.registry.referenced_files import require_readable
from ads.registry.references import ReferencedObject, check_description, is_description, read_description
from ads.registry.retry_tokens import Attempt, earlier_outcome, remember_outcome
from ads.registry.storing import keep
from ads.registry.tables import Artifact, RetryToken

__all__ = [
    "artifact_md5",
    "artifact_path",
    "expect_artifact",
    "get_artifact",
    "open_artifact",
    "store_artifact",
]


def expect_artifact(session: Session, caller: Caller, model_id: str, attempt: Attempt | None) -> None:
    """Return when an upload for this model makes sense. Raises NotFound; Conflict when it has an artifact.

    A repeated upload with a known retry token passes: only its bytes tell whether it is the same one.
    """
    if not require_live(session, model_id).has_artifact:
        return
    if attempt is None or session.get(RetryToken, (caller.principal, attempt.operation, attempt.token)) is None:
        raise _has_one()


def store_artifact(
    database: Database,
    blobs: BlobStore,
    caller: Caller,
    model_id: str,
    upload: Incoming,
    file_name: str,
    *,
    attempt: Attempt | None = None,
    max_bytes: int = Limits().max_bytes,
) -> Artifact:
    """Return the model's artifact once the uploaded archive is checked, durable and registered.

    A name that ends in ``.json`` is that of a description of objects. Raises ArchiveError for an archive that breaks a
    rule, ArtifactError for one whose runtime.yaml or schemas can't be read, ModelFileDescriptionError for such a
    description, NotFound, also for a bucket in it that the caller may not read, and Conflict when the model has one.
    """
    from ads.artifact.description_files import check_description_files
    from ads.artifact.zip_reader import verify_zip

    objects: list[ReferencedObject] = []
    if is_description(file_name):
        check_description(upload.path)
        description = upload.path.read_bytes()
        objects = read_description(description)
        with database.read() as session:
            require_readable(session, caller, description)
    else:
        limits = Limits(max_bytes=max_bytes)
        check_description_files(upload.path, verify_zip(upload.path, limits, upload.members), limits)
    with keep(database, blobs, upload) as (blob, session):
        model = require_live(session, model_id)
        found = session.get(Artifact, model_id) if model.has_artifact else None
        if earlier_outcome(session, caller, attempt) is not None and found is not None:
            return found
        if found is not None:
            raise _has_one()
        artifact = Artifact(
            model_id=model_id,
            sha256=blob.sha256,
            md5=blob.md5,
            size=blob.size,
            file_name=file_name or f"{model_id}.zip",
            created_by=caller.principal,
        )
        insert_row(session, artifact)
        index_size(session, model.seq, blob.size)
        if objects:
            label_objects(session, blob.sha256, objects)
        new = {"sha256": blob.sha256, "size": blob.size, "fileName": artifact.file_name}
        record(session, caller, "artifact.create", model_id, model.compartment_id, new=new)
        remember_outcome(session, caller, attempt, model_id)
        return artifact


def get_artifact(session: Session, model_id: str) -> Artifact:
    """Return the record of the model's artifact. Raises NotFound, also for a deleted model."""
    require_live(session, model_id)
    artifact = session.get(Artifact, model_id)
    if artifact is None:
        raise not_found("artifact of the model", model_id)
    return artifact


def open_artifact(blobs: BlobStore, artifact: Artifact) -> BinaryIO:
    """Return the archive's bytes for reading. Raises BlobDamaged when they are not those that were uploaded."""
    return blobs.open_verified(artifact.sha256, artifact.size)


def artifact_md5(database: Database, blobs: BlobStore, artifact: Artifact) -> str:
    """Return the archive's MD5 in hexadecimal. For one that came in parts it is computed when it is first asked for.

    Raises BlobDamaged, ServiceUnavailable. Don't call it while writing to the database.
    """
    if not artifact.md5:
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in blobs.chunks(artifact.sha256, artifact.size):
            digest.update(chunk)
        with database.write() as session:
            row = session.get(Artifact, artifact.model_id)
            if row is not None:
                row.md5 = digest.hexdigest()
        artifact.md5 = digest.hexdigest()
    return artifact.md5


def artifact_path(blobs: BlobStore, artifact: Artifact) -> Path:
    """Return the archive's file, checked, for reading only. Raises BlobDamaged."""
    return blobs.verified_path(artifact.sha256, artifact.size)


def _has_one() -> Conflict:
    return Conflict("The model has an artifact already; it can't be replaced.", hint="Register a new model instead.")
