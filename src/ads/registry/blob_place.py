"""Where blobs lie: the small interface behind which a folder and an object store do the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Protocol

from ads.errors import AdsError
from ads.registry.incoming import StoredBlob

__all__ = ["BlobDamaged", "BlobEntry", "BlobPlace", "checked", "damaged", "is_digest", "missing", "pieces"]

_CHUNK = 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class BlobDamaged(AdsError):
    """Stored bytes are missing, or are no longer those that were stored."""

    code = "blob-damaged"


@dataclass(frozen=True)
class BlobEntry:
    """One blob as a listing shows it: SHA-256, bytes, seconds since it was written last."""

    sha256: str
    size: int
    age: float


class BlobPlace(Protocol):
    """A place for blobs under their SHA-256. Names are checked before they get here."""

    def prepare(self, path: Path, blob: StoredBlob) -> None:
        """Do what takes long of keeping the durable file ``path``, without giving the blob its name in a folder."""

    def settle(self, path: Path, blob: StoredBlob) -> None:
        """Return once the blob is durable under its name. ``path`` may be gone afterwards."""

    def open(self, sha256: str, size: int) -> BinaryIO:
        """Return the whole blob for reading, compared with its digest. Raises BlobDamaged."""

    def path(self, sha256: str, size: int) -> Path:
        """Return a local file with the blob, compared with its digest. Raises BlobDamaged."""

    def chunks(self, sha256: str, size: int, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from ``start`` to ``end``. Raises BlobDamaged before the last of wrong bytes is given out."""

    def expect(self, sha256: str, size: int) -> None:
        """Return when the blob can be read; a small one's bytes are compared first. Raises BlobDamaged."""

    def has(self, sha256: str) -> bool:
        """Tell whether the blob is there, whatever its bytes are."""

    def entries(self) -> Iterator[BlobEntry]:
        """Yield every blob."""

    def remove(self, sha256: str, older_than: float) -> int:
        """Remove the blob when it is at least that many seconds old; return how many bytes went, -1 for none."""


def is_digest(name: str) -> bool:
    """Tell whether this can be the name of a blob."""
    return _DIGEST.fullmatch(name) is not None


def checked(pieces: Iterator[bytes], sha256: str) -> Iterator[bytes]:
    """Yield a whole blob's pieces, the last one only when they are the right ones. Raises BlobDamaged in its place."""
    digest = hashlib.sha256()
    held = b""
    for piece in pieces:
        digest.update(piece)
        if held:
            yield held
        held = piece
    if digest.hexdigest() != sha256:
        raise damaged(sha256)
    if held:
        yield held


def pieces(file: BinaryIO | FileIO, sha256: str, start: int, end: int, most: int = _CHUNK) -> Iterator[bytes]:
    """Yield the bytes from ``start`` to ``end`` of the blob's open file. Raises BlobDamaged when it ends before."""
    file.seek(start)
    while start < end:
        data = file.read(min(end - start, most))
        if not data:
            raise damaged(sha256)
        start += len(data)
        yield data


def missing(sha256: str) -> BlobDamaged:
    """Return the error for bytes that aren't there."""
    return BlobDamaged(f"The stored bytes {sha256[:12]}… are missing.", hint="Restore them from a backup.")


def damaged(sha256: str) -> BlobDamaged:
    """Return the error for bytes that are others than those that were stored."""
    return BlobDamaged(f"The stored bytes {sha256[:12]}… are damaged.", hint="Restore them from a backup.")
