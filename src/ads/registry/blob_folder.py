"""Blobs in a folder of this machine: named by their digest, which is compared with their bytes before a read."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from ads.registry.blob_place import BlobEntry, checked, damaged, is_digest, missing, pieces
from ads.registry.incoming import StoredBlob, full_disk_reported, sync_folder

__all__ = ["BlobFolder"]

_CHUNK = 1024 * 1024
_LARGE = 8 * 1024 * 1024
"""Bytes from which reading twice, to compare and then to give out, takes a while."""
_NEAR = 256 * 1024
"""Bytes that are still in a processor's cache when they are given out after they were hashed."""


class BlobFolder:
    """See :class:`~ads.registry.blob_place.BlobPlace`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._verified: dict[str, tuple[int, int, int]] = {}

    def prepare(self, path: Path, blob: StoredBlob) -> None:
        """Do nothing: the file is on this disk already, or nearly so."""

    def settle(self, path: Path, blob: StoredBlob) -> None:
        """Give the file its name. One of the same name is replaced: the bytes are the same, and young again."""
        target = self.folder / blob.sha256
        self._verified.pop(blob.sha256, None)
        try:
            with path.open("rb") as file:
                state = _state(file)
            path.rename(target)
            if state[-1] == blob.size:  # what was hashed on its way in need not be read back at once
                self._verified[blob.sha256] = state
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._copy(path, target)
        sync_folder(self.folder)

    def open(self, sha256: str, size: int) -> BinaryIO:
        """Return the blob, whose digest is computed at the first use and again whenever the file changed."""
        try:
            file = (self.folder / sha256).open("rb")
        except FileNotFoundError:
            raise missing(sha256) from None
        try:
            self._verify(file, sha256, size)
        except BaseException:
            file.close()
            raise
        return file

    def path(self, sha256: str, size: int) -> Path:
        """Return the blob's own file. Don't change it."""
        self.open(sha256, size).close()
        return self.folder / sha256

    def expect(self, sha256: str, size: int) -> None:
        """Return when the bytes are those of the digest; a large blob's are compared while they are read."""
        if size < _LARGE:
            self.open(sha256, size).close()
            return
        try:
            status = (self.folder / sha256).stat()
        except FileNotFoundError:
            raise missing(sha256) from None
        if status.st_size != size:
            raise damaged(sha256)

    def chunks(self, sha256: str, size: int, start: int, end: int) -> Iterator[bytes]:
        """Yield a part of the blob. The whole of a large one is compared with its digest on the way, each time."""
        if (start, end) == (0, size) and size >= _LARGE:
            yield from self._whole(sha256, size)
            return
        with self.open(sha256, size) as file:
            yield from pieces(file, sha256, start, end)

    def _whole(self, sha256: str, size: int) -> Iterator[bytes]:
        try:
            file = (self.folder / sha256).open("rb", buffering=0)
        except FileNotFoundError:
            raise missing(sha256) from None
        with file:
            state = _state(file)
            if state[-1] != size:
                raise damaged(sha256)
            yield from checked(pieces(file, sha256, 0, size, _NEAR), sha256)
            self._verified[sha256] = state

    def has(self, sha256: str) -> bool:
        """Tell whether there is such a file."""
        return (self.folder / sha256).is_file()

    def entries(self) -> Iterator[BlobEntry]:
        """Yield every blob. What else lies here, a copy that was cut short, is not one."""
        now = time.time()
        with os.scandir(self.folder) as found:
            for entry in found:
                with contextlib.suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    if is_digest(entry.name):
                        yield BlobEntry(entry.name, status.st_size, now - status.st_mtime)

    def remove(self, sha256: str, older_than: float) -> int:
        """Remove a blob; see the interface."""
        path = self.folder / sha256
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            if time.time() - status.st_mtime >= older_than:
                path.unlink()
                self._verified.pop(sha256, None)
                return status.st_size
        return -1

    def _copy(self, source: Path, target: Path) -> None:
        """Do what a rename does, from another disk."""
        temporary = self.folder / f".{target.name}.{secrets.token_hex(4)}"
        try:
            with full_disk_reported(), source.open("rb") as read, temporary.open("xb") as write:
                shutil.copyfileobj(read, write, _CHUNK)
                write.flush()
                os.fsync(write.fileno())
            temporary.rename(target)
        finally:
            temporary.unlink(missing_ok=True)

    def _verify(self, file: BinaryIO, sha256: str, size: int) -> None:
        state = _state(file)
        if self._verified.get(sha256) == state:
            return
        if state[-1] != size:
            raise damaged(sha256)
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        file.seek(0)
        if digest.hexdigest() != sha256:
            raise damaged(sha256)
        self._verified[sha256] = state


def _state(file: BinaryIO | FileIO) -> tuple[int, int, int]:
    """Return what changes when the file does: its number, when it was written, its size."""
    status = os.fstat(file.fileno())
    return status.st_ino, status.st_mtime_ns, status.st_size
