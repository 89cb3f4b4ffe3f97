"""One JSON line per prediction in the deployment's ``access.log``, written by a thread: no answer waits for a disk.

Requests that were kept out at the door get a line as well, but only so many a second: a flood of them fills no disk.

The loop makes the line, from pieces that it remembers; the thread only joins and writes. Were the thread to do more, it
would hold the interpreter's lock while answers wait.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone
from functools import lru_cache
from typing import NamedTuple

from ads.deploy.log_writer import LogWriter
from ads.gateway.rates import Bucket
from ads.gateway.tracing import NO_TRACE, Trace
from ads.home import Home

__all__ = ["Access", "AccessLog"]

logger = logging.getLogger(__name__)

_FLUSH_SECONDS = 0.1
"""Often: more lines at once would hold the interpreter while answers wait, and more memory."""
_MOST_WAITING = 100_000
_REFUSALS_PER_SECOND = 10.0


class Access(NamedTuple):
    """What is noted of one request. Times in seconds; ``time`` is Unix time."""

    deployment_id: str
    time: float
    request_id: bytes
    principal: str
    remote: str
    method: bytes
    path: bytes
    status: int
    bytes_in: int
    bytes_out: int
    seconds: float
    queue_seconds: float
    replica_id: str
    tries: int
    trace: Trace = NO_TRACE
    left_out: int = 0
    """How many refusals before this one got no line."""


class AccessLog:
    """Call :meth:`note` from the loop; a thread writes ten times a second, and what is left at :meth:`close`."""

    def __init__(self, home: Home, largest: int, oldest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._home = home
        self._largest = largest
        self._oldest = oldest
        self._writers: dict[str, LogWriter] = {}
        self._clock = clock
        self._refusals: dict[str, Bucket] = {}
        self._left_out: dict[str, int] = {}
        self._waiting: deque[tuple[str, str]] = deque()
        self._dropped = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def note(self, access: Access) -> None:
        """Have one line written; when the disk is too slow for what is already waiting, count it as dropped."""
        if len(self._waiting) >= _MOST_WAITING:
            self._dropped += 1
        else:
            self._waiting.append((access.deployment_id, _line(access)))

    def note_refused(self, access: Access) -> None:
        """Have a line written of a request that was kept out: ten a second of each deployment, the others counted."""
        now, deployment_id = self._clock(), access.deployment_id
        bucket = self._refusals.get(deployment_id)
        if bucket is None:
            bucket = self._refusals[deployment_id] = Bucket(_REFUSALS_PER_SECOND, now)
        if bucket.wait(now, 1.0) > 0:
            self._left_out[deployment_id] = self._left_out.get(deployment_id, 0) + 1
            return
        bucket.take(1.0)
        self.note(access._replace(left_out=self._left_out.pop(deployment_id, 0)))

    def close(self) -> None:
        """Write what is left, waiting at most two seconds."""
        self._stop.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        while not self._stop.wait(_FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        lines: dict[str, list[str]] = {}
        while self._waiting:
            deployment_id, line = self._waiting.popleft()
            lines.setdefault(deployment_id, []).append(line)
        for deployment_id, texts in lines.items():
            self._append(deployment_id, texts)
        if self._dropped:
            logger.error("%d lines of access logs were dropped", self._dropped)
            self._dropped = 0

    def _append(self, deployment_id: str, lines: list[str]) -> None:
        writer = self._writers.get(deployment_id)
        if writer is None:
            path = self._home.deployment(deployment_id) / "access.log"
            writer = self._writers[deployment_id] = LogWriter(path, self._largest, self._oldest)
        try:
            writer.write("".join(lines).encode())
        except FileNotFoundError:
            del self._writers[deployment_id]  # the deployment was removed meanwhile
        except OSError as error:
            self._dropped += len(lines)
            logger.error("access log of %s: %s", deployment_id, error)  # noqa: TRY400


def _line(access: Access) -> str:
    (
        _,
        at,
        request_id,
        principal,
        remote,
        method,
        path,
        status,
        bytes_in,
        bytes_out,
        took,
        queued,
        replica,
        tries,
        trace,
        left_out,
    ) = access
    seconds = int(at)
    return (
        f'{{"time": "{_moment(seconds)}.{int((at - seconds) * 1000):03d}Z", "requestId": "{request_id.decode()}", '
        f'{_who_and_what(principal, remote, method, path)}, "status": {status}, "bytesIn": {bytes_in}, '
        f'"bytesOut": {bytes_out}, "milliseconds": {took * 1000:.3f}, "queueMilliseconds": {queued * 1000:.3f}, '
        f'"replica": {_quoted(replica)}, "tries": {tries}, "traceId": "{trace.trace_id.decode()}", '
        f'"spanId": "{trace.span_id.decode()}"{_left_out(left_out) if left_out else ""}}}\n'
    )


def _left_out(count: int) -> str:
    return f', "leftOut": {count}'


@lru_cache(maxsize=1024)
def _who_and_what(principal: str, remote: str, method: bytes, path: bytes) -> str:
    pieces = {"principal": principal, "remote": remote, "method": method, "path": path}
    return ", ".join(f'"{name}": {_quoted(text)}' for name, text in pieces.items())


@lru_cache(maxsize=4)
def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=1024)
def _quoted(text: str | bytes) -> str:
    return json.dumps(text.decode("latin-1") if isinstance(text, bytes) else text)
