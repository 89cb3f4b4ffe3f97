"""Unpacked artifacts: each archive once, read-only, shared by all replicas that serve it.

Beside each folder lies the list of its files with their hashes. It is compared with the files whenever a revision is
prepared: what the disk damaged is unpacked again, before a model is loaded from it.
"""

from __future__ import annotations

import logging
import os
import shutil
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from ads.artifact import manifest
from ads.artifact.archive import DEFAULT_LIMITS, Limits
from ads.artifact.manifest import FileEntry
from ads.artifact.zip_reader import extract_entries
from ads.deploy.file_lock import locked
from ads.errors import ManifestError
from ads.home import Home

__all__ = ["list_beside", "remove_tree", "unpack"]

logger = logging.getLogger(__name__)

_READ, _RUN = 0o444, 0o111


def unpack(home: Home, sha256: str, archive: Callable[[], Path], limits: Limits = DEFAULT_LIMITS) -> Path:
    """Return the folder that holds the artifact ``sha256`` as it was uploaded, unpacked from ``archive()`` if need be.

    ``archive`` gives the path of the checked archive, or of a folder that was put together next to it.
    Raises what that raises, and ArchiveError for a bad archive.
    """
    target = home.artifacts / sha256
    with locked(home.artifacts / f".{sha256}.lock"):
        if target.is_dir() and _is_whole(target):
            return target
        building = home.artifacts / f".{sha256}.unpacking"
        remove_tree(building)
        found = archive()
        if found.is_dir():
            found.rename(building)
            entries = _entries(building)
        else:
            entries = extract_entries(found, building, limits)
        _make_read_only(building)
        _write_list(target, entries)
        if target.is_dir():
            _set_aside(target)
        building.rename(target)
    return target


def list_beside(folder: Path) -> Path:
    """Return the path of the list of an unpacked artifact's files."""
    return folder.with_name(f".{folder.name}.files")


def _is_whole(folder: Path) -> bool:
    """Tell whether every file is there as it was in the archive. Without a list nobody knows."""
    try:
        stated = manifest.parse(list_beside(folder).read_bytes())
    except (OSError, ManifestError):
        return False
    try:
        manifest.check(stated, _entries(folder, stated))
    except (OSError, ManifestError) as error:
        logger.error("the unpacked artifact %s is damaged, it is unpacked again: %s", folder.name, error)  # noqa: TRY400
        return False
    return True


def _entries(folder: Path, wanted: Mapping[str, FileEntry] | None = None) -> dict[str, FileEntry]:
    """Return size and hash of the files in the folder, or of those that are wanted and there."""
    paths = [path for path in folder.rglob("*") if path.is_file()] if wanted is None else [folder / n for n in wanted]
    return {path.relative_to(folder).as_posix(): manifest.entry_of(path) for path in paths if path.is_file()}


def _write_list(folder: Path, entries: Mapping[str, FileEntry]) -> None:
    path = list_beside(folder)
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(manifest.text(entries))
    fresh.replace(path)


def _set_aside(folder: Path) -> None:
    gone = folder.with_name(f".{folder.name}.going")
    remove_tree(gone)
    folder.rename(gone)
    remove_tree(gone)


def _make_read_only(folder: Path) -> None:
    for root, _, files in os.walk(folder, topdown=False):
        for name in files:
            path = Path(root, name)
            path.chmod(_READ | (path.stat().st_mode & stat.S_IXUSR and _RUN))
        Path(root).chmod(_READ | _RUN)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it, read-only or not."""
    for root, _, _ in os.walk(folder):
        Path(root).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
