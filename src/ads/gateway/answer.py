"""Bytes of answers: status line, the few headers that every answer has, body. One write each."""

from __future__ import annotations

import json
import os
import re
from http import HTTPStatus
from itertools import count

__all__ = ["CONTINUE", "JSON_TYPE", "Refusal", "RequestIds", "encode_answer", "encode_prediction", "error_body"]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_STARTS = {
    int(
        status
    ): f"HTTP/1.1 {int(status)} {status.phrase}\r\ncontent-type: application/json\r\nopc-request-id: ".encode()
    for status in HTTPStatus
    if status >= HTTPStatus.OK
}
JSON_TYPE = b"application/json"
_GOOD = _STARTS[200]
_UNSAFE = re.compile(rb"[^A-Za-z0-9_.:/-]")
_UNAUTHORIZED = 401
_COME_AGAIN = (429, 503)
_LONGEST_CALLER_ID = 128


class Refusal(Exception):
    """A request that is answered with an error. ``retry_after`` is in seconds, 0 for none."""

    def __init__(self, status: int, code: str, message: str, *, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.body = error_body(code, message)
        self.retry_after = retry_after
        self.counted = False
        """Whether it is in the metrics of a deployment already."""
        self.principal = ""
        """Who is refused, where that is known."""


class RequestIds:
    """Names for requests: the caller's own, cleaned, ``/``, ours. Ours are unique across processes."""

    def __init__(self) -> None:
        self._prefix = os.urandom(10).hex().upper().encode()
        self._numbers = count(1)

    def next(self, callers: bytes | None) -> bytes:
        """Return the id for the next request, safe in a header and in JSON text."""
        own = b"%s%012X" % (self._prefix, next(self._numbers))
        if not callers:
            return own
        return _UNSAFE.sub(b"", callers[:_LONGEST_CALLER_ID]) + b"/" + own


def error_body(code: str, message: str) -> bytes:
    """Return the JSON text that every error answer has."""
    return json.dumps({"code": code, "message": message}).encode()


def encode_prediction(body: bytes, request_id: bytes, traceparent: bytes) -> bytes:
    """Return the whole answer to a prediction that went well, in JSON, on a connection that stays open."""
    return b"%b%b\r\ncontent-length: %d\r\ntraceparent: %b\r\n\r\n%b" % (
        _GOOD,
        request_id,
        len(body),
        traceparent,
        body,
    )


def encode_answer(
    status: int,
    body: bytes,
    request_id: bytes,
    *,
    close: bool = False,
    retry_after: int = 0,
    bodiless: bool = False,
    content_type: bytes = JSON_TYPE,
    more: bytes = b"",
) -> bytes:
    """Return a whole answer. ``bodiless`` leaves the body out but not its length, as HEAD wants it.

    ``more`` are further header lines, each ended by CR LF.
    """
    start = _STARTS[status]
    if content_type is not JSON_TYPE:
        start = start.replace(JSON_TYPE, content_type, 1)
    if status in _COME_AGAIN:
        retry_after = max(retry_after, 1)
    parts = [start, request_id, b"\r\ncontent-length: ", b"%d" % len(body)]
    if retry_after:
        parts.append(b"\r\nretry-after: %d" % retry_after)
    if close:
        parts.append(b"\r\nconnection: close")
    if status == _UNAUTHORIZED:
        parts.append(b"\r\nwww-authenticate: Bearer")
    parts.append(b"\r\n" + more + b"\r\n" if more else b"\r\n\r\n")
    if not bodiless:
        parts.append(body)
    return b"".join(parts)
