"""Bytes that come in: counted, hashed and written to a temporary file, which is removed unless somebody keeps it."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from ads.artifact.stored_members import StoredMember, StoredMembers
from ads.errors import PayloadTooLarge, ServiceError
from ads.registry.digests import Digests
from ads.registry.lanes import Followed, Lane

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Incoming", "StoredBlob", "Upload", "disk_full", "full_disk_reported", "sync_folder"]


@dataclass(frozen=True)
class StoredBlob:
    """What was counted and hashed while the bytes came in."""

    sha256: str
    md5: str
    size: int


class Incoming(Protocol):
    """A complete file that may become a blob."""

    path: Path
    size: int

    @property
    def members(self) -> Mapping[int, StoredMember]:
        """What is known of an archive's large members already."""

    def stored(self) -> StoredBlob:
        """Return its digests."""

    def make_durable(self) -> None:
        """Return once its bytes are on the disk."""


class Upload:
    """Bytes that come in. Use it in a ``with`` block: what isn't kept by then is removed.

    With ``archive`` the large members are looked at meanwhile.
    """

    holds = max(Digests.holds, Lane.holds)

    def __init__(self, path: Path, max_bytes: int, *, archive: bool = False) -> None:
        self.path = path
        self.size = 0
        self._members = Lane(Followed(StoredMembers()), "members") if archive else None
        self._max_bytes = max_bytes
        self._digests = Digests()
        self._file: BinaryIO = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._digests.close()
        if self._members is not None:
            self._members.close()
        self._file.close()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes. Raises PayloadTooLarge above the limit, ServiceError 507 when the disk is full."""
        self.size += len(data)
        if self.size > self._max_bytes:
            raise PayloadTooLarge(f"The upload is larger than {self._max_bytes} bytes.")
        if self._members is not None:
            self._members.put(data)
        self._digests.update(data)
        rest = memoryview(data)
        with full_disk_reported():
            while rest:
                rest = rest[self._file.write(rest) :]

    @property
    def members(self) -> Mapping[int, StoredMember]:
        """The large members of the archive, once it is complete."""
        if self._members is None:
            return {}
        self._members.mark()
        return self._members.close().state.found

    def stored(self) -> StoredBlob:
        """Return what came in so far."""
        return StoredBlob(self._digests.sha256(), self._digests.md5(), self.size)

    def make_durable(self) -> None:
        """Return once the bytes are on the disk. A failure is final: whoever retries an fsync may be told a lie."""
        with full_disk_reported():
            os.fsync(self._file.fileno())


def sync_folder(folder: Path) -> None:
    """Return once the names in the folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def full_disk_reported() -> Iterator[None]:
    """Turn a full disk into the error that says so to the caller."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise disk_full() from error
        raise


def disk_full() -> ServiceError:
    """Return the error for a disk without room: the caller may try again later."""
    return ServiceError(
        "The service's disk has no room for this.", status=507, service_code="InsufficientStorage", retry_after=30.0
    )
