"""Conda packs that lie in buckets of the service."""

from __future__ import annotations

import re
from pathlib import Path

from ads.deploy.environment_sources import StoredObject
from ads.registry.blobs import BlobStore
from ads.registry.buckets import NAMESPACE
from ads.registry.database import Database
from ads.registry.objects import get_object, object_paths

__all__ = ["stored_object"]

_ADDRESS = re.compile(r"oci://(?P<bucket>[^@/]+)@(?P<namespace>[^@/]+)/(?P<name>.+)")


def stored_object(database: Database, blobs: BlobStore, address: str) -> StoredObject | None:
    """Return the object at an address ``oci://bucket@namespace/name``, None in another namespace. Raises NotFound."""
    found = _ADDRESS.fullmatch(address)
    if found is None or found["namespace"] != NAMESPACE:
        return None
    with database.read() as session:
        row = get_object(session, found["bucket"], found["name"])
        etag, size = row.etag, row.size
    return StoredObject(etag, size, lambda: _paths(database, blobs, found["bucket"], found["name"], row.version_id))


def _paths(database: Database, blobs: BlobStore, bucket: str, name: str, version: str) -> list[Path]:
    with database.read() as session:
        row = get_object(session, bucket, name, version)
        return [path for path, _ in object_paths(blobs, row)]
