"""Which names an archive's members may have."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from ads.errors import ArchiveError

__all__ = ["MAX_DEPTH", "MAX_NAME_BYTES", "MAX_PART_BYTES", "check_name", "check_together", "shown"]

MAX_PART_BYTES = 255
MAX_NAME_BYTES = 1024
MAX_DEPTH = 32

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,254}(?:/[A-Za-z0-9_][A-Za-z0-9_.\-]{0,254})*/?")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def shown(name: str) -> str:
    """Return ``name`` for a message: quoted, escaped, at most 80 characters."""
    text = ascii(name)
    return text if len(text) <= 80 else f"{text[:77]}…"


def check_name(name: str) -> None:
    """Raise :class:`~ads.errors.ArchiveError` unless ``name`` can only mean a place inside the folder.

    A folder's name ends with ``/``.
    """
    if _PLAIN.fullmatch(name) and len(name) <= MAX_NAME_BYTES and name.count("/") < MAX_DEPTH:
        return
    problem = _problem(name)
    if problem:
        raise ArchiveError(
            f"The archive's member {shown(name)} {problem}.",
            hint="Pack the artifact folder again, with relative file names.",
        )


def _problem(name: str) -> str:
    parts = name.removesuffix("/").split("/")
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in name):
        return "has a control or format character in its name"
    if "\\" in name:
        return "has a backslash in its name"
    if re.match(r"[A-Za-z]:", name):
        return "starts with a drive letter"
    if any(part in {"", ".", ".."} for part in parts):
        return "has an absolute name" if name.startswith("/") else "has an empty, '.' or '..' part in its name"
    return _too_long(parts)


def _too_long(parts: list[str]) -> str:
    sizes = [len(part.encode()) for part in parts]
    if max(sizes) > MAX_PART_BYTES:
        return f"has a part longer than {MAX_PART_BYTES} bytes in its name"
    if sum(sizes) + len(sizes) - 1 > MAX_NAME_BYTES:
        return f"has a name longer than {MAX_NAME_BYTES} bytes"
    return f"lies deeper than {MAX_DEPTH} folders" if len(parts) > MAX_DEPTH else ""


def check_together(names: Iterable[str]) -> None:
    """Raise :class:`~ads.errors.ArchiveError` when two names mean the same place on some file system.

    That is: equal after Unicode normalization and case folding, or one name that is a file and a folder.
    """
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    explicit: set[str] = set()
    for name in names:
        if name.endswith("/"):
            key = _key(name[:-1])
            if key in explicit:
                raise _clash(name, name)
            explicit.add(key)
            _note_folder(name[:-1], folders)
        else:
            key = _key(name)
            if key in files:
                raise _clash(files[key], name)
            files[key] = name
            if "/" in name:
                _note_folder(name.rsplit("/", 1)[0], folders)
    for key, name in files.items():
        if key in folders:
            raise ArchiveError(
                f"The archive's member {shown(name)} is a file and a folder at once.",
                hint="Rename one of them and pack the folder again.",
            )


def _note_folder(folder: str, folders: dict[str, str]) -> None:
    while folder:
        key = _key(folder)
        known = folders.setdefault(key, folder)
        if known != folder:
            raise _clash(known, folder)
        folder = folder.rpartition("/")[0]


def _key(name: str) -> str:
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _clash(first: str, second: str) -> ArchiveError:
    return ArchiveError(
        f"The archive's members {shown(first)} and {shown(second)} mean the same place.",
        hint="Keep one of them and pack the folder again.",
    )
