"""From bytes that came in to a row that shows them, and which bytes the rows still need."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.registry.blobs import BlobStore, StoredBlob
from ads.registry.database import Database
from ads.registry.incoming import Incoming
from ads.registry.storage_tables import Segment, UploadedPart
from ads.registry.tables import Artifact, MetadataArtifact

__all__ = ["failures_noted", "is_blob_used", "keep", "used_blob_sizes", "used_blobs"]

_REFERENCES = (Artifact.sha256, MetadataArtifact.sha256, Segment.sha256, UploadedPart.sha256)
"""Every column that names a blob."""


@contextmanager
def keep(database: Database, blobs: BlobStore, upload: Incoming) -> Iterator[tuple[StoredBlob, Session]]:
    """Give the durable bytes, and the session whose commit makes them visible.

    All writing stops when the disk fails: after a failed fsync nobody knows what it holds.
    """
    with failures_noted(database), blobs.keep(upload) as blob, database.write() as session:
        yield blob, session


@contextmanager
def failures_noted(database: Database) -> Iterator[None]:
    """Stop all writing when a disk fails in the block."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EIO:
            database.failed.set()
        raise


def used_blobs(session: Session) -> set[str]:
    """Return the names of all blobs that something in the catalog needs."""
    return {name for column in _REFERENCES for name in session.scalars(select(column))}


def used_blob_sizes(session: Session) -> dict[str, int]:
    """Return all blobs that something in the catalog needs, each with its size in bytes."""
    return {
        name: size for column in _REFERENCES for name, size in session.execute(select(column, column.class_.size)).all()
    }


def is_blob_used(session: Session, sha256: str) -> bool:
    """Tell whether something in the catalog needs the blob."""
    return any(session.scalar(select(column).where(column == sha256).limit(1)) for column in _REFERENCES)
