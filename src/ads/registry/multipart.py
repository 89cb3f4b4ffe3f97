"""Objects that come in parts: begun, sent part by part in any order, committed or given up."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ads.errors import InputError, NotFound
from ads.registry.blobs import StoredBlob
from ads.registry.buckets import get_bucket, locked_bucket
from ads.registry.events import Caller
from ads.registry.objects import NONE, Conditions, Content, expect_object, put_object
from ads.registry.storage_tables import Bucket, ObjectVersion, UploadedPart, UploadInParts
from ads.registry.tables import new_etag, now

__all__ = [
    "CommittedPart",
    "abort_upload",
    "begin_upload",
    "commit_upload",
    "expire_uploads",
    "get_upload",
    "put_part",
    "select_uploads",
]

_MOST_PARTS = 10_000
_FORGOTTEN_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class CommittedPart:
    """A part that belongs to the object, as the caller knows it."""

    number: int
    etag: str


def begin_upload(
    session: Session,
    caller: Caller,
    bucket_name: str,
    name: str,
    headers: dict[str, Any],
    conditions: Conditions = NONE,
) -> UploadInParts:
    """Return a new upload of this object. Raises InputError, NotFound, PreconditionFailed."""
    expect_object(session, bucket_name, name, conditions)
    bucket = locked_bucket(session, bucket_name)
    row = UploadInParts(bucket_seq=bucket.seq, name=name, headers=headers, created_by=caller.principal, parts=[])
    session.add(row)
    session.flush()
    return row


def get_upload(session: Session, bucket_name: str, name: str, upload_id: str) -> UploadInParts:
    """Return the upload, whose parts are read when they are looked at. Raises NotFound."""
    bucket = get_bucket(session, bucket_name)
    row = session.scalar(
        select(UploadInParts).where(
            UploadInParts.id == upload_id, UploadInParts.bucket_seq == bucket.seq, UploadInParts.name == name
        )
    )
    if row is None:
        raise NotFound(
            "There is no such upload; it may have been committed or given up.",
            status=404,
            service_code="NoSuchUpload",
        )
    return row


def select_uploads(bucket: Bucket) -> Select[UploadInParts]:
    """Return the query for the uploads of a bucket that are under way."""
    return select(UploadInParts).where(UploadInParts.bucket_seq == bucket.seq)


def put_part(
    session: Session, bucket_name: str, name: str, upload_id: str, number: int, blob: StoredBlob
) -> UploadedPart:
    """Return the part that these bytes are from now on. Raises NotFound, InputError for a number that can't be."""
    if not 1 <= number <= _MOST_PARTS:
        raise InputError(f"uploadPartNum must be a whole number from 1 to {_MOST_PARTS}.")
    locked_bucket(session, bucket_name)
    upload = get_upload(session, bucket_name, name, upload_id)
    same = select(UploadedPart).where(UploadedPart.upload_seq == upload.seq, UploadedPart.number == number)
    row = session.scalar(same) or UploadedPart(upload_seq=upload.seq, number=number)
    row.sha256, row.md5, row.size, row.etag = blob.sha256, blob.md5, blob.size, new_etag()
    session.add(row)
    session.flush()
    return row


def commit_upload(
    session: Session,
    caller: Caller,
    bucket_name: str,
    name: str,
    upload_id: str,
    parts: Sequence[CommittedPart],
    excluded: Sequence[int] = (),
    conditions: Conditions = NONE,
) -> ObjectVersion:
    """Return the object that the parts make, in the order of their numbers.

    Raises NotFound, PreconditionFailed, and InputError when a part isn't there, has another etag, comes twice, or when
    one that was sent is neither committed nor excluded.
    """
    upload = get_upload(session, bucket_name, name, upload_id)
    sent = {part.number: part for part in upload.parts}
    numbers = [part.number for part in parts]
    if not parts or len(set(numbers)) != len(numbers):
        raise InputError("partsToCommit must name at least one part, and each once.")
    if set(numbers) & set(excluded) or sent.keys() - set(numbers) - set(excluded):
        raise InputError("Every part that was sent must be either in partsToCommit or in partsToExclude.")
    for part in parts:
        if part.number not in sent or sent[part.number].etag != part.etag:
            raise InputError(f"The part {part.number} was not sent, or not with this etag.")
    chosen = [sent[number] for number in sorted(numbers)]
    content = Content([(part.sha256, part.size) for part in chosen], _md5(chosen), dict(upload.headers))
    row = put_object(session, caller, bucket_name, name, content, conditions)
    session.delete(upload)
    return row


def abort_upload(session: Session, bucket_name: str, name: str, upload_id: str) -> None:
    """Forget the upload and its parts. Raises NotFound."""
    session.delete(get_upload(session, bucket_name, name, upload_id))


def expire_uploads(session: Session, older_than: timedelta = _FORGOTTEN_AFTER) -> int:
    """Forget the uploads that were begun so long ago and never ended; return how many. Their parts are swept later."""
    old = list(session.scalars(select(UploadInParts).where(UploadInParts.time_created < now() - older_than)))
    for row in old:
        session.delete(row)
    return len(old)


def _md5(parts: Sequence[UploadedPart]) -> str:
    """Return the MD5 of the parts' MD5s with their number, as clients compute it, too."""
    digest = hashlib.md5(b"".join(bytes.fromhex(part.md5) for part in parts), usedforsecurity=False).digest()
    return f"{base64.b64encode(digest).decode('ascii')}-{len(parts)}"
