"""Objects in buckets: store, find, list, delete, with their versions where the bucket keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, select
from sqlalchemy.orm import Session, lazyload

from ads.errors import InputError, NotFound, PreconditionFailed
from ads.registry.blobs import BlobStore
from ads.registry.buckets import get_bucket, locked_bucket
from ads.registry.events import Caller, record
from ads.registry.storage_tables import Bucket, ObjectVersion, Segment, Utf8

__all__ = [
    "NONE",
    "Conditions",
    "Content",
    "Listing",
    "ListingRequest",
    "delete_object",
    "expect_object",
    "get_object",
    "list_objects",
    "object_paths",
    "put_object",
    "select_versions",
]

_LONGEST_NAME = 1024
_FORBIDDEN = frozenset("\r\n\0")


@dataclass(frozen=True)
class Conditions:
    """What must hold for a change or a read: ``If-Match`` and ``If-None-Match``, without quotes."""

    if_match: str | None = None
    if_none_match: str | None = None


NONE = Conditions()
"""Nothing is required."""


@dataclass(frozen=True)
class Content:
    """The bytes of an object: blobs with their sizes, and an MD5 (for parts: of their MD5s, with their number)."""

    blobs: Sequence[tuple[str, int]]
    md5: str
    headers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ListingRequest:
    """Which names are listed: those with the prefix, from ``start`` on, after ``start_after``, before ``end``.

    With a delimiter, names that have it after the prefix are folded into one line up to it.
    """

    prefix: str = ""
    start: str = ""
    start_after: str | None = None
    end: str | None = None
    delimiter: str = ""
    limit: int = 1000


@dataclass(frozen=True)
class Listing:
    """A page of objects and folded prefixes, and the name with which the next one starts."""

    objects: list[ObjectVersion]
    prefixes: list[str]
    next_start: str | None


def expect_object(session: Session, bucket_name: str, name: str, conditions: Conditions) -> None:
    """Return when an upload of this object makes sense. Raises InputError, NotFound, PreconditionFailed."""
    _check_name(name)
    bucket = get_bucket(session, bucket_name)
    _check(_current(session, bucket, name), conditions)


def put_object(
    session: Session, caller: Caller, bucket_name: str, name: str, content: Content, conditions: Conditions
) -> ObjectVersion:
    """Return the object's new current version. Raises InputError, NotFound, PreconditionFailed."""
    _check_name(name)
    bucket = locked_bucket(session, bucket_name)
    before = _current(session, bucket, name)
    _check(before, conditions)
    old = _shown(before)
    row = ObjectVersion(
        bucket_seq=bucket.seq,
        name=name,
        size=sum(size for _, size in content.blobs),
        md5=content.md5,
        headers=content.headers,
        created_by=caller.principal,
        segments=[Segment(position=n, sha256=sha256, size=size) for n, (sha256, size) in enumerate(content.blobs)],
    )
    _replace(session, bucket, name, row)
    record(session, caller, "object.put", bucket.id, bucket.compartment_id, old=old, new=_shown(row), name=name)
    return row


def get_object(
    session: Session, bucket_name: str, name: str, version_id: str | None = None, conditions: Conditions = NONE
) -> ObjectVersion:
    """Return the current version of the object, or the one named. Raises NotFound, PreconditionFailed."""
    bucket = get_bucket(session, bucket_name)
    row = _current(session, bucket, name) if version_id is None else _version(session, bucket, name, version_id)
    if row is None or row.is_delete_marker:
        raise _no_object(name)
    if conditions.if_match is not None and conditions.if_match not in {row.etag, "*"}:
        raise _unmet("IfMatchFailed")
    return row


def delete_object(
    session: Session,
    caller: Caller,
    bucket_name: str,
    name: str,
    version_id: str | None = None,
    conditions: Conditions = NONE,
) -> ObjectVersion:
    """Delete the object, or one version of it, and return what is gone, or the marker that hides it from now on.

    Where versions are kept, deleting without a version adds a marker. Raises NotFound, PreconditionFailed.
    """
    bucket = locked_bucket(session, bucket_name)
    row = _current(session, bucket, name) if version_id is None else _version(session, bucket, name, version_id)
    if row is None or (version_id is None and row.is_delete_marker):
        raise _no_object(name)
    if conditions.if_match is not None and conditions.if_match not in {row.etag, "*"}:
        raise _unmet("IfMatchFailed")
    old = _shown(row)
    record(session, caller, "object.delete", bucket.id, bucket.compartment_id, old=old, name=name, version=version_id)
    if version_id is None and bucket.versioning == "Enabled":
        marker = ObjectVersion(
            bucket_seq=bucket.seq, name=name, is_delete_marker=True, created_by=caller.principal, segments=[]
        )
        _replace(session, bucket, name, marker)
        return marker
    session.delete(row)
    session.flush()
    if row.is_current:
        latest = session.scalar(_named(bucket, name).order_by(ObjectVersion.seq.desc()).limit(1))
        if latest is not None:
            latest.is_current = True
    return row


def _shown(row: ObjectVersion | None) -> dict[str, Any] | None:
    """Return an object as events tell of it; None for one that isn't there."""
    if row is None or row.is_delete_marker:
        return None
    return {"size": row.size, "md5": row.md5, "etag": row.etag}


