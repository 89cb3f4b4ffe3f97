"""Large bodies on connections that the gateway lends: read and sent here in large pieces, without a copy in between.

ASGI middleware outside everything else. A handler that knows nothing of it gets its body as ever;
:func:`lent_body` and :func:`offer_of` are for those that move many megabytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from typing import Any, Protocol

import anyio.to_thread
from starlette.requests import ClientDisconnect

from ads.errors import ServiceError, ServiceUnavailable
from ads.handover import LENT, OFFERED, TAKEN, WANTED, LentConnections

__all__ = ["Lending", "LentBody", "Offer", "Sink", "lent_body", "offer_of"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]

_BODY = "openads.lent"
_OFFER = "openads.offer"
_PIECE = 512 * 1024
_AT_ONCE = 32
_LOOK_UP = 1.0
_STALLED_AFTER = 60.0
_STALLED_BYTES = 16 * 1024
_LENT_WITHIN = 10.0


class Sink(Protocol):
    """What takes bytes as they come."""

    @property
    def holds(self) -> int:
        """How many pieces must come after one before it may change."""

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""


class Lending:
    """See the module."""

    def __init__(self, app: App, lent: LentConnections) -> None:
        self._app = app
        self._lent = lent
        self._threads = anyio.CapacityLimiter(_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; other kinds of scope pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = {name: value for name, value in scope["headers"] if name in {LENT, OFFERED}}
        if not given:
            await self._app(scope, receive, send)
            return
        scope["headers"] = [pair for pair in scope["headers"] if pair[0] not in given]
        if LENT in given:
            await self._with_body(scope, receive, send, given[LENT])
            return
        scope[_OFFER] = Offer(self._lent, given[OFFERED], self._threads)
        await self._app(scope, receive, send)

    async def _with_body(self, scope: Scope, receive: Receive, send: Send, named: bytes) -> None:
        key, _, length = named.partition(b" ")
        connection = self._lent.take(key)
        early = await _whole(receive)
        if connection is None or not length.isdigit():
            await _unavailable(send)
            return
        total = len(early) + int(length)
        headers = [pair for pair in scope["headers"] if pair[0] != b"content-length"]
        scope["headers"] = [*headers, (b"content-length", b"%d" % total)]
        scope[_BODY] = body = LentBody(self._lent, connection, early, int(length), self._threads)

        async def mark(message: Message) -> None:
            if message["type"] == "http.response.start" and body.left == 0:
                message["headers"] = [*message.get("headers", ()), (TAKEN, b"1")]
            await send(message)

        try:
            await self._app(scope, lambda: body.receive(receive), mark)
        finally:
            body.close()


class LentBody:
    """The body of a request, of which ``early`` came with it and the rest comes on the lent connection."""

    def __init__(
        self,
        lent: LentConnections,
        connection: socket.socket,
        early: bytes,
        left: int,
        threads: anyio.CapacityLimiter,
    ) -> None:
        self._connection = connection
        self._connection.settimeout(_LOOK_UP)  # its flags are shared with the gateway: it never blocks by itself
        self._early: bytes | None = early
        self._threads = threads
        self._pace = _Pace(lent)
        self.left = left

    async def copy_to(self, sink: Sink) -> bool:
        """Write the body to ``sink``; return False, with nothing done, when too many are doing that already.

        Raises ServiceError, 408 for one that comes too slowly, 400 for half of one.
        """
        if self._threads.available_tokens < 1:
            return False
        await anyio.to_thread.run_sync(self._copy, sink, limiter=self._threads)
        return True

    async def receive(self, after: Receive) -> Message:
        """Return the next piece as ASGI wants it."""
        if self._early is None and not self.left:
            return await after()
        data = self._take_early()
        if not data:
            data = await anyio.to_thread.run_sync(self._piece)
        return {"type": "http.request", "body": data, "more_body": self.left > 0}

    def close(self) -> None:
        """Let go of the connection; the gateway's own stays open."""
        self._connection.close()

    def _copy(self, sink: Sink) -> None:
        early = self._take_early()
        if early:
            sink.write(early)
        buffers = [bytearray(_PIECE) for _ in range(sink.holds + 2)]
        number = 0
        while self.left:
            view = memoryview(buffers[number % len(buffers)])[: self.left]
            filled = 0
            while filled < len(view):
                filled += self._next(view[filled:])
            sink.write(view)
            number += 1

    def _take_early(self) -> bytes:
        early, self._early = self._early, None
        return early or b""

    def _piece(self) -> bytes:
        view = memoryview(bytearray(min(self.left, _PIECE)))
        return bytes(view[: self._next(view)])

    def _next(self, view: memoryview) -> int:
        """Read at least one byte; return how many."""
        while True:
            self._pace.check()
            try:
                count = self._connection.recv_into(view)
            except TimeoutError:
                continue
            except OSError:
                count = 0
            if not count:
                raise ServiceError(
                    "The request ended before its body did.", status=400, service_code="InvalidParameter"
                )
            self._pace.moved(count)
            self.left -= count
            return count


