"""SHA-256 and MD5 of a stream, each on a processor of its own once there is enough to hash."""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["Digests"]

_SMALL = 4 * 1024 * 1024
_MOST_WAITING = 4


class Digests:
    """Both digests of what :meth:`update` was given. :meth:`close` ends the thread that a long stream gets."""

    holds = _MOST_WAITING + 1

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._md5: _Hash = hashlib.md5(usedforsecurity=False)
        self._size = 0
        self._thread: ThreadPoolExecutor | None = None
        self._waiting: deque[Future[None]] = deque()

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes, which must not change until :attr:`holds` more were given."""
        self._size += len(data)
        if self._thread is None and self._size > _SMALL:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="md5")
        if self._thread is None:
            self._md5.update(data)
        else:
            self._waiting.append(self._thread.submit(self._md5.update, data))
            while len(self._waiting) > _MOST_WAITING:
                self._waiting.popleft().result()
        self._sha256.update(data)

    def sha256(self) -> str:
        """Return the SHA-256 so far, in hexadecimal."""
        return self._sha256.hexdigest()

    def md5(self) -> str:
        """Return the MD5 so far, in hexadecimal."""
        while self._waiting:
            self._waiting.popleft().result()
        return self._md5.hexdigest()

    def close(self) -> None:
        """End the thread."""
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)
            self._thread = None