def list_objects(session: Session, bucket_name: str, wanted: ListingRequest) -> Listing:
    """Return one page of the bucket's objects, sorted by the UTF-8 bytes of their names. Raises NotFound."""
    bucket = get_bucket(session, bucket_name)
    objects: list[ObjectVersion] = []
    prefixes: list[str] = []
    lower: tuple[bytes, bool] = (max(wanted.prefix.encode(), wanted.start.encode()), True)
    if wanted.start_after is not None and wanted.start_after.encode() >= lower[0]:
        lower = (wanted.start_after.encode(), False)
    while True:
        room = wanted.limit - len(objects) - len(prefixes)
        rows = list(session.scalars(_from(bucket, lower, wanted.end, room + 1)))
        for row in rows:
            if not row.name.startswith(wanted.prefix):
                return Listing(objects, prefixes, None)
            if len(objects) + len(prefixes) == wanted.limit:
                return Listing(objects, prefixes, row.name)
            folded = _folded(row.name, wanted)
            if folded is not None:
                prefixes.append(folded)
                lower = (_beyond(folded), True)
                break
            objects.append(row)
        else:
            if len(rows) <= room:
                return Listing(objects, prefixes, None)


def select_versions(bucket: Bucket, prefix: str) -> Select[ObjectVersion]:
    """Return the query for all versions of the objects whose names begin with the prefix, markers included."""
    statement = select(ObjectVersion).options(lazyload(ObjectVersion.segments))
    statement = statement.where(ObjectVersion.bucket_seq == bucket.seq)
    if prefix:
        statement = statement.where(ObjectVersion.name >= prefix, ObjectVersion.name < literal(_beyond(prefix), Utf8))
    return statement


def object_paths(blobs: BlobStore, row: ObjectVersion) -> list[tuple[Path, int]]:
    """Return local files with the object's bytes, each checked, with their sizes. Raises BlobDamaged."""
    return [(blobs.verified_path(segment.sha256, segment.size), segment.size) for segment in row.segments]


def _named(bucket: Bucket, name: str) -> Select[ObjectVersion]:
    return select(ObjectVersion).where(ObjectVersion.bucket_seq == bucket.seq, ObjectVersion.name == name)


def _current(session: Session, bucket: Bucket, name: str) -> ObjectVersion | None:
    return session.scalar(_named(bucket, name).where(ObjectVersion.is_current))


def _version(session: Session, bucket: Bucket, name: str, version_id: str) -> ObjectVersion | None:
    return session.scalar(_named(bucket, name).where(ObjectVersion.version_id == version_id))


def _beyond(prefix: str) -> bytes:
    """Return what comes after every name with this prefix: no UTF-8 text has the byte 255."""
    return prefix.encode() + b"\xff"


def _from(bucket: Bucket, lower: tuple[bytes, bool], end: str | None, limit: int) -> Select[ObjectVersion]:
    name, included = literal(lower[0], Utf8), lower[1]
    bounds: list[ColumnElement[bool]] = [ObjectVersion.name >= name if included else ObjectVersion.name > name]
    if end is not None:
        bounds.append(ObjectVersion.name < end)
    return (
        select(ObjectVersion)
        .options(lazyload(ObjectVersion.segments))
        .where(ObjectVersion.bucket_seq == bucket.seq, ObjectVersion.is_current, ~ObjectVersion.is_delete_marker)
        .where(*bounds)
        .order_by(ObjectVersion.name)
        .limit(limit)
    )


def _folded(name: str, wanted: ListingRequest) -> str | None:
    if not wanted.delimiter:
        return None
    head, found, _ = name[len(wanted.prefix) :].partition(wanted.delimiter)
    return wanted.prefix + head + found if found else None


def _replace(session: Session, bucket: Bucket, name: str, row: ObjectVersion) -> None:
    """Make the row the current one. What it replaces stays as a version where the bucket keeps them."""
    before = _current(session, bucket, name)
    if before is not None and bucket.versioning == "Enabled":
        before.is_current = False
    elif before is not None:
        session.delete(before)
    session.flush()
    row.is_current = True
    session.add(row)
    session.flush()


def _check(before: ObjectVersion | None, conditions: Conditions) -> None:
    there = before is not None and not before.is_delete_marker
    etag = before.etag if before is not None and there else None
    if conditions.if_match is not None and (not there or conditions.if_match not in {etag, "*"}):
        raise _unmet("IfMatchFailed")
    if conditions.if_none_match is not None and there and conditions.if_none_match in {etag, "*"}:
        raise _unmet("IfNoneMatchFailed")


def _check_name(name: str) -> None:
    if not 0 < len(name.encode()) <= _LONGEST_NAME or _FORBIDDEN & set(name):
        raise InputError(f"An object's name must have 1 to {_LONGEST_NAME} bytes, without line ends and U+0000.")


def _unmet(code: str) -> PreconditionFailed:
    return PreconditionFailed(
        "The object is not in the state that the request asks for.",
        status=412,
        service_code=code,
        hint="Read it again, and repeat the change with its etag.",
    )


def _no_object(name: str) -> NotFound:
    return NotFound(f"There is no object {name[:256]!r} in the bucket.", status=404, service_code="ObjectNotFound")
