"""Replicas on other machines: the way to them over TCP, and what they tell of their model.

The replica asks a random question, and the gateway answers it with the key that the route has; the replica proves in
the same way that it has the key. Then the frames are those of a Unix socket. What the replica tells of its model is
kept where a replica of this machine would have put it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import cast

from ads.gateway.frames import DESCRIPTION, FrameError, FrameReader, encode_describe
from ads.home import write_private

__all__ = ["Handshake", "connect", "forget"]

_QUESTION = 32
_REPLICA = b"replica"
"""What keeps a replica's proofs apart from a gateway's answers."""
_LARGEST = 4 * 1024 * 1024
_CONNECT_SECONDS = 5.0
_FILE = "description.json"
_IDLE, _EVERY, _TIMES = 10, 5, 3
_UNANSWERED = 60_000


async def connect(
    address: tuple[str, int], key: str, folder: Path | None, make: Callable[[], asyncio.Protocol]
) -> None:
    """Have ``make()`` speak to the replica at ``address``, once that knows us. Raises OSError.

    A replica that is at work for somebody else answers after that. ``folder`` gets what it tells of its model.
    """
    loop = asyncio.get_running_loop()
    greeting = _Greeting(bytes.fromhex(key))
    await asyncio.wait_for(loop.create_connection(lambda: greeting, *address), _CONNECT_SECONDS)
    transport = greeting.transport
    assert transport is not None
    try:
        description = await greeting.described
        if folder is not None:
            _keep(folder, description)
    except BaseException:
        transport.abort()
        raise
    if transport.is_closing():
        raise ConnectionResetError("The replica closed the connection.")
    protocol = make()
    transport.set_protocol(protocol)
    protocol.connection_made(transport)


def forget(folder: Path) -> None:
    """Remove what a replica has told."""
    with contextlib.suppress(OSError):
        (folder / _FILE).unlink(missing_ok=True)
        folder.rmdir()


def _keep(folder: Path, description: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / _FILE, description)


class Handshake:
    """Answers a replica's question and has it answer ours: what is to be sent for what came. ``description`` is None
    until the replica has proved itself.
    """

    def __init__(self, key: bytes) -> None:
        self.description: bytes | None = None
        self._key = key
        self._question = b""
        self._own_question = os.urandom(_QUESTION)
        self._reader = FrameReader(_LARGEST)

    def feed(self, data: bytes) -> bytes:
        """Take what came, return what is to be sent. Raises ConnectionAbortedError for who isn't the replica."""
        sent = b""
        if len(self._question) < _QUESTION:
            missing = _QUESTION - len(self._question)
            self._question += data[:missing]
            data = data[missing:]
            if len(self._question) < _QUESTION:
                return b""
            answer = hmac.new(self._key, self._question, hashlib.sha256).digest()
            sent = answer + encode_describe(0, self._own_question)
        try:
            frames = self._reader.feed(data) if data else ()
        except FrameError as error:
            raise ConnectionAbortedError(str(error)) from error
        for kind, _, payload in frames:
            proof = hmac.new(self._key, _REPLICA + self._own_question, hashlib.sha256).digest()
            proven = hmac.compare_digest(payload[: len(proof)], proof)
            if kind != DESCRIPTION or not proven or self.description is not None:
                raise ConnectionAbortedError("It is not the replica that the route names.")
            self.description = payload[len(proof) :]
        return sent


class _Greeting(asyncio.Protocol):
    """Shakes hands, and then gives its place to another protocol."""

    def __init__(self, key: bytes) -> None:
        self.transport: asyncio.Transport | None = None
        self.described: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._handshake = Handshake(key)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        _keep_alive(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        assert self.transport is not None
        try:
            self.transport.write(self._handshake.feed(data))
        except ConnectionAbortedError as error:
            self._fail(error)
            return
        if self._handshake.description is not None and not self.described.done():
            self.described.set_result(self._handshake.description)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(ConnectionResetError(str(exc or "the replica closed the connection")))

    def _fail(self, error: OSError) -> None:
        if not self.described.done():
            self.described.set_exception(error)
            self.described.exception()  # whoever waited may be gone
        if self.transport is not None:
            self.transport.abort()


def _keep_alive(connection: socket.socket | None) -> None:
    """Send small frames at once, and notice a machine that is gone: within half a minute at rest, a minute at work."""
    if connection is None:
        return
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    named = {"KEEPIDLE": _IDLE, "KEEPINTVL": _EVERY, "KEEPCNT": _TIMES, "USER_TIMEOUT": _UNANSWERED}
    for name, value in named.items():
        if hasattr(socket, f"TCP_{name}"):  # not on every system
            options.append((socket.IPPROTO_TCP, getattr(socket, f"TCP_{name}"), value))
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as same:
        for level, option, value in options:
            same.setsockopt(level, option, value)
