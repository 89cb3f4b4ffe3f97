"""Load from wrk, and the proof that what is measured are right answers."""

from __future__ import annotations

import asyncio
import math
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.peers.contestants import CONTESTANTS, OURS
from benchmarks.peers.running import Running, WrongAnswer, check

__all__ = ["Round", "Scenario", "in_process", "measured", "median_round", "proven", "wrk"]

_PROVEN = 192
"""Answers that are compared before and after each measurement."""

# wrk tells percentiles in microseconds and counts what was not answered with 2xx or 3xx.
_LUA = """
local file = assert(io.open("{body}", "rb"))
wrk.body = file:read("*a")
file:close()
wrk.method = "POST"
wrk.path = "{path}"
wrk.headers["Content-Type"] = "application/json"
{credential}
function done(summary, latency, requests)
  local bad = summary.errors.connect + summary.errors.read + summary.errors.write
  bad = bad + summary.errors.status + summary.errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), bad))
end
"""


@dataclass(frozen=True)
class Scenario:
    """How many rows a request has, and how many connections ask at once."""

    rows: int
    connections: int

    def __str__(self) -> str:
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        return f"{rows}, {self.connections} connection{'s' if self.connections > 1 else ''}"


@dataclass(frozen=True)
class Round:
    """One measurement: answers, seconds it took, latencies in seconds, answers that were not good."""

    requests: int
    seconds: float
    p50: float
    p99: float
    bad: int
    work: dict[str, float] = field(default_factory=dict)
    """Processor seconds for each request."""
    megabytes: float = 0.0
    ready: float = 0.0

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds


def measured(found: Running, scenario: Scenario, seconds: float, folder: Path) -> Round:
    """Return what wrk measured, between two proofs. Raises WrongAnswer, for ours also when a request failed."""
    asyncio.run(_proof(found, scenario))
    before = found.seconds()
    result = _wrk(found, scenario, seconds, folder)
    after = found.seconds()
    asyncio.run(_proof(found, scenario))
    if result.bad and found.contestant is CONTESTANTS[OURS]:
        raise WrongAnswer(f"{found.contestant.title}: {result.bad} of {result.requests} answers at {scenario} failed")
    work = {name: (after[name] - before.get(name, 0.0)) / max(result.requests, 1) for name in after}
    return replace(result, work=work, megabytes=found.megabytes(), ready=found.ready)


def proven(found: Running, scenario: Scenario) -> None:
    """Ask for different rows over as many connections, and compare each answer. Raises WrongAnswer."""
    asyncio.run(_proof(found, scenario))


def _wrk(found: Running, scenario: Scenario, seconds: float, folder: Path) -> Round:
    url = f"http://127.0.0.1:{found.port}{found.path}"
    return wrk(url, found.token, found.body(0, scenario.rows), scenario.connections, seconds, folder)


def wrk(url: str, token: str, content: bytes, connections: int, seconds: float, folder: Path) -> Round:
    """Return what wrk measures that posts the same JSON over so many connections, each as soon as it was answered."""
    body, script = folder / "body.json", folder / "request.lua"
    body.write_bytes(content)
    credential = f'wrk.headers["Authorization"] = "Bearer {token}"' if token else ""
    script.write_text(_LUA.format(body=body, path=urlsplit(url).path, credential=credential))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "20s"]
    done = subprocess.run(
        [*command, "-s", str(script), url], capture_output=True, text=True, check=True, timeout=seconds + 60
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    requests, duration, p50, p99, bad = (int(word) for word in line.split()[1:])
    return Round(requests, duration / 1e6, p50 / 1e6, p99 / 1e6, bad)


async def _proof(found: Running, scenario: Scenario) -> None:
    wanted = found.model.answers()
    places = list(range(0, len(wanted), scenario.rows)) * math.ceil(_PROVEN / len(wanted))
    if scenario.rows == 1:
        places = places[:_PROVEN] if scenario.connections > 1 else places[:16]

    async def asker() -> None:
        while places:
            reader, writer = await asyncio.open_connection("127.0.0.1", found.port, limit=1 << 24)
            try:
                while places:
                    place = places.pop()
                    text = await _exchange(found, reader, writer, found.body(place, scenario.rows))
                    check(found, text, wanted[place : place + scenario.rows])
            except (asyncio.IncompleteReadError, ConnectionError):
                continue  # it ended a kept connection, as servers may
            finally:
                writer.close()

    await asyncio.wait_for(asyncio.gather(*(asker() for _ in range(scenario.connections))), 60)


async def _exchange(found: Running, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> bytes:
    head = [
        f"POST {found.path} HTTP/1.1",
        f"Host: 127.0.0.1:{found.port}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    if found.token:
        head.append(f"Authorization: Bearer {found.token}")
    writer.write("\r\n".join([*head, "", ""]).encode() + body)
    lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
    length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), None)
    text = await reader.readexactly(length) if length is not None else await _chunks(reader)
    if not lines[0].startswith(b"http/1.1 200"):
        raise WrongAnswer(f"{found.contestant.title} answered {lines[0].decode()} {text[:200]!r}")
    return text


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    pieces = []
    while size := int(await reader.readline(), 16):
        pieces.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return b"".join(pieces)


def in_process(estimator_call: Any, seconds: float) -> Round:
    """Return what the estimator does in this process, one call after the other, nothing around it."""
    import time

    latencies = []
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        before = time.perf_counter()
        estimator_call()
        latencies.append(time.perf_counter() - before)
    took = time.perf_counter() - begin
    ordered = sorted(latencies)
    return Round(len(ordered), took, ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], 0)


def median_round(rounds: list[Round]) -> Round:
    """Return the round whose rate is the median one, of two the slower."""
    return sorted(rounds, key=lambda each: each.rate)[(len(rounds) - 1) // 2]
