"""Bytes under their SHA-256: written to a temporary name, made durable, and only then given their name.

A blob is visible through a row of the catalog alone, so nobody sees half of one. The steps, each of which may be the
last before a crash: write, hash, check, fsync, rename, fsync of the folder; then the caller commits the row.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ads.errors import AdsError, PayloadTooLarge, ServiceError
from ads.home import Home

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["BlobDamaged", "BlobStore", "StoredBlob", "Upload"]

_CHUNK = 1024 * 1024
_SWEEP_AFTER = 24 * 3600.0


class BlobDamaged(AdsError):
    """Stored bytes are missing, or are no longer those that were stored."""

    code = "blob-damaged"


@dataclass(frozen=True)
class StoredBlob:
    """What was counted and hashed while the bytes came in."""

    sha256: str
    md5: str
    size: int


class Upload:
    """Bytes that come in. Use it in a ``with`` block: what isn't kept by then is removed."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.path = path
        self.size = 0
        self._max_bytes = max_bytes
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._file: BinaryIO = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._file.close()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    def write(self, data: bytes) -> None:
        """Take the next bytes. Raises PayloadTooLarge above the limit, ServiceError 507 when the disk is full."""
        self.size += len(data)
        if self.size > self._max_bytes:
            raise PayloadTooLarge(f"The upload is larger than {self._max_bytes} bytes.")
        self._sha256.update(data)
        self._md5.update(data)
        rest = memoryview(data)
        with _full_disk_reported():
            while rest:
                rest = rest[self._file.write(rest) :]

    def stored(self) -> StoredBlob:
        """Return what came in so far."""
        return StoredBlob(self._sha256.hexdigest(), self._md5.hexdigest(), self.size)

    def make_durable(self) -> None:
        """Return once the bytes are on the disk. A failure is final: whoever retries an fsync may be told a lie."""
        with _full_disk_reported():
            os.fsync(self._file.fileno())


class BlobStore:
    """The blobs and the uploads of one data directory. Only the control plane makes one."""

    def __init__(self, home: Home, max_bytes: int) -> None:
        self._folder = home.blobs
        self._uploads = home.uploads
        self._max_bytes = max_bytes
        self._naming = threading.Lock()
        self._verified: dict[str, tuple[int, int, int]] = {}

    def begin(self, announced: int | None = None) -> Upload:
        """Return a new upload. Raises PayloadTooLarge or ServiceError 507 when ``announced`` bytes can't fit."""
        if announced is not None and announced > self._max_bytes:
            raise PayloadTooLarge(f"The upload has {announced} bytes, more than the limit of {self._max_bytes}.")
        disk = os.statvfs(self._uploads)
        if announced is not None and announced > disk.f_bavail * disk.f_frsize:
            raise _disk_full()
        with _full_disk_reported():
            return Upload(self._uploads / f"{time.time_ns():x}-{secrets.token_hex(8)}", self._max_bytes)

    @contextmanager
    def keep(self, upload: Upload) -> Iterator[StoredBlob]:
        """Give the upload its name; the block commits the row that makes it visible. No sweep happens meanwhile."""
        stored = upload.stored()
        upload.make_durable()
        with self._naming:
            target = self._path(stored.sha256)
            upload.path.rename(target)
            _fsync_folder(self._folder)
            self._verified.pop(stored.sha256, None)
            yield stored

    def open_verified(self, sha256: str, size: int) -> BinaryIO:
        """Return the blob's bytes for reading, checked against their digest. Raises BlobDamaged.

        The digest is computed at the first use and again whenever the file changed.
        """
        try:
            file = self._path(sha256).open("rb")
        except FileNotFoundError:
            raise BlobDamaged(f"The stored bytes {sha256[:12]}… are missing.", hint="Restore them.") from None
        try:
            self._verify(file, sha256, size)
        except BaseException:
            file.close()
            raise
        return file

    def verified_path(self, sha256: str, size: int) -> Path:
        """Return where the blob lies, checked as in :meth:`open_verified`. Don't change it."""
        self.open_verified(sha256, size).close()
        return self._path(sha256)

    def sweep_uploads(self) -> int:
        """Remove what uploads left that never ended; return how many. Call it before any upload begins."""
        left = list(self._uploads.iterdir())
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def sweep_blobs(self, used: Collection[str], older_than: float = _SWEEP_AFTER) -> int:
        """Remove blobs that aren't among the used ones and are older than any upload takes; return how many.

        An upload that brings the same bytes again meanwhile makes them young, so they stay.
        """
        removed = 0
        with os.scandir(self._folder) as entries:
            candidates = [entry.name for entry in entries if entry.name not in used]
        for name in candidates:
            path = self._folder / name
            with self._naming, contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime >= older_than:
                    path.unlink()
                    removed += 1
        return removed

    def _path(self, sha256: str) -> Path:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise BlobDamaged(f"{sha256[:80]!r} is not the name of a blob.")
        return self._folder / sha256

    def _verify(self, file: BinaryIO, sha256: str, size: int) -> None:
        status = os.fstat(file.fileno())
        state = (status.st_ino, status.st_mtime_ns, status.st_size)
        if self._verified.get(sha256) == state:
            return
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        file.seek(0)
        if status.st_size != size or digest.hexdigest() != sha256:
            raise BlobDamaged(f"The stored bytes {sha256[:12]}… are damaged.", hint="Restore them from a backup.")
        self._verified[sha256] = state


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _full_disk_reported() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise _disk_full() from error
        raise


def _disk_full() -> ServiceError:
    return ServiceError(
        "The service's disk has no room for this.", status=507, service_code="InsufficientStorage", retry_after=30.0
    )
