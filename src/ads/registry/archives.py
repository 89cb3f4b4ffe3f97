"""What a deployment unpacks: a model's archive, checked, or the folder of the objects that a model refers to."""

from __future__ import annotations

import shutil
from pathlib import Path

from ads.home import Home
from ads.registry.blobs import BlobStore
from ads.registry.database import Database
from ads.registry.deployments import ModelSource
from ads.registry.referenced_files import addresses, fetch_referenced
from ads.settings import Settings

__all__ = ["archive_of"]


def archive_of(source: ModelSource, settings: Settings, home: Home, database: Database, blobs: BlobStore) -> Path:
    """Return the checked archive of a model, or the folder of its referenced objects.

    Raises BlobDamaged, and for a model by reference what :func:`fetch_referenced` raises.
    """
    if not source.by_reference:
        return blobs.verified_path(source.sha256, source.size)
    folder = home.artifacts / f".{source.sha256}.objects"
    shutil.rmtree(folder, ignore_errors=True)
    with blobs.open_verified(source.sha256, source.size) as description:
        text = description.read()
    allowed, most = settings.reference_urls, settings.max_artifact_bytes
    fetch_referenced(database, blobs, text, folder, allowed=addresses(allowed), max_bytes=most)
    return folder
