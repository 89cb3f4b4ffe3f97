"""Bytes of any size over HTTP, in constant memory: taken in as they come, sent whole or as one range."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from ads.api.lending import Sink, lent_body, offer_of
from ads.errors import InputError, NotAuthenticated, ServiceError
from ads.handover import LEAST_SIZE
from ads.registry.blobs import BlobStore, Upload

__all__ = ["Piece", "announced_length", "base64_md5", "blob_piece", "check_digests", "receive", "send"]

_CHUNK = 1024 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_SHA256 = re.compile(r"(?:^|[ ,])sha-256=:([A-Za-z0-9+/=]*):", re.ASCII)


@dataclass(frozen=True)
class Piece:
    """Bytes that are a part of what is sent: how to read a range of them, and how many they are."""

    read: Callable[[int, int], Iterator[bytes]]
    size: int


def blob_piece(blobs: BlobStore, sha256: str, size: int) -> Piece:
    """Return a blob to be sent. Raises BlobDamaged, ServiceUnavailable when it can't be read."""
    blobs.expect(sha256, size)
    return Piece(lambda start, end: blobs.chunks(sha256, size, start, end), size)


def announced_length(request: Request) -> int | None:
    """Return how many bytes the caller says it sends, None when it doesn't."""
    length = request.headers.get("content-length")
    return None if length is None else int(length)


async def receive(request: Request, upload: Sink) -> None:
    """Write the body as it comes, in pieces that are worth a thread's while. Raises what the sink raises."""
    lent = lent_body(request.scope)
    if lent is not None and await lent.copy_to(upload):
        return
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            await run_in_threadpool(upload.write, b"".join(pieces))
            pieces, size = [], 0
    await run_in_threadpool(upload.write, b"".join(pieces))


def check_digests(request: Request, upload: Upload) -> None:
    """Compare what arrived with the digests that the caller gave, signed or not.

    Raises NotAuthenticated for a signed SHA-256 that differs, InputError for a ``content-md5``, or a SHA-256 in
    ``content-digest`` (RFC 9530), that does.
    """
    stored = upload.stored()
    sha256 = base64.b64encode(bytes.fromhex(stored.sha256)).decode("ascii")
    signed: str | None = request.state.body_sha256
    if signed is not None and signed != sha256:
        raise NotAuthenticated("The credential of the request is missing or not valid.")
    md5 = request.headers.get("content-md5")
    if md5 is not None and md5 != base64_md5(stored.md5):
        raise InputError("The body that arrived doesn't have the MD5 that content-md5 says.", hint="Send it again.")
    declared = _SHA256.search(request.headers.get("content-digest", ""))
    if declared is not None and declared[1] != sha256:
        raise InputError("The body that arrived doesn't have the SHA-256 of content-digest.", hint="Send it again.")


def base64_md5(digest: str) -> str:
    """Return a digest in hexadecimal as ``content-md5`` writes it."""
    return base64.b64encode(bytes.fromhex(digest)).decode("ascii")


def send(request: Request, size: int, pieces: Callable[[], Sequence[Piece]], headers: Mapping[str, str]) -> Response:
    """Return the answer with the pieces one after the other, or with the range of them that the caller asks for.

    ``size`` is that of all pieces, which are looked at only when they are sent: to a HEAD the headers alone are.
    Raises ServiceError 416 for a range that isn't there.
    """
    span = None if request.method == "HEAD" else _requested_span(request.headers.get("range"), size)
    start, end = (0, size) if span is None else span
    named = {"accept-ranges": "bytes", **headers, "content-length": str(end - start)}
    if request.method == "HEAD":
        return Response(headers=named)
    if span is not None:
        named["content-range"] = f"bytes {start}-{end - 1}/{size}"
    return _Sent(_chunks(pieces(), start, end), end - start, 200 if span is None else 206, named)


class _Sent(StreamingResponse):
    """Sends the chunks, on the client's own connection where the gateway lends it for so many bytes."""

    def __init__(self, chunks: Iterator[bytes], length: int, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(_stream(chunks), status_code=status, headers=headers, media_type=None)
        self._chunks = chunks
        self._length = length

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send the answer."""
        offer = offer_of(scope)
        if offer is not None and self._length >= LEAST_SIZE and offer.free:
            await offer.send(self.status_code, self.raw_headers, self._length, self._chunks, send)
        else:
            await super().__call__(scope, receive, send)


async def _stream(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (data := await run_in_threadpool(next, chunks, b"")) != b"":
        yield data


def _chunks(pieces: Sequence[Piece], start: int, end: int) -> Iterator[bytes]:
    position = 0
    for piece in pieces:
        first, last = max(start - position, 0), min(end - position, piece.size)
        position += piece.size
        if first < last:
            yield from piece.read(first, last)


def _requested_span(value: str | None, size: int) -> tuple[int, int] | None:
    """Return the first byte and the one after the last that are asked for, None for everything.

    A header that isn't one plain range of bytes is ignored, as HTTP says. Raises ServiceError 416.
    """
    match = _RANGE.fullmatch(value or "")
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        start, end = max(size - int(match[2]), 0), size
    else:
        start, end = int(match[1]), min(int(match[2] or size) + (1 if match[2] else 0), size)
        if match[2] and int(match[2]) < start:
            return None
    if start >= end:
        raise ServiceError(f"There are only {size} bytes.", status=416, service_code="InvalidRange")
    return start, end
