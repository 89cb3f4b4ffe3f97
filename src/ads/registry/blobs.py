"""Bytes under their SHA-256: written to a temporary name, made durable, and only then given their name.

A blob is visible through a row of the catalog alone, so nobody sees half of one. The steps, each of which may be the
last before a crash: write, hash, check, fsync, rename (or: bring to the object store), fsync of the folder; then the
caller commits the row.
"""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ads.errors import PayloadTooLarge
from ads.home import Home
from ads.registry.blob_cache import BlobCache
from ads.registry.blob_folder import BlobFolder
from ads.registry.blob_place import BlobDamaged, BlobEntry, BlobPlace, is_digest
from ads.registry.blob_remote import BlobRemote
from ads.registry.incoming import Incoming, StoredBlob, Upload, disk_full, full_disk_reported
from ads.registry.naming import Naming
from ads.registry.partial import PartialUploads
from ads.registry.store_lock import StoreLock

__all__ = ["BlobDamaged", "BlobEntry", "BlobStore", "StoredBlob", "Upload"]

logger = logging.getLogger(__name__)

_SWEEP_AFTER = 24 * 3600.0
_FORGOTTEN_AFTER = 7 * 24 * 3600.0
_LARGE = 8 * 1024**2
_CACHE_BYTES = 10 * 1024**3


class BlobStore:
    """The blobs and the uploads of one data directory. Only the control plane makes one.

    ``address`` is that of an object store (or ``file://``); without one the blobs lie in the data directory. Blobs
    that lie there from before stay readable when an address is given. ``others`` keeps apart from other processes that
    work on the same store.
    """

    def __init__(
        self,
        home: Home,
        max_bytes: int,
        address: str = "",
        cache_bytes: int = _CACHE_BYTES,
        others: StoreLock | None = None,
    ) -> None:
        self._local = BlobFolder(home.blobs)
        self._place: BlobPlace = self._local
        if address.startswith("file://"):
            folder = Path(address.removeprefix("file://"))
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._place = BlobFolder(folder)
        elif address:
            self._place = BlobRemote(address, BlobCache(home.root / "blob-cache", cache_bytes))
        self._uploads = home.uploads
        self._max_bytes = max_bytes
        self._others = others
        self._naming = Naming(others)
        self.partial = PartialUploads(home.uploads / "parts")
        """Artifacts that come in parts, and may go on after a cut."""

    @property
    def max_bytes(self) -> int:
        """Bytes of the largest blob."""
        return self._max_bytes

    def begin(self, announced: int | None = None, *, archive: bool = False) -> Upload:
        """Return a new upload, perhaps of an archive that will be checked.

        Raises PayloadTooLarge or ServiceError 507 when ``announced`` bytes can't fit.
        """
        self.expect_room(announced)
        with full_disk_reported():
            return Upload(self.temporary_path(), self._max_bytes, archive=archive and (announced or 0) >= _LARGE)

    def expect_room(self, announced: int | None) -> None:
        """Return when so many bytes may come and fit. Raises PayloadTooLarge, ServiceError 507."""
        if announced is not None and announced > self._max_bytes:
            raise PayloadTooLarge(f"The upload has {announced} bytes, more than the limit of {self._max_bytes}.")
        disk = os.statvfs(self._uploads)
        if announced is not None and announced > disk.f_bavail * disk.f_frsize:
            raise disk_full()

    def temporary_path(self) -> Path:
        """Return a new name on the disk of the uploads; what lies there is swept at the next start."""
        return self._uploads / f"{time.time_ns():x}-{secrets.token_hex(8)}"

    @contextmanager
    def keep(self, upload: Incoming) -> Iterator[StoredBlob]:
        """Give the upload its name; the block commits the row that makes it visible. No sweep happens meanwhile."""
        stored = upload.stored()
        upload.make_durable()
        self._place.prepare(upload.path, stored)
        with self._naming.together():
            self._place.settle(upload.path, stored)
            yield stored

    def open_verified(self, sha256: str, size: int) -> BinaryIO:
        """Return the blob's bytes for reading, checked against their digest. Raises BlobDamaged, ServiceUnavailable.

        In a folder the digest is computed at the first use and again whenever the file changed.
        """
        return self._holder(sha256).open(sha256, size)

    def verified_path(self, sha256: str, size: int) -> Path:
        """Return a local file with the blob, checked as in :meth:`open_verified`. Don't change it; open it at once."""
        return self._holder(sha256).path(sha256, size)

    def expect(self, sha256: str, size: int) -> None:
        """Return when the blob can be read. Raises BlobDamaged, ServiceUnavailable.

        A small blob's bytes in a folder are compared with the digest now, others while :meth:`chunks` gives them.
        """
        self._holder(sha256).expect(sha256, size)

    def chunks(self, sha256: str, size: int, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the blob, or a part of it. Raises BlobDamaged before the last of wrong bytes is given out."""
        return self._holder(sha256).chunks(sha256, size, start, size if end is None else end)

    def entries(self) -> Iterator[BlobEntry]:
        """Yield every blob with its size and age, in no order. Raises ServiceUnavailable."""
        for place in self._places():
            yield from place.entries()

    def sweep_uploads(self) -> int:
        """Remove what uploads left that never ended; return how many. Call it before any upload begins.

        Uploads in parts may still go on: they are removed a week after their last part.
        """
        left = [path for path in self._uploads.iterdir() if not path.is_dir()]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left) + self.partial.sweep(_FORGOTTEN_AFTER)

    def sweep_blobs(self, used: Collection[str], older_than: float = _SWEEP_AFTER) -> int:
        """Remove blobs that aren't among the used ones and are older than any upload takes; return how many.

        An upload that brings the same bytes again meanwhile makes them young, so they stay.
        """
        removed = 0
        for place in self._places():
            for entry in list(place.entries()):
                if entry.sha256 not in used and entry.age >= older_than:
                    with self._naming.alone():
                        removed += place.remove(entry.sha256, older_than) >= 0
        return removed

    def discard(self, sha256: str, older_than: float, is_used: Callable[[str], bool]) -> int:
        """Remove one blob unless it is used or younger than that; return how many bytes went, -1 for none.

        ``is_used`` is asked while no upload can become visible, so it may look into the catalog.
        """
        with self._naming.alone():
            if is_used(sha256):
                return -1
            return max(place.remove(sha256, older_than) for place in self._places())

    def close(self) -> None:
        """Let go of what is shared with other processes."""
        if self._others is not None:
            self._others.close()

    def _places(self) -> list[BlobPlace]:
        return [self._place] if self._place is self._local else [self._place, self._local]

    def _holder(self, sha256: str) -> BlobPlace:
        if not is_digest(sha256):
            raise BlobDamaged(f"{sha256[:80]!r} is not the name of a blob.")
        if self._place is not self._local and self._local.has(sha256):
            return self._local
        return self._place
