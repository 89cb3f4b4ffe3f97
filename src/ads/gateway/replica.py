"""The connection to one replica: one frame in flight, found again by itself after the replica was replaced.

A connection counts once the replica has answered a PING: the socket of a process that was just killed may still accept.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol, cast

from ads.gateway.answer import error_body
from ads.gateway.frames import (
    ANSWER,
    CHUNK,
    PING,
    PONG,
    FrameError,
    FrameReader,
    Input,
    Output,
    decode_answer_and_rows,
    decode_pong,
    encode_empty,
    encode_predict,
)
from ads.gateway.remote import connect
from ads.gateway.tables import ReplicaRoute
from ads.replica_address import parse_tcp

__all__ = ["Replica", "ReplicaOwner"]

logger = logging.getLogger(__name__)

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5
_STATUSES = frozenset({200, 400, 406, 409, 413, 415, 422, 429, 500, 503})
_UNKNOWN_STATUS = Output(500, error_body("InternalServerError", "The replica answered with an unknown status."))


class ReplicaOwner(Protocol):
    """Whoever sends frames hears of their outcome. ``frame`` is what was given to :meth:`Replica.send`."""

    def answered(self, replica: Replica, outputs: Sequence[Output]) -> None:
        """The frame in flight was answered; the replica is free."""

    def streamed(self, replica: Replica, piece: bytes) -> None:
        """The replica sent a piece of the answer to the one item in flight."""

    def lost(self, replica: Replica) -> None:
        """The connection ended, with the frame in flight unanswered if there was one."""

    def connected(self, replica: Replica) -> None:
        """The replica is ready and free."""


class Replica(asyncio.Protocol):
    """One replica as the gateway sees it. ``ready`` means that it answers, ``busy`` that a frame is in flight."""

    def __init__(self, route: ReplicaRoute, owner: ReplicaOwner, largest_answer: int) -> None:
        self.id = route.id
        self.socket = route.socket
        self.key = route.key
        self.ready = False
        self.busy = False
        self.batch = 1
        """How many items it takes in one frame: more than one where merging gives the same answers."""
        self.rows = 0
        """How many rows the last answer was of."""
        self.held = False
        """Whether it has to wait for the caller of a streamed answer."""
        self.used = 0.0
        """When the last frame was sent."""
        self._owner = owner
        self._largest = largest_answer
        self._remote = parse_tcp(route.socket)
        self._folder = route.folder
        self._frame_id = 0
        self._expected = 0
        self._reader = FrameReader(largest_answer)
        self._transport: asyncio.Transport | None = None
        self._retired = False
        self._held = False
        self._connecting: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect, and stay connected until :meth:`retire`."""
        if not self._retired and self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())

    def send(self, inputs: Sequence[Input], now: float) -> None:
        """Send one frame; the owner hears of its outcome."""
        assert self._transport is not None
        self._frame_id += 1
        self._expected = len(inputs)
        self.busy = True
        self.used = now
        self._transport.write(encode_predict(self._frame_id, inputs))

    def hold(self, full: bool) -> None:
        """Take nothing more from it, or go on: the caller of a streamed answer is slower."""
        self.held = full
        transport = self._transport
        if transport is not None and not transport.is_closing():
            (transport.pause_reading if full else transport.resume_reading)()

    def cut(self) -> None:
        """End the connection with the frame in flight, and connect again: nobody wants the rest of the answer."""
        if self._transport is not None:
            self._transport.abort()

    def drop(self) -> None:
        """End this connection at once and don't connect again until :meth:`release`: the process is to be killed."""
        self._held = True
        if self._transport is not None:
            self._transport.abort()

    def release(self) -> None:
        """Connect again after :meth:`drop`."""
        self._held = False
        if not self.ready:
            self.start()

    def retire(self) -> None:
        """Send nothing more; close as soon as the frame in flight is answered."""
        self._retired = True
        if self._connecting is not None:
            self._connecting.cancel()
        if self._transport is not None and not self.busy:
            self._transport.close()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE
        try:
            while not self._retired:
                try:
                    if self._remote is None:
                        await loop.create_unix_connection(lambda: self, self.socket)
                    else:
                        await connect(self._remote, self.key, self._folder, lambda: self)
                except (OSError, asyncio.TimeoutError):  # noqa: PERF203 - it sleeps anyway
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
                else:
                    return
        finally:
            self._connecting = None
            if self._transport is None and not self._held:
                self.start()  # it was lost as soon as it was made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask whether anybody is there."""
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        self._reader = FrameReader(self._largest)
        if self._retired:
            transport.close()
            return
        self._frame_id += 1
        transport.write(encode_empty(PING, self._frame_id))

    def data_received(self, data: bytes) -> None:
        """Hand complete answers to the owner; end the connection when something else comes."""
        try:
            for kind, frame_id, payload in self._reader.feed(data):
                if kind == PONG and not self.ready and frame_id == self._frame_id:
                    self.batch = decode_pong(payload)
                    self.ready = True
                    self._owner.connected(self)
                    continue
                if kind == CHUNK and self.busy and frame_id == self._frame_id and self._expected == 1:
                    self._owner.streamed(self, payload)
                    continue
                if kind != ANSWER or not self.busy or frame_id != self._frame_id:
                    raise FrameError("It answered what was not asked.")  # noqa: TRY301
                outputs, self.rows = decode_answer_and_rows(payload)
                if len(outputs) != self._expected:
                    raise FrameError("It answered another number of items than it was asked.")  # noqa: TRY301
                self._complete(outputs)
        except FrameError as error:
            logger.error("replica %s broke the protocol: %s", self.id, error)  # noqa: TRY400
            if self._transport is not None:
                self._transport.abort()

    def _complete(self, outputs: list[Output]) -> None:
        self.busy = False
        checked = [output if output.status in _STATUSES else _UNKNOWN_STATUS for output in outputs]
        self._owner.answered(self, checked)
        if self._retired and self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Tell the owner, then look for the replacement."""
        self.ready = False
        self.busy = False
        self.held = False
        self._transport = None
        self._owner.lost(self)
        if not self._held:
            self.start()
