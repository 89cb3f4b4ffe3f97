"""The clients of ``catalog.py``: threads with one connection each, which do one thing again and again for a while."""

from __future__ import annotations

import http.client
import itertools
import json
import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Client", "Measured", "measure", "percentile"]


@dataclass
class Client:
    """One connection to a server."""

    port: int
    token: str = ""
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send one request; return the JSON of the answer. Anything but success ends the measurement."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            given["authorization"] = f"Bearer {self.token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            given["content-type"] = "application/json"
        try:
            self.connection.request(method, path, body, given)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):  # it was idle for too long: once more
            self.connection.close()
            self.connection.request(method, path, body, given)
            answer = self.connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 204):
            raise SystemExit(f"{method} {path} was answered with {answer.status}: {content[:500]!r}")
        return json.loads(content) if content else None


@dataclass(frozen=True)
class Measured:
    """How often something was done in a second, and how long it took, in milliseconds."""

    per_second: float
    p50: float
    p99: float
    times: int


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value that this share of the values doesn't exceed."""
    found = sorted(values)
    return found[max(0, math.ceil(share * len(found)) - 1)]


def measure(
    act: Callable[[Client, int], object], clients: int, seconds: float, port: int, token: str = "", warm: int = 3
) -> Measured:
    """Let so many clients act at once for so long; ``act`` gets the connection and a number of its own."""
    numbers = itertools.count()
    taken: list[list[float]] = [[] for _ in range(clients)]
    wrong: list[BaseException] = []
    ready = threading.Barrier(clients + 1)
    ends = [0.0]

    def run(mine: list[float]) -> None:
        try:
            client = Client(port, token)
            for _ in range(warm):
                act(client, next(numbers))
            ready.wait()
            while time.perf_counter() < ends[0]:
                began = time.perf_counter()
                act(client, next(numbers))
                mine.append(time.perf_counter() - began)
        except (SystemExit, OSError, http.client.HTTPException, threading.BrokenBarrierError) as error:
            wrong.append(error)
            ready.abort()

    threads = [threading.Thread(target=run, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    ends[0] = time.perf_counter() + 3600
    try:
        ready.wait()
    except threading.BrokenBarrierError:
        raise SystemExit(f"a client failed: {wrong}") from None
    began = time.perf_counter()
    ends[0] = began + seconds
    for thread in threads:
        thread.join()
    if wrong:
        raise SystemExit(f"a client failed: {wrong}")
    lasted = time.perf_counter() - began
    together = [value * 1000 for mine in taken for value in mine]
    return Measured(len(together) / lasted, percentile(together, 0.5), percentile(together, 0.99), len(together))
