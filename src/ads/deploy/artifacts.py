"""Unpacked artifacts: each archive once, read-only, shared by all replicas that serve it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from ads.artifact.archive import DEFAULT_LIMITS, Limits, extract_zip
from ads.deploy.file_lock import locked
from ads.home import Home

__all__ = ["remove_tree", "unpack"]

_OWNER_AND_OTHERS_READ = 0o555


def unpack(home: Home, sha256: str, archive: Callable[[], Path], limits: Limits = DEFAULT_LIMITS) -> Path:
    """Return the folder that holds the artifact ``sha256``, unpacked from ``archive()`` when it isn't there yet.

    ``archive`` gives the path of the checked archive, or of a folder that was put together next to it.
    Raises what that raises, and ArchiveError for a bad archive.
    """
    target = home.artifacts / sha256
    if target.is_dir():
        return target
    with locked(home.artifacts / f".{sha256}.lock"):
        if target.is_dir():
            return target
        building = home.artifacts / f".{sha256}.unpacking"
        remove_tree(building)
        found = archive()
        if found.is_dir():
            found.rename(building)
        else:
            extract_zip(found, building, limits)
        _make_read_only(building)
        building.rename(target)
    return target


def _make_read_only(folder: Path) -> None:
    for root, _, files in os.walk(folder, topdown=False):
        for name in files:
            path = Path(root, name)
            path.chmod(path.stat().st_mode & _OWNER_AND_OTHERS_READ)
        Path(root).chmod(_OWNER_AND_OTHERS_READ)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it, read-only or not."""
    for root, _, _ in os.walk(folder):
        Path(root).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
