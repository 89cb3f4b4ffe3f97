"""Artifacts copied to stores that the service doesn't know, such as S3: by the user's own fsspec file system."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ads.errors import AdsError, InputError

__all__ = ["copy_to_store", "expect_store", "is_foreign", "remove_from_store"]

_PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "az": "adlfs"}
_PIECE = 1024 * 1024


def is_foreign(uri: str) -> bool:
    """Return whether the address is of a store that only fsspec knows."""
    scheme, separator, _ = uri.partition("://")
    return bool(separator) and scheme.lower() != "oci"


def expect_store(uri: str, *, overwrite: bool) -> None:
    """Return when a file can be put there. Raises InputError; FileExistsError when there is one already."""
    system, path = _system(uri)
    with _reported(uri):
        exists = system.exists(path)
    if exists and not overwrite:
        raise FileExistsError(f"{uri} exists already. Pass overwrite_existing_artifact=True to replace it.")


def copy_to_store(archive: Path, uri: str) -> None:
    """Put the file there, in constant memory. Raises InputError."""
    system, path = _system(uri)
    with _reported(uri), archive.open("rb") as source, system.open(path, "wb") as target:
        shutil.copyfileobj(source, target, _PIECE)


def remove_from_store(uri: str) -> None:
    """Remove the file. Raises InputError."""
    system, path = _system(uri)
    with _reported(uri):
        system.rm_file(path)


def _system(uri: str) -> tuple[Any, str]:
    import fsspec

    scheme = uri.partition("://")[0].lower()
    package = _PACKAGES.get(scheme)
    try:
        system, path = fsspec.core.url_to_fs(uri)
    except (ImportError, ValueError) as error:
        raise InputError(
            f"{uri!r} can't be used: {error}.",
            hint=f"pip install {package}" if package else "Name a bucket as oci://bucket@openads/folder/.",
        ) from error
    return system, path


@contextmanager
def _reported(uri: str) -> Iterator[None]:
    try:
        yield
    except AdsError:
        raise
    except Exception as error:  # each file system has errors of its own, without a common root
        raise InputError(
            f"{uri} can't be used: {str(error) or type(error).__name__}.", hint="Check the address and your access."
        ) from error
