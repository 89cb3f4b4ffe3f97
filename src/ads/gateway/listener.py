"""The gateway as a whole: it accepts connections, watches the clock, follows the tables, and leaves in good order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from ads.gateway.access_log import AccessLog
from ads.gateway.admin import Notices, serve_notices
from ads.gateway.answer import RequestIds
from ads.gateway.body_buffer import Budget
from ads.gateway.capture import Capture
from ads.gateway.certificate import Certificate
from ads.gateway.connection import Connection
from ads.gateway.controls import Controls
from ads.gateway.hosts import Hosts
from ads.gateway.limits import Limits
from ads.gateway.predictions import Predictions
from ads.gateway.request import HeadReader
from ads.gateway.rollups import Rollups
from ads.gateway.spans import recorder_of
from ads.gateway.tracing import Tracing
from ads.home import Home

__all__ = ["Listener", "serve"]

logger = logging.getLogger(__name__)

_SWEEP_SECONDS = 0.2
_TABLES_SECONDS = 1.0
_SIGNALS_SECONDS = 1.0
_LAST_REQUESTS_SECONDS = 0.5


class Listener:
    """What all connections share, and the timers."""

    def __init__(
        self,
        home: Home,
        limits: Limits,
        hosts: Hosts,
        certificate: Certificate | None = None,
        controls: Controls | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.clock = time.monotonic  # the loop knows milliseconds only
        self.home = home
        self.controls = controls or Controls(home)
        self.limits = limits
        self.heads = HeadReader(limits, hosts)
        self.ids = RequestIds()
        self.predictions = Predictions(home, limits, self.clock)
        self.budget = Budget(limits.held_bytes)
        self.access_log = AccessLog(home, limits.log_bytes, limits.log_seconds)
        self.rollups = Rollups(home)
        self.capture = Capture(home, limits.capture_seconds)
        self.tracing = Tracing(recorder_of(os.environ))
        self.connections: set[Connection] = set()
        self.draining = False
        self._certificate = certificate
        self._stopping = asyncio.Event()

    async def run(self, listening: socket.socket) -> None:
        """Serve until :meth:`stop`, then finish what is under way."""
        self.predictions.tables.refresh()
        self.controls.refresh()
        self.access_log.start()
        self.rollups.start()
        telling = Notices(self._reload, self.predictions.signals)
        self.predictions.call = telling.tell
        notices, path = await serve_notices(self.home, telling)
        server = await self._loop.create_server(
            lambda: Connection(self), sock=listening, backlog=1024, **self._security()
        )
        timers = [
            self._loop.create_task(self._every(_SWEEP_SECONDS, self._sweep)),
            self._loop.create_task(self._every(_TABLES_SECONDS, self._look)),
            self._loop.create_task(self._every(_SIGNALS_SECONDS, telling.tell)),
            self._loop.create_task(self._every(_SIGNALS_SECONDS, self._take_stock)),
            *(self._loop.create_task(self._every(_TABLES_SECONDS, c.refresh)) for c in (self._certificate,) if c),
        ]
        try:
            await self._stopping.wait()
            server.close()
            await self._drain()
        finally:
            for timer in timers:
                timer.cancel()
            notices.close()
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            self.rollups.take(time.time(), self.predictions.pools, last=True)
            self.predictions.close()
            self.rollups.close()
            self.capture.close()
            self.access_log.close()
            if self.tracing.recorder is not None:
                self.tracing.recorder.close()

    def _security(self) -> dict[str, Any]:
        if self._certificate is None:
            return {}
        return {"ssl": self._certificate.context, "ssl_handshake_timeout": self.limits.header_seconds}

    def stop(self) -> None:
        """Begin to leave: what is under way is finished, what comes on open connections is still answered."""
        self.draining = True
        self._stopping.set()

    async def _drain(self) -> None:
        self.predictions.drain()
        begin = self.clock()
        while self.connections and self.clock() - begin < self.limits.drain_seconds:
            # A request may already be on its way on a connection that looks idle: wait a moment before closing it.
            if self.clock() - begin > _LAST_REQUESTS_SECONDS:
                for connection in list(self.connections):
                    connection.close_if_idle()
            await asyncio.sleep(0.02)

    def _sweep(self) -> None:
        now = self.clock()
        self.predictions.sweep(now)
        for connection in list(self.connections):
            connection.sweep(now)

    def _take_stock(self) -> None:
        self.rollups.take(time.time(), self.predictions.pools)

    def _look(self) -> None:
        self.predictions.tables.refresh()
        self.controls.refresh()

    def _reload(self) -> None:
        self.predictions.tables.refresh(force=True)
        self.controls.refresh()

    async def _every(self, seconds: float, action: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                action()
            except Exception:  # the clock must not stop because one action failed
                logger.exception("a timer's action failed")


async def serve(
    descriptor: int,
    home: Home,
    limits: Limits,
    names: Sequence[str] = (),
    certificate: Certificate | None = None,
    controls: Controls | None = None,
) -> None:
    """Serve the listening socket with this descriptor until SIGTERM, SIGINT or the supervisor's death.

    ``names`` are the host names that requests may use beside addresses and ``localhost``.
    """
    loop = asyncio.get_running_loop()
    _raise_descriptor_limit()
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        hosts = Hosts(str(copy.getsockname()[0]), names)
    listener = Listener(home, limits, hosts, certificate, controls)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, listener.stop)
    _watch_lifeline(loop)
    with socket.socket(fileno=descriptor) as listening:
        listening.setblocking(False)
        await listener.run(listening)


def _watch_lifeline(loop: asyncio.AbstractEventLoop) -> None:
    """End at once when the supervisor is gone: its end of the pipe closes."""
    number = os.environ.get("OPENADS_LIFELINE")
    if number:
        loop.add_reader(int(number), os._exit, 70)


def _raise_descriptor_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
