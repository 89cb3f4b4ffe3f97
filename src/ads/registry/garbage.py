"""What the catalog's data directory holds and nobody needs any more: found, told, removed.

Each kind has a function that finds and one that removes. Finding is a look without locks; removing asks again, where
nothing can begin to use the thing meanwhile, and leaves alone what somebody does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, delete, func, select

from ads.home import Home
from ads.registry.blobs import BlobStore
from ads.registry.database import Database
from ads.registry.events import Caller, record
from ads.registry.retry_tokens import RETRY_TOKEN_LIFETIME
from ads.registry.storage_tables import UploadedPart, UploadInParts
from ads.registry.storing import is_blob_used, used_blobs
from ads.registry.tables import RetryToken, now

__all__ = ["CATALOG_KINDS", "DAY", "Garbage", "Kind", "Premises", "collect", "find"]

DAY = 24 * 3600.0
_UPLOADS_FORGOTTEN_AFTER = 7 * DAY
_SHORTEST_UPLOAD_AGE = 3600.0
"""Seconds that a temporary file is left alone whatever is asked: a large archive is checked for minutes."""


@dataclass(frozen=True)
class Garbage:
    """One thing to remove: its kind, its name, why nobody needs it, how many bytes it has."""

    kind: str
    what: str
    why: str
    bytes: int


@dataclass(frozen=True)
class Premises:
    """Where garbage lies."""

    home: Home
    database: Database
    blobs: BlobStore


@dataclass(frozen=True)
class Kind:
    """How one kind is found and removed. Ages are in seconds; ``remove`` tells whether the thing is gone."""

    find: Callable[[Premises, float], Iterable[Garbage]]
    remove: Callable[[Premises, Garbage, float], bool]


def find(premises: Premises, kinds: Sequence[Kind], older_than: float = DAY) -> list[Garbage]:
    """Return what could be removed now, the largest first. Nothing is changed."""
    found = [garbage for kind in kinds for garbage in kind.find(premises, older_than)]
    return sorted(found, key=lambda garbage: (-garbage.bytes, garbage.kind, garbage.what))


def collect(premises: Premises, kinds: Sequence[Kind], caller: Caller, older_than: float = DAY) -> list[Garbage]:
    """Remove what nobody needs, and return what is gone, the largest first.

    What was given up first frees what it referred to: blobs come after the uploads whose parts they were.
    """
    gone = []
    for kind in kinds:
        gone += [garbage for garbage in kind.find(premises, older_than) if kind.remove(premises, garbage, older_than)]
    if gone:
        with premises.database.write() as session:
            size = sum(garbage.bytes for garbage in gone)
            record(session, caller, "garbage.collect", "service", things=len(gone), size=size)
    return sorted(gone, key=lambda garbage: (-garbage.bytes, garbage.kind, garbage.what))


# -- retry tokens


def _old_tokens(premises: Premises, _older_than: float) -> Iterator[Garbage]:
    with premises.database.read() as session:
        count = session.scalar(select(func.count()).select_from(RetryToken).where(_is_old_token()))
    if count:
        yield Garbage("retry-tokens", f"{count} outcomes", "older than the 24 hours that they are kept", 0)


def _forget_tokens(premises: Premises, _garbage: Garbage, _older_than: float) -> bool:
    with premises.database.write() as session:
        session.execute(delete(RetryToken).where(_is_old_token()))
    return True


def _is_old_token() -> ColumnElement[bool]:
    return RetryToken.time_created < now() - RETRY_TOKEN_LIFETIME


# -- objects that come in parts


def _given_up_uploads(premises: Premises, older_than: float) -> Iterator[Garbage]:
    since = now() - timedelta(seconds=max(older_than, _UPLOADS_FORGOTTEN_AFTER))
    size = select(func.coalesce(func.sum(UploadedPart.size), 0)).where(UploadedPart.upload_seq == UploadInParts.seq)
    with premises.database.read() as session:
        rows = session.execute(
            select(UploadInParts.id, UploadInParts.name, size.scalar_subquery()).where(
                UploadInParts.time_created < since
            )
        ).all()
    for id_, name, parts in rows:
        yield Garbage("upload-in-parts", id_, f"an upload of {name[:80]!r} that was begun a week ago", int(parts))


def _abort_upload(premises: Premises, garbage: Garbage, _older_than: float) -> bool:
    with premises.database.write() as session:
        row = session.scalar(select(UploadInParts).where(UploadInParts.id == garbage.what))
        if row is not None:
            session.delete(row)
        return row is not None


# -- files of uploads


def _left_files(premises: Premises, older_than: float) -> Iterator[Garbage]:
    for path in sorted(premises.home.uploads.iterdir()):
        size = _size_when_old(path, older_than)
        if size is not None:
            yield Garbage("upload", path.name, "an upload that ended half-way", size)


def _remove_file(premises: Premises, garbage: Garbage, older_than: float) -> bool:
    path = premises.home.uploads / garbage.what
    if _size_when_old(path, older_than) is None:
        return False
    path.unlink(missing_ok=True)
    return True


def _size_when_old(path: Path, older_than: float) -> int | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    old = time.time() - status.st_mtime >= max(older_than, _SHORTEST_UPLOAD_AGE)
    return status.st_size if old and path.is_file() else None


# -- artifacts that come in parts


def _left_parts(premises: Premises, older_than: float) -> Iterator[Garbage]:
    for name, size, age in premises.blobs.partial.entries():
        if age >= max(older_than, _UPLOADS_FORGOTTEN_AFTER):
            yield Garbage("artifact-in-parts", name, "an upload that nobody went on with for a week", size)


def _forget_parts(premises: Premises, garbage: Garbage, older_than: float) -> bool:
    return premises.blobs.partial.forget(garbage.what, max(older_than, _UPLOADS_FORGOTTEN_AFTER))


# -- blobs


def _unused_blobs(premises: Premises, older_than: float) -> Iterator[Garbage]:
    entries = [entry for entry in premises.blobs.entries() if entry.age >= older_than]
    with premises.database.read() as session:  # after the listing: what became visible meanwhile is used
        used = used_blobs(session)
    for entry in entries:
        if entry.sha256 not in used:
            why = "no model, metadata or object has these bytes any more"
            yield Garbage("blob", entry.sha256, why, entry.size)


def _remove_blob(premises: Premises, garbage: Garbage, older_than: float) -> bool:
    def is_used(sha256: str) -> bool:
        with premises.database.read() as session:
            return is_blob_used(session, sha256)

    return premises.blobs.discard(garbage.what, older_than, is_used) >= 0


CATALOG_KINDS: tuple[Kind, ...] = (
    Kind(_old_tokens, _forget_tokens),
    Kind(_given_up_uploads, _abort_upload),
    Kind(_left_files, _remove_file),
    Kind(_left_parts, _forget_parts),
    Kind(_unused_blobs, _remove_blob),
)
"""What the catalog itself leaves behind."""
