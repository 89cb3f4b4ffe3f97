"""Predictions at a steady rate, or as fast as they are answered, each with random numbers whose function is checked.

A request whose connection ends before its answer is ``lost``. Where ``retries`` allows it, it is sent again at once, as
clients do. Refusals (503, 429) count as such only with ``Retry-After``; without, and with any other status, a request
has ``failed``. ``wrong`` is an answer that is not the function of its own numbers, or from a version that may not
answer any more.
"""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import uvloop

from benchmarks.faults.models import expected

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Recorder", "Request", "percentile"]

_REFUSALS = frozenset({429, 503})
_PATIENCE = 90.0
_KEPT = 20


def percentile(values: list[float], share: float) -> float:
    """Return the value that ``share`` of the values don't exceed, 0.0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


@dataclass(slots=True)
class Request:
    """One request and what became of it. Times are monotonic."""

    numbers: list[int]
    do: str
    due: float
    sent: float = 0.0
    received: float = 0.0
    status: int = 0
    kind: str = ""
    version: int = 0
    pid: int = 0
    calls: int = 0
    """How often the process that answered had been called."""
    tries: int = 0
    lost: int = 0
    detail: str = ""

    @property
    def seconds(self) -> float:
        """From when it was sent for the last time to the end of its answer."""
        return self.received - self.sent


@dataclass
class _Rule:
    since: float
    versions: frozenset[int]


class Recorder:
    """See the module. ``rate`` 0: each of ``connections`` asks again as soon as it was answered."""

    def __init__(
        self,
        url: str,
        token: str,
        seed: int,
        *,
        rate: float = 200.0,
        connections: int = 32,
        retries: int = 0,
        retry_refusals: bool = False,
        versions: tuple[int, ...] = (1,),
    ) -> None:
        self.requests: list[Request] = []
        self.counts: Counter[str] = Counter()
        self.examples: list[Request] = []
        self.first_seen: dict[int, float] = {}
        """When each replica's process gave its first answer."""
        self._split = urlsplit(url)
        self._head = (
            f"POST {self._split.path} HTTP/1.1\r\nHost: {self._split.netloc}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        )
        self._address = self._split.hostname or "", self._split.port or 0
        self._chance = random.Random(seed)
        self._rate, self._most = rate, connections
        self._retries, self._retry_refusals = retries, retry_refusals
        self._rules = [_Rule(0.0, frozenset(versions))]
        self._waiting: deque[Request] = deque()
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()
        self._connecting = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._underway = 0
        self._over = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="recorder")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._thread.join(_PATIENCE + 10)

    # -- what is known

    @property
    def answered(self) -> int:
        """How many were answered rightly."""
        return self.counts["right"]

    def only(self, *versions: int) -> None:
        """From now on only these versions may answer what is sent."""
        self._rules.append(_Rule(time.monotonic(), frozenset(versions)))

    def after(self, count: int, within: float = 60.0) -> None:
        """Return after so many more right answers. Raises TimeoutError."""
        goal, deadline = self.answered + count, time.monotonic() + within
        while self.answered < goal:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{count} right answers: not within {within:g} s; {dict(self.counts)}")
            time.sleep(0.01)

    def since(self, moment: float, until: float = float("inf")) -> list[Request]:
        """Return the requests that were due from one moment to another."""
        return [request for request in list(self.requests) if moment <= request.due < until]

    def answer_after(self, moment: float, within: float = 60.0) -> float:
        """Return how many seconds after ``moment`` the first right answer to a request sent since came."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            found = [r.received for r in self.requests[-2000:] if r.kind == "right" and r.sent >= moment]
            if found:
                return min(found) - moment
            time.sleep(0.01)
        raise TimeoutError(f"a right answer: not within {within:g} s; {dict(self.counts)}")

    # -- the loop

    def _run(self) -> None:
        uvloop.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        due = time.monotonic()
        while not self._over:
            now = time.monotonic()
            if self._rate:
                while due <= now:
                    self._ask(self._new(due))
                    due += 1.0 / self._rate
            else:
                for _ in range(self._most - self._underway):
                    self._ask(self._new(now))
            await asyncio.sleep(0.002 if self._rate else 0.02)
        deadline = time.monotonic() + _PATIENCE
        while self._underway and time.monotonic() < deadline:  # noqa: ASYNC110 - other threads don't wait for it
            await asyncio.sleep(0.01)
        for connection in list(self._open):
            connection.fail("no answer")
            connection.close()

    def _new(self, due: float) -> Request:
        self._underway += 1
        numbers = [self._chance.randrange(10**6) for _ in range(self._chance.randrange(1, 4))]
        return Request(numbers, "", due)

    def _ask(self, request: Request, *, first: bool = False) -> None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                connection.ask(request)
                return
        if first:
            self._waiting.appendleft(request)
        else:
            self._waiting.append(request)
        self._one_more()

    def _again(self, request: Request, *, fresh: bool) -> None:
        """Send a request once more; after a connection that ended on a ``fresh`` one."""
        if fresh:
            idle, self._idle = self._idle, []
            for connection in idle:
                connection.close()
        self._ask(request, first=True)  # behind what waits it could meet the next fault as well

    def _one_more(self) -> None:
        if len(self._open) + self._connecting < self._most:
            assert self._loop is not None
            self._connecting += 1
            task = self._loop.create_task(self._connect())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> None:
        assert self._loop is not None
        try:
            await self._loop.create_connection(lambda: _Connection(self), *self._address)
        except OSError as error:
            if self._waiting:
                self.ended(self._waiting.popleft(), "unconnected", str(error))
        finally:
            self._connecting -= 1

    def free(self, connection: _Connection) -> None:
        """Take back a connection that has nothing to do."""
        if self._waiting:
            connection.ask(self._waiting.popleft())
        elif not self._rate and not self._over:
            connection.ask(self._new(time.monotonic()))
        else:
            self._idle.append(connection)

    def opened(self, connection: _Connection) -> None:
        """Know a new connection."""
        self._open.add(connection)
        self.free(connection)

    def closed(self, connection: _Connection) -> None:
        """Forget a connection; what waits gets another one."""
        self._open.discard(connection)
        if self._waiting:
            self._one_more()

    def message(self, request: Request) -> bytes:
        """Return a request's bytes."""
        body = json.dumps({"x": request.numbers, "do": request.do} if request.do else {"x": request.numbers})
        return f"{self._head}{len(body)}\r\n\r\n{body}".encode()

    def ended(self, request: Request, kind: str, detail: str = "") -> None:
        """Write down how a request ended, or send it once more."""
        request.received = time.monotonic()
        if kind in {"lost", "unconnected"}:
            request.lost += 1
        again = kind == "lost" or (kind == "refused" and self._retry_refusals)
        if again and request.tries <= self._retries:
            self.counts["sent again"] += 1
            self._again(request, fresh=kind == "lost")
            return
        request.kind, request.detail = kind, detail
        self._underway -= 1
        self.counts[kind] += 1
        self.requests.append(request)
        if kind == "right":
            if request.pid not in self.first_seen:
                self.first_seen[request.pid] = request.received
        elif kind != "refused" and len(self.examples) < _KEPT:
            self.examples.append(request)

    def judge(self, request: Request, status: int, advised: bool, body: bytes) -> None:
        """Take an answer."""
        request.status = status
        if status in _REFUSALS and advised:
            self.ended(request, "refused")
        elif status != 200:
            self.ended(request, "failed", f"{status} {body[:300].decode(errors='replace')}")
        else:
            self.ended(request, *self._compare(request, body))

    def _compare(self, request: Request, body: bytes) -> tuple[str, str]:
        try:
            content: dict[str, Any] = json.loads(body)
            request.version, request.pid, request.calls = (content[name] for name in ("version", "pid", "calls"))
            right = content["prediction"] == expected(request.numbers, request.version)
        except (ValueError, KeyError, TypeError):
            return "wrong", body[:300].decode(errors="replace")
        allowed: set[int] = set()
        for rule in self._rules:
            if rule.since <= request.sent:
                allowed = set(rule.versions)
        if not right or request.version not in allowed:
            return "wrong", f"{content} to {request.numbers}; versions {sorted(allowed)}"
        return "right", ""


class _Connection(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._buffer = b""
        self._request: Request | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def usable(self) -> bool:
        """Whether it can be asked."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._recorder.opened(self)

    def ask(self, request: Request) -> None:
        """Send a request."""
        assert self._transport is not None
        self._request = request
        request.tries += 1
        request.sent = time.monotonic()
        self._transport.write(self._recorder.message(request))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        lowered = head.lower()
        length = int(lowered.partition(b"content-length: ")[2].split(b"\r", 1)[0] or b"0")
        request = self._request
        if len(body) < length or request is None:
            return
        self._buffer, self._request = b"", None
        closes = b"connection: close" in lowered
        if closes:
            self.close()
        self._recorder.judge(request, int(head.split(b" ", 2)[1]), b"\r\nretry-after:" in lowered, body)
        if not closes and self.usable:
            self._recorder.free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.fail(str(exc or "closed"))
        self._recorder.closed(self)

    def fail(self, why: str) -> None:
        """Give up what has no answer."""
        request, self._request = self._request, None
        if request is not None:
            self._recorder.ended(request, "lost", why)

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()
