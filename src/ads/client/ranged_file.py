"""A model's artifact in the catalog as a file that is read where it is needed, without a download."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ads.client.service import Service

__all__ = ["RangedArtifact"]

_BLOCK = 256 * 1024


class RangedArtifact(io.RawIOBase):
    """Bytes of an artifact, asked for by range; one block is kept, as readers of archives jump little.

    Raises :class:`~ads.errors.NotFound` when the model has no artifact.
    """

    def __init__(self, service: Service, model_id: str) -> None:
        super().__init__()
        self._service = service
        self._path = f"/20190101/models/{model_id}/artifact/content"
        self._size = int(service.request("HEAD", self._path).headers["content-length"])
        self._place = 0
        self._block_at = 0
        self._block = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return where the next read begins."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to ``offset`` from the start, the current place or the end, and return the new place."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(start + offset, 0)
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # the two kinds that are used
        """Fill ``buffer`` as far as one block reaches, and return the number of bytes; 0 at the end."""
        if self._place >= self._size:
            return 0
        if not self._block_at <= self._place < self._block_at + len(self._block):
            self._fetch(max(_BLOCK, min(len(buffer), 8 * _BLOCK)))
        start = self._place - self._block_at
        piece = self._block[start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    def _fetch(self, length: int) -> None:
        start = min(self._place, max(self._size - length, 0))  # what lies at the end of an archive comes at once
        last = min(start + length, self._size) - 1
        headers = {"range": f"bytes={start}-{last}", "accept": "*/*", "accept-encoding": "identity"}
        self._block = self._service.request("GET", self._path, headers=headers).content
        self._block_at = start
