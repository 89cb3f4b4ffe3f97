"""The objects of a model by reference: listed when the model is registered, fetched when it is deployed.

They stay where they are: in a bucket of the service, or in an S3 bucket that the operator opened for this. What is
fetched must be what was listed: the same version, size, and etag or MD5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.errors import (
    AdsError,
    BucketNotVersionedError,
    InputError,
    ModelFileDescriptionError,
    NotFound,
    PayloadTooLarge,
    ServiceUnavailable,
)
from ads.registry.blobs import BlobStore
from ads.registry.buckets import NAMESPACE, get_bucket, no_bucket
from ads.registry.database import Database
from ads.registry.events import Caller
from ads.registry.grants import require_permission
from ads.registry.objects import get_object, object_paths, select_versions
from ads.registry.references import ReferencedObject, read_description
from ads.registry.storage_tables import Bucket, ObjectVersion
from ads.registry.store_reach import open_bounded

__all__ = ["S3", "Folder", "addresses", "fetch_referenced", "list_referenced", "require_allowed", "require_readable"]

S3 = "s3"
"""The namespace of buckets that are not the service's."""

_CHUNK = 1024 * 1024
_MOST = 10_000


@dataclass(frozen=True)
class Folder:
    """The objects of one bucket whose names begin with a prefix."""

    namespace: str
    bucket: str
    prefix: str


def addresses(setting: str) -> list[str]:
    """Return the addresses in a setting, which are separated by commas."""
    return [part.strip() for part in setting.split(",") if part.strip()]


def require_allowed(folder: Folder, allowed: Sequence[str]) -> None:
    """Return when objects may be read from there. ``allowed`` are the beginnings of S3 addresses. Raises InputError.

    The service reads S3 with its own credentials, so the operator says what everybody may have read by it.
    """
    if folder.namespace == NAMESPACE:
        return
    address = f"s3://{folder.bucket}/{folder.prefix}"
    if folder.namespace == S3 and ".." not in folder.prefix.split("/"):
        for opened in allowed:
            if address == opened or address.startswith(opened if opened.endswith("/") else f"{opened}/"):
                return
    raise InputError(
        f"Models by reference can't be read from {address if folder.namespace == S3 else folder.namespace!r:.200}.",
        hint=f"Use a bucket of the namespace {NAMESPACE}, or have the operator add it to the setting reference_urls.",
    )


def require_readable(session: Session, caller: Caller, description: bytes) -> None:
    """Return when the caller may read the buckets of the service that a description names. Raises NotFound.

    A model is deployed with the service's own rights, so it must not refer to what its maker could not read.
    """
    names = {item.bucket for item in read_description(description) if item.namespace == NAMESPACE}
    for bucket in session.scalars(select(Bucket).where(Bucket.name.in_(sorted(names)))):
        require_permission(session, caller, "read", bucket.compartment_id, no_bucket(bucket.name))


def list_referenced(session: Session, folder: Folder) -> list[dict[str, Any]]:
    """Return the objects of a folder as a description names them.

    Raises NotFound, ModelFileDescriptionError for an empty folder, BucketNotVersionedError.
    """
    found = list(_listed_s3(folder) if folder.namespace == S3 else _listed(session, folder))
    if not found:
        raise ModelFileDescriptionError(
            f"There are no objects below {folder.prefix!r:.200} in the bucket {folder.bucket[:200]}.",
            hint="Upload the artifact's files there first.",
        )
    if len(found) > _MOST:
        raise ModelFileDescriptionError(f"There are more than {_MOST} objects below the prefix.")
    return found


def fetch_referenced(
    database: Database, blobs: BlobStore, description: bytes, target: Path, *, allowed: Sequence[str], max_bytes: int
) -> None:
    """Put the objects that a description names into the new folder ``target``.

    Raises ModelFileDescriptionError, NotFound for an object that is gone, and InputError for one that changed.
    """
    wanted = read_description(description)
    if sum(item.size for item in wanted) > max_bytes:
        raise PayloadTooLarge(f"The model's objects have more than {max_bytes} bytes.")
    for item in wanted:
        require_allowed(Folder(item.namespace, item.bucket, item.name), allowed)
    target.mkdir()
    for item in wanted:
        path = target / item.place
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            if item.namespace == S3:
                _fetch_s3(item, file)
            else:
                _fetch(database, blobs, item, file)


