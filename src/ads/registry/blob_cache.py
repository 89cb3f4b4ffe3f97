"""Copies of remote blobs on this machine: bounded, the one that was used longest ago goes first."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from ads.registry.blob_folder import BlobFolder
from ads.registry.blob_place import is_digest
from ads.registry.incoming import full_disk_reported

__all__ = ["BlobCache"]

_IN_USE = 60.0
"""Seconds for which a path that was given out stays, whatever else comes: its reader opens it at once."""


class BlobCache:
    """A folder of copies. Its size stays within ``max_bytes`` but for what was asked for in the last minute."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._blobs = BlobFolder(folder)
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._used: dict[str, float] = {}
        for path in folder.iterdir():
            if not is_digest(path.name):
                path.unlink(missing_ok=True)  # a fetch that the last process didn't finish

    def has(self, sha256: str) -> bool:
        """Tell whether there is a copy."""
        return self._blobs.has(sha256)

    def open(self, sha256: str, size: int) -> BinaryIO:
        """Return a copy, checked. Raises BlobDamaged when there is none, or a damaged one."""
        self._used[sha256] = time.monotonic()
        return self._blobs.open(sha256, size)

    def add(self, sha256: str, chunks: Iterable[bytes]) -> None:
        """Keep a copy of these bytes, which have been checked when the last of them is given."""
        folder = self._blobs.folder
        temporary = folder / f".{sha256}.{secrets.token_hex(4)}"
        try:
            with full_disk_reported(), temporary.open("xb") as file:
                for chunk in chunks:
                    file.write(chunk)
            temporary.rename(folder / sha256)
        finally:
            temporary.unlink(missing_ok=True)
        self.trim()

    def path(self, sha256: str) -> Path:
        """Return where the copy lies."""
        return self._blobs.folder / sha256

    def drop(self, sha256: str) -> None:
        """Forget a copy."""
        self._blobs.remove(sha256, older_than=float("-inf"))

    def trim(self) -> int:
        """Remove the copies that are too many; return how many went."""
        removed = 0
        with self._lock:
            now = time.monotonic()
            entries = [(min(e.age, now - self._used.get(e.sha256, 0.0)), e) for e in self._blobs.entries()]
            total = sum(entry.size for _, entry in entries)
            for idle, entry in sorted(entries, key=lambda pair: -pair[0]):
                if total <= self._max_bytes or idle < _IN_USE:
                    break
                if self._blobs.remove(entry.sha256, older_than=_IN_USE) >= 0:
                    self._used.pop(entry.sha256, None)
                    total -= entry.size
                    removed += 1
        return removed
