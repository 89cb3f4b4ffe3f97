"""A streamed answer: server-sent events, or JSON lines where the caller asks for them, in chunks as they come."""

from __future__ import annotations

import re

from ads.gateway.request import RequestHead

__all__ = ["StreamedAnswer"]

_LINES = (b"application/x-ndjson", b"application/jsonl", b"application/json-lines")
_ENDS = re.compile(rb"\r\n|\r|\n")


class StreamedAnswer:
    """The bytes of one streamed answer, piece by piece. ``begun`` says that the caller has its head."""

    def __init__(self, head: RequestHead, request_id: bytes, trace: bytes = b"") -> None:
        accepted = head.fields.get(b"accept", b"").lower()
        self.lines = any(kind in accepted for kind in _LINES)
        """Whether every piece is a JSON value on a line of its own."""
        self.close = not head.keep_alive
        self.begun = False
        self.size = 0
        self._chunked = head.minor == 1
        self._request_id = request_id
        self._trace = trace

    def piece(self, data: bytes) -> bytes:
        """Return what to send for one piece of the answer."""
        if self.lines:
            return self._sent(data + b"\n")
        return self._sent(b"".join(b"data: %s\n" % line for line in _ENDS.split(data)) + b"\n")

    def end(self, status: int, body: bytes) -> bytes:
        """Return what to send at the end; another status than 200 is told in a last piece."""
        last = b""
        if status != 200:
            last = self._sent(body + b"\n" if self.lines else b"event: error\ndata: %s\n\n" % body)
        elif not self.begun:
            last = self._head()
        return last + (b"0\r\n\r\n" if self._chunked else b"")

    def _head(self) -> bytes:
        self.begun = True
        kind = b"application/x-ndjson" if self.lines else b"text/event-stream"
        lines = [b"HTTP/1.1 200 OK", b"content-type: " + kind, b"cache-control: no-store"]
        lines.append(b"opc-request-id: " + self._request_id)
        if self._trace:
            lines.append(b"traceparent: " + self._trace)
        if self._chunked:
            lines.append(b"transfer-encoding: chunked")
        if self.close or not self._chunked:
            lines.append(b"connection: close")
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _sent(self, data: bytes) -> bytes:
        head = b"" if self.begun else self._head()
        self.size += len(data)
        return head + (b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data)