def _listed(session: Session, folder: Folder) -> Iterator[dict[str, Any]]:
    if folder.namespace != NAMESPACE:
        raise InputError(f"This service has no namespace {folder.namespace[:100]!r}.", hint=f"It has one: {NAMESPACE}.")
    bucket = get_bucket(session, folder.bucket)
    if bucket.versioning != "Enabled":
        raise BucketNotVersionedError(
            f"The bucket {folder.bucket!r} keeps no versions, so its objects could be lost to the model.",
            hint="Enable the bucket's versioning, and upload the objects again.",
        )
    live = select_versions(bucket, folder.prefix).where(ObjectVersion.is_current, ~ObjectVersion.is_delete_marker)
    for row in session.scalars(live.order_by(ObjectVersion.name).limit(_MOST + 1)):
        yield {
            "name": row.name,
            "version": row.version_id,
            "sizeInBytes": row.size,
            "etag": row.etag,
            "md5": row.md5,
        }


def _fetch(database: Database, blobs: BlobStore, item: ReferencedObject, file: BinaryIO) -> None:
    with database.read() as session:
        try:
            row = get_object(session, item.bucket, item.name, item.version)
        except NotFound as error:
            raise NotFound(
                f"The version {item.version[:100]} of {item.name[:200]!r} is no longer in the bucket {item.bucket!r}.",
                status=404,
                service_code="RelatedResourceNotAuthorizedOrNotFound",
                hint="Upload the object again and register the model anew.",
            ) from error
        if row.size != item.size or not _same({"etag": row.etag, "md5": row.md5}, item):
            raise _different(item)
        paths = object_paths(blobs, row)  # each is checked against its SHA-256
    for path, _ in paths:
        with path.open("rb") as source:
            while data := source.read(_CHUNK):
                file.write(data)


def _listed_s3(folder: Folder) -> Iterator[dict[str, Any]]:
    store = _s3()
    try:
        rows = store.find(f"{folder.bucket}/{folder.prefix}", detail=True, withdirs=False)
    except Exception as error:  # what fails below s3fs has no common root
        raise _s3_failed(folder.bucket, error) from error
    for path, row in sorted(rows.items()):
        name = path.partition("/")[2]
        if name.startswith(folder.prefix) and row.get("type") == "file":
            etag = str(row.get("ETag", "")).strip('"')
            yield {"name": name, "version": "", "sizeInBytes": int(row["size"]), "etag": etag}


def _fetch_s3(item: ReferencedObject, file: BinaryIO) -> None:
    store, path = _s3(), f"{item.bucket}/{item.name}"
    digest, size = hashlib.md5(usedforsecurity=False), 0
    try:
        store.invalidate_cache()
        row = store.info(path)
        _require_listed(row, item)
        with store.open(path, "rb", block_size=8 * _CHUNK, cache_type="readahead") as source:
            while data := source.read(_CHUNK):
                size += len(data)
                digest.update(data)
                file.write(data)
    except InputError:
        raise
    except Exception as error:  # what fails below s3fs has no common root
        raise _s3_failed(item.bucket, error) from error
    etag = item.digests["etag"]
    # The ETag of what came in one piece, without a key of the caller's, is its MD5.
    if size != item.size or (len(etag) == 32 and etag != digest.hexdigest()):
        raise _different(item)


def _require_listed(row: Mapping[str, Any], item: ReferencedObject) -> None:
    """Return when S3 still has what was listed. Raises InputError."""
    if not item.digests.get("etag") or str(row.get("ETag", "")).strip('"') != item.digests["etag"]:
        raise _different(item)


def _s3() -> Any:
    try:
        return open_bounded(f"{S3}://")[0]
    except ImportError as error:
        raise InputError(
            "The service can't read S3: s3fs is not installed.", hint="Install it: pip install 'openads[s3]'"
        ) from error


def _same(present: dict[str, str], item: ReferencedObject) -> bool:
    return all(present.get(name) == value for name, value in item.digests.items())


def _different(item: ReferencedObject) -> InputError:
    return InputError(
        f"The object {item.name[:200]!r} in the bucket {item.bucket!r} is not the one that was registered.",
        hint="Register the model anew with what is there now.",
    )


def _s3_failed(bucket: str, error: Exception) -> AdsError:
    answered = isinstance(error, (FileNotFoundError, PermissionError, ValueError))
    if answered or (isinstance(error, OSError) and error.errno is not None):
        return InputError(
            f"The S3 bucket {bucket[:200]!r} can't be read: {type(error).__name__}: {str(error)[:500]}.",
            hint="Check the bucket, and the AWS credentials and endpoint of the service's environment.",
        )
    return ServiceUnavailable(
        f"The S3 bucket {bucket[:200]!r} can't be reached: {str(error)[:500] or type(error).__name__}.",
        hint="Try again; if it stays so, check the network, and the AWS endpoint of the service's environment.",
        retry_after=5.0,
    )
