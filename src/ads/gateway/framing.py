"""Where a body ends: counted by its length, or in chunks. Both give payload and what follows it."""

from __future__ import annotations

import re
from typing import Protocol

from ads.gateway.answer import Refusal
from ads.gateway.request import RequestHead

__all__ = ["Body", "ChunkedBody", "CountedBody", "body_of"]

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_LONGEST_SIZE_LINE = 256
_LONGEST_TRAILERS = 8192


class Body(Protocol):
    """Feed it what arrives; ``done`` says that the body is complete, ``rest`` is what came after it."""

    done: bool
    rest: bytes

    def feed(self, data: bytes) -> bytes:
        """Return the payload in ``data``. Raises Refusal for broken framing."""


class CountedBody:
    """A body of a known number of bytes."""

    def __init__(self, length: int) -> None:
        self._missing = length
        self.done = length == 0
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Return the payload in ``data``."""
        size = len(data)
        if size < self._missing:
            self._missing -= size
            return data
        payload, self.rest = data[: self._missing], data[self._missing :]
        self._missing = 0
        self.done = True
        return payload


class ChunkedBody:
    """A body in chunks. Extensions and trailers are bounded and dropped."""

    def __init__(self) -> None:
        self.done = False
        self.rest = b""
        self._pending = b""  # the beginning of a size line, a chunk's end or the trailers
        self._missing = 0  # payload bytes of the current chunk that have not arrived
        self._at_chunk_end = False
        self._in_trailers = False

    def feed(self, data: bytes) -> bytes:
        """Return the payload in ``data``. Raises Refusal (400) where the framing has more than one reading."""
        if self._pending:
            data = self._pending + data
            self._pending = b""
        payload: list[bytes] = []
        position = 0
        while not self.done:
            if self._missing:
                piece = data[position : position + self._missing]
                if not piece:
                    break
                payload.append(piece)
                position += len(piece)
                self._missing -= len(piece)
                self._at_chunk_end = not self._missing
                continue
            following = self._step(data, position)
            if following < 0:
                self._pending = data[position:]
                break
            position = following
        if self.done:
            self.rest = data[position:]
        return payload[0] if len(payload) == 1 else b"".join(payload)

    def _step(self, data: bytes, position: int) -> int:
        """Read a chunk's end, a size line or a trailer; return where it ends, -1 when it is not complete."""
        if self._at_chunk_end:
            end = data[position : position + 2]
            if end == b"\r\n":
                self._at_chunk_end = False
                return position + 2
            if b"\r\n".startswith(end):
                return -1
            raise Refusal(400, "InvalidParameter", "A chunk is longer than its size says.")
        if self._in_trailers:
            return self._trailers(data, position)
        end_of_line = data.find(b"\r\n", position, position + _LONGEST_SIZE_LINE)
        if end_of_line < 0:
            if len(data) - position >= _LONGEST_SIZE_LINE or b"\n" in data[position:]:
                raise Refusal(400, "InvalidParameter", "A chunk's size line is too long or not ended by CR LF.")
            return -1
        match = _SIZE_LINE.fullmatch(data, position, end_of_line)
        if match is None:
            raise Refusal(400, "InvalidParameter", "A chunk's size is not a hexadecimal number.")
        self._missing = int(match.group(1), 16)
        self._in_trailers = not self._missing
        return end_of_line + 2

    def _trailers(self, data: bytes, position: int) -> int:
        if data.startswith(b"\r\n", position):
            self.done = True
            return position + 2
        end = data.find(b"\r\n\r\n", position)
        if max(end, len(data) if end < 0 else 0) - position > _LONGEST_TRAILERS:
            raise Refusal(431, "HeadersTooLarge", f"The trailers are larger than {_LONGEST_TRAILERS} bytes.")
        if end < 0:
            if data.count(b"\n", position) != data.count(b"\r\n", position):
                raise Refusal(400, "InvalidParameter", "A trailer ends with a bare line feed.")
            return -1
        self.done = True
        return end + 4


def body_of(head: RequestHead) -> Body:
    """Return the reader for the body that follows a head."""
    return ChunkedBody() if head.chunked else CountedBody(head.content_length or 0)