class Offer:
    """A connection that the gateway would lend for the answer's body."""

    def __init__(self, lent: LentConnections, key: bytes, threads: anyio.CapacityLimiter) -> None:
        self._lent = lent
        self._key = key
        self._threads = threads

    @property
    def free(self) -> bool:
        """Whether not too many bodies are being sent this way."""
        return self._threads.available_tokens >= 1

    async def send(self, status: int, headers: Headers, length: int, pieces: Iterator[bytes], send: Send) -> None:
        """Send the whole answer. The connection breaks where ``pieces`` raises: nobody takes half for the whole."""
        named = [pair for pair in headers if pair[0].lower() != b"content-length"]
        named += [(b"content-length", b"1"), (WANTED, b"%d" % length)]
        await send({"type": "http.response.start", "status": status, "headers": named})
        connection = await self._wait()
        with contextlib.closing(connection):
            await anyio.to_thread.run_sync(_send_all, connection, pieces, self._lent, limiter=self._threads)
        await send({"type": "http.response.body", "body": b"\n"})

    async def _wait(self) -> socket.socket:
        deadline = time.monotonic() + _LENT_WITHIN
        pause = 0.0
        while (connection := self._lent.take(self._key)) is None:
            if time.monotonic() > deadline:
                raise ClientDisconnect
            await asyncio.sleep(pause)
            pause = min(pause + 0.001, 0.02)
        return connection


class _Pace:
    """Ends what doesn't move, for a thread waits for it; and everything when the process leaves."""

    def __init__(self, lent: LentConnections) -> None:
        self._lent = lent
        self._moved = 0
        self._window_end = time.monotonic() + _STALLED_AFTER

    def moved(self, count: int) -> None:
        """Count bytes."""
        self._moved += count

    def check(self) -> None:
        """Raise ServiceError 408 when too few bytes moved, ServiceUnavailable when the process is about to end."""
        now = time.monotonic()
        if now > self._window_end:
            if self._moved < _STALLED_BYTES:
                raise ServiceError("The request took too long to arrive.", status=408, service_code="RequestTimeout")
            self._moved, self._window_end = 0, now + _STALLED_AFTER
        if self._lent.ending_by is not None and now > self._lent.ending_by:
            raise ServiceUnavailable("The service is about to end.", retry_after=1.0)


def lent_body(scope: Scope) -> LentBody | None:
    """Return the body of the request where it comes on a lent connection."""
    body: LentBody | None = scope.get(_BODY)
    return body


def offer_of(scope: Scope) -> Offer | None:
    """Return the way to send the answer's body on the client's own connection, where there is one."""
    offer: Offer | None = scope.get(_OFFER)
    return offer


def _send_all(connection: socket.socket, pieces: Iterator[bytes], lent: LentConnections) -> None:
    connection.settimeout(_LOOK_UP)
    pace = _Pace(lent)
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            pace.check()
            try:
                count = connection.send(rest)
            except TimeoutError:
                continue
            except OSError as error:
                raise ClientDisconnect from error
            pace.moved(count)
            rest = rest[count:]


async def _whole(receive: Receive) -> bytes:
    """Return the bytes that came with the request; the gateway holds few."""
    pieces: list[bytes] = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


async def _unavailable(send: Send) -> None:
    """Answer a request whose connection didn't come: this process began after it was lent."""
    headers = [(b"content-length", b"0"), (b"retry-after", b"1")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
