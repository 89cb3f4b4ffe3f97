"""Streams without their compression: gzip, bz2, xz and zlib, known by their first bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from typing import IO, Any, cast

__all__ = ["peek", "unpacked"]

_CHUNK = 1024 * 1024


def peek(stream: IO[bytes]) -> tuple[bytes, IO[bytes]]:
    """Return the first bytes, at most eight, and a stream that still has them and offers ``peek`` itself."""
    buffered = (
        stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(cast("io.RawIOBase", stream), _CHUNK)
    )
    return buffered.peek(8)[:8], buffered


def unpacked(head: bytes, stream: IO[bytes]) -> IO[bytes] | None:
    """Return the stream without its compression, itself when it has none; None for LZ4, which nothing here reads."""
    if head.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=stream))
    if head.startswith(b"BZh"):
        return cast("IO[bytes]", bz2.BZ2File(stream))
    if head.startswith((b"\xfd7zXZ\x00", b"]\x00\x00")):
        return cast("IO[bytes]", lzma.LZMAFile(stream))
    if len(head) > 1 and head[0] == 0x78 and (head[0] * 256 + head[1]) % 31 == 0:
        return cast("IO[bytes]", io.BufferedReader(_Inflated(stream), _CHUNK))
    if head.startswith(b"\x04\x22M\x18"):
        return None
    return stream


class _Inflated(io.RawIOBase):
    """The content of a zlib stream."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._inflater = zlib.decompressobj()
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._inflater.eof:
            self._rest = self._inflater.unconsumed_tail or self._rest or self._stream.read(64 * 1024)
            data = self._inflater.decompress(self._rest, len(buffer))
            self._rest = b""
            if data:
                buffer[: len(data)] = data
                return len(data)
            if not self._inflater.unconsumed_tail and not self._stream.peek(1):  # type: ignore[attr-defined]
                break
        return 0
