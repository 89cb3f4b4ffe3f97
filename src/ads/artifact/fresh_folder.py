"""A folder that is there as a whole or not at all: filled next to its place, then put into it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ads.errors import ArtifactError

__all__ = ["exchange", "fresh_folder"]


@contextlib.contextmanager
def fresh_folder(target: Path, *, replace: bool) -> Iterator[Path]:
    """Yield a new folder next to ``target`` that becomes ``target`` at the end, or vanishes after an error.

    An existing ``target`` that isn't empty is refused with :class:`~ads.errors.ArtifactError`, unless ``replace`` is
    true: then it is exchanged as a whole.
    """
    _check(target, replace=replace)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = _sibling(target)
    fresh.mkdir(mode=0o755)
    try:
        yield fresh
        exchange(fresh, target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def exchange(fresh: Path, target: Path) -> None:
    """Rename the folder ``fresh`` to ``target``; what was there is removed afterwards, and stays after an error."""
    if not target.exists():
        fresh.rename(target)
        return
    old = _sibling(target)
    target.rename(old)
    try:
        fresh.rename(target)
    except BaseException:
        with contextlib.suppress(OSError):
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _check(target: Path, *, replace: bool) -> None:
    if target.exists() and not target.is_dir():
        raise ArtifactError(f"{target} is not a folder.", hint="Give a folder that doesn't exist yet.")
    if target.is_dir() and not replace and any(target.iterdir()):
        raise ArtifactError(
            f"The folder {target} is not empty.", hint="Give a new folder, or allow overwriting (force_overwrite=True)."
        )


def _sibling(target: Path) -> Path:
    return target.with_name(f".{target.name[:100]}.{os.urandom(6).hex()}")
