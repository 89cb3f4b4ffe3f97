"""Artifacts copied to stores that the service doesn't know, such as S3: by the user's own fsspec file system."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ads.errors import InputError
from ads.model.artifact_source import PACKAGES, store_errors

__all__ = ["copy_to_store", "expect_store", "is_foreign", "remove_from_store"]

_PIECE = 1024 * 1024


def is_foreign(uri: str) -> bool:
    """Return whether the address is of a store that only fsspec knows."""
    scheme, separator, _ = uri.partition("://")
    return bool(separator) and scheme.lower() != "oci"


def expect_store(uri: str, *, overwrite: bool) -> None:
    """Return when a file can be put there. Raises InputError; FileExistsError when there is one already."""
    system, path = _system(uri)
    with store_errors(uri, "used"):
        exists = system.exists(path)
    if exists and not overwrite:
        raise FileExistsError(f"{uri} exists already. Pass overwrite_existing_artifact=True to replace it.")


def copy_to_store(archive: Path, uri: str) -> None:
    """Put the file there, in constant memory. Raises InputError."""
    system, path = _system(uri)
    with store_errors(uri, "used"), archive.open("rb") as source, system.open(path, "wb") as target:
        shutil.copyfileobj(source, target, _PIECE)


def remove_from_store(uri: str) -> None:
    """Remove the file. Raises InputError."""
    system, path = _system(uri)
    with store_errors(uri, "used"):
        system.rm(path)  # every file system has it; that of OCI has no rm_file()


def _system(uri: str) -> tuple[Any, str]:
    import fsspec

    scheme = uri.partition("://")[0].lower()
    package = PACKAGES.get(scheme)
    try:
        system, path = fsspec.core.url_to_fs(uri)
    except (ImportError, ValueError) as error:
        raise InputError(
            f"{uri!r} can't be used: {error}.",
            hint=f"pip install {package}" if package else "Name a bucket as oci://bucket@openads/folder/.",
        ) from error
    return system, path
