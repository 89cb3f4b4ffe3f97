"""Who is asked for predictions: a replica of the job's own, through frames, or a deployment, through its endpoint."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

from ads.batch.chunk import ARROW, JSON, Body
from ads.batch.scoring import Asked, AskerGone, Stopped
from ads.errors import ServiceTimeout
from ads.gateway.frames import ANSWER, FrameReader, Input, decode_answer, encode_predict

__all__ = ["Endpoint", "OwnReplica", "Running"]

_LARGEST = 1 << 30
_READ = 1 << 20


class Running(Protocol):
    """A replica that is ready."""

    def connect(self, timeout: float) -> socket.socket:
        """Return a connection for frames, on which nothing waits longer than ``timeout`` seconds. Raises OSError."""


class OwnReplica:
    """A replica that is started with the first question, and again with the first one after its end.

    ``start`` makes the context in which it runs; ``timeout`` in seconds is for one answer.
    """

    def __init__(
        self, start: Callable[[], AbstractContextManager[Running]], *, composed: bool, arrow: bool, timeout: float
    ) -> None:
        self.composed = composed
        self.arrow = arrow
        self._make = start
        self._timeout = timeout
        self._running = ExitStack()
        self._connection: socket.socket | None = None
        self._over = False

    def start(self) -> float:
        """Start the replica; return the seconds that took. Raises Stopped, and what ``start`` raises."""
        if self._connection is not None:
            return 0.0
        began = time.perf_counter()
        self._connect()
        return time.perf_counter() - began

    def ask(self, body: Body, *, arrow: bool) -> Asked:
        """Return the replica's answer. Raises AskerGone, Stopped, :class:`~ads.errors.ServiceTimeout`."""
        wanted = arrow and body.kind == ARROW
        frame = encode_predict(1, [Input(body.kind, b'{"answer":"arrow"}' if wanted else b"{}", body.content)])
        connection = self._connection or self._connect()
        try:
            connection.sendall(frame)
            reader = FrameReader(_LARGEST)
            while piece := connection.recv(_READ):
                for kind, _, payload in reader.feed(piece):
                    if kind == ANSWER:
                        (answer,) = decode_answer(payload)
                        return Asked(answer.status, answer.body, wanted and answer.status == 200)
        except TimeoutError as error:
            self._stop()
            raise ServiceTimeout(
                f"predict() took longer than {self._timeout:g} s.", hint="Allow more with --timeout, or smaller chunks."
            ) from error
        except OSError:
            pass
        self._stop()
        raise Stopped if self._over else AskerGone

    def end(self) -> None:
        """End the replica, if there is one, for good."""
        self._over = True
        self._stop()

    def _stop(self) -> None:
        self._connection = None
        self._running.close()

    def _connect(self) -> socket.socket:
        if self._over:
            raise Stopped
        replica = self._running.enter_context(self._make())
        connection = self._running.enter_context(replica.connect(self._timeout))
        self._connection = connection
        return connection


class Endpoint:
    """A deployment. ``post`` sends JSON to it and returns status and content of the answer."""

    composed = False
    arrow = False

    def __init__(self, post: Callable[[bytes], tuple[int, bytes]]) -> None:
        self._post = post

    def start(self) -> float:
        """Nothing has to be started."""
        return 0.0

    def ask(self, body: Body, *, arrow: bool) -> Asked:  # noqa: ARG002 - as every asker
        """Return the deployment's answer. Raises what ``post`` does."""
        assert body.kind == JSON
        return Asked(*self._post(bytes(body.content)), arrow=False)

    def end(self) -> None:
        """Leave the deployment as it is."""
