"""The list of an archive's files with their sizes and hashes, as ``model_artifact_manifest.json`` inside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ads.errors import ManifestError

__all__ = ["FileEntry", "check", "entry_of", "parse", "text", "verify"]

VERSION = 1
_HINT = "Pack the artifact folder again; don't change files inside an archive."
_CHUNK = 1024**2


@dataclass(frozen=True)
class FileEntry:
    """One file: the hex SHA-256 of its content and its size in bytes."""

    sha256: str
    size: int


def text(files: Mapping[str, FileEntry]) -> bytes:
    """Return the manifest of ``files``. The same files give the same bytes: it has no time stamp."""
    content = {
        "version": VERSION,
        "generated_by": "openads",
        "files": {name: {"sha256": files[name].sha256, "size": files[name].size} for name in sorted(files)},
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def parse(content: bytes) -> dict[str, FileEntry]:
    """Return the files that the manifest names. Raises :class:`~ads.errors.ManifestError` when it can't be read."""
    try:
        document = json.loads(content.decode("utf-8-sig"))
        if document["version"] != VERSION:
            raise ManifestError(f"The manifest has version {document['version']!r}, {VERSION} is known.", hint=_HINT)
        return {
            name: FileEntry(str(entry["sha256"]).lower(), int(entry["size"]))
            for name, entry in document["files"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        if isinstance(error, ManifestError):
            raise
        raise ManifestError("The archive's manifest can't be read.", hint=_HINT) from None


def check(stated: Mapping[str, FileEntry], found: Mapping[str, FileEntry]) -> None:
    """Raise :class:`~ads.errors.ManifestError` when the files found differ from those stated, naming the first."""
    for name in sorted({*stated, *found}):
        if name not in found:
            raise ManifestError(f"The manifest names {name!r}, which is missing.", hint=_HINT)
        if name not in stated:
            raise ManifestError(f"The manifest doesn't name {name!r}, which is there.", hint=_HINT)
        if stated[name] != found[name]:
            raise ManifestError(f"{name!r} differs from what the manifest says.", hint=_HINT)


def entry_of(path: Path) -> FileEntry:
    """Return hash and size of the file at ``path``."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return FileEntry(digest.hexdigest(), size)


def verify(folder: Path | str) -> bool:
    """Check the files of an unpacked artifact against the manifest that lies among them, if one does.

    Returns whether there was one. Raises :class:`~ads.errors.ManifestError` when a file is missing or differs; files
    that were added since are not its business.
    """
    from ads.artifact.layout import MANIFEST

    folder = Path(folder)
    try:
        stated = parse((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        return False
    present = {name: entry_of(folder / name) for name in stated if (folder / name).is_file()}
    check(stated, present)
    return True
