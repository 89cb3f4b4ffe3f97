"""Measure predictions over HTTP on this machine, beside the estimator in process, and print them as a table.

Run with ``make serving``. The service is our own from supervisor to replica, with credentials and access log on; the
model is a LogisticRegression trained on the iris DataFrame, or a RandomForest of 100 trees and 20 columns; a request
holds one row. The load comes from ``wrk`` where
it is installed (``apt install wrk``), else from a small client of this file, which itself costs more of the machine.
Everything stays on 127.0.0.1. Rounds are interleaved and the median round counts. Client, gateway and replica share
the machine's cores, so the client's own work is part of the figures. The processor time that gateway and replica took
for a request says what is left on a machine that has other things to do at the same time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from ads.home import Home

CONNECTIONS = (1, 16, 64)
MOST_SECONDS = 60.0
_MEGABYTE = 1024 * 1024

# wrk tells percentiles in microseconds and counts what was not answered with 200.
LUA = """
wrk.method = "POST"
wrk.path = "{path}"
wrk.body = [==[{body}]==]
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {token}"
function done(summary, latency, requests)
  local bad = summary.errors.connect + summary.errors.read + summary.errors.write
  bad = bad + summary.errors.status + summary.errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), bad))
end
"""


@dataclass(frozen=True)
class Round:
    """One measurement: answers, seconds it took, latencies in seconds, answers that were not 200."""

    requests: int
    seconds: float
    p50: float
    p99: float
    bad: int
    gateway: float = 0.0
    """Processor seconds of the gateway for each request."""
    replicas: float = 0.0
    """Processor seconds of the replicas for each request."""

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds


@dataclass(frozen=True)
class Target:
    """What to ask, and where."""

    url: str
    token: str
    body: str


def with_wrk(target: Target, connections: int, seconds: float, folder: Path) -> Round:
    """Return what wrk measured."""
    split = urlsplit(target.url)
    script = folder / "request.lua"
    script.write_text(LUA.format(path=split.path, body=target.body, token=target.token))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "-s", str(script), target.url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30)
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    requests, duration, p50, p99, bad = (int(word) for word in line.split()[1:])
    return Round(requests, duration / 1e6, p50 / 1e6, p99 / 1e6, bad)


class _Client(asyncio.Protocol):
    """One connection that asks again as soon as it was answered, until ``deadline``."""

    def __init__(self, request: bytes, deadline: float, latencies: list[float], bad: list[bytes]) -> None:
        self._request, self._deadline = request, deadline
        self._latencies, self._bad = latencies, bad
        self._buffer = b""
        self._sent = 0.0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def _ask(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.partition(b"content-length: ")[2].split(b"\r", 1)[0]):
            return
        self._latencies.append(time.perf_counter() - self._sent)
        if not head.startswith(b"HTTP/1.1 200 "):
            self._bad.append(head)
        self._buffer = b""
        if self._sent < self._deadline:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if not self.over.done():
            self.over.set_result(None)


def with_own_client(target: Target, connections: int, seconds: float, _: Path) -> Round:
    """Return what the client of this file measured."""
    split = urlsplit(target.url)
    body = target.body.encode()
    request = (
        f"POST {split.path} HTTP/1.1\r\nHost: {split.netloc}\r\nAuthorization: Bearer {target.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    latencies: list[float] = []
    bad: list[bytes] = []

    async def run() -> float:
        loop = asyncio.get_running_loop()
        begin = time.perf_counter()
        clients = []
        for _ in range(connections):
            _, client = await loop.create_connection(
                lambda: _Client(request, begin + seconds, latencies, bad), split.hostname, split.port
            )
            clients.append(client)
        await asyncio.gather(*(client.over for client in clients))
        return time.perf_counter() - begin

    took = asyncio.run(run())
    ordered = sorted(latencies)
    return Round(len(ordered), took, statistics.median(ordered), ordered[int(len(ordered) * 0.99)], len(bad))


def in_process(estimator: Any, frame: Any, seconds: float) -> Round:
    """Return what the estimator does in this process: one call for each row, nothing around it."""
    latencies = []
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        before = time.perf_counter()
        estimator.predict(frame)
        latencies.append(time.perf_counter() - before)
    ordered = sorted(latencies)
    took = time.perf_counter() - begin
    return Round(len(ordered), took, statistics.median(ordered), ordered[int(len(ordered) * 0.99)], 0)


def median_round(rounds: list[Round]) -> Round:
    """Return the round whose rate is the median one, with the failures of all."""
    middle = sorted(rounds, key=lambda each: each.rate)[len(rounds) // 2]
    return replace(middle, bad=sum(each.bad for each in rounds))


def main() -> None:
    """Start a service of its own, measure, print, stop it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=5.0, help="length of one round, at most 60")
    options.add_argument("--rounds", type=int, default=3, help="rounds of everything, at most 9")
    options.add_argument("--replicas", type=int, default=1, help="replicas of the deployment, at most 4")
    options.add_argument("--load", choices=("auto", "wrk", "own"), default="auto", help="who makes the load")
    options.add_argument("--model", choices=("iris", "forest"), default="iris", help="what is deployed")
    given = options.parse_args()
    seconds, rounds = min(given.seconds, MOST_SECONDS), min(given.rounds, 9)
    has_wrk = shutil.which("wrk") is not None
    if given.load == "wrk" and not has_wrk:
        raise SystemExit("wrk is not installed: `apt install wrk`, or use --load own.")
    load = with_wrk if has_wrk and given.load != "own" else with_own_client
    with tempfile.TemporaryDirectory(prefix="openads-bench-") as name:
        folder = Path(name)
        os.environ["OPENADS_HOME"] = str(folder / "home")
        os.environ["OPENADS_PORT"] = "0"
        try:
            measure(folder, load, seconds, rounds, min(given.replicas, 4), given.model)
        finally:
            stop = [sys.executable, "-m", "ads.service", "stop", "--home", str(folder / "home")]
            subprocess.run(stop, check=False)


def trained(kind: str) -> tuple[Any, Any, Any]:
    """Return an estimator, the DataFrame that it was fitted on, and the target."""
    import pandas as pd
    from sklearn.datasets import load_iris, make_classification
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    if kind == "iris":
        data = load_iris(as_frame=True)
        return LogisticRegression(max_iter=500).fit(data.data, data.target), data.data, data.target
    values, target = make_classification(n_samples=2000, n_features=20, random_state=0)
    frame = pd.DataFrame(values, columns=[f"x{number}" for number in range(20)])
    return RandomForestClassifier(n_estimators=100, random_state=0).fit(frame, target), frame, target


def measure(folder: Path, load: Any, seconds: float, rounds: int, replicas: int, kind: str) -> None:
    """Deploy the model, measure all rounds and print the table."""
    from ads.model.framework.sklearn_model import SklearnModel

    estimator, frame, labels = trained(kind)
    model = SklearnModel(estimator, artifact_dir=str(folder / "artifact"))
    model.prepare(X_sample=frame, y_sample=labels, force_overwrite=True)
    model.save(display_name="serving")
    model.deploy(display_name="serving", deployment_instance_count=replicas)
    row = frame.tail(1)
    assert model.predict(row)["prediction"] == estimator.predict(row).tolist()
    home = Home(folder / "home")
    url = f"{model.model_deployment.url}/predict"
    target = Target(url, home.token_file.read_text().strip(), json.dumps({"data": row.to_numpy().tolist()}))

    found: dict[str, list[Round]] = {}
    load(target, 16, 1.0, folder)  # what is measured is not the first second
    for _ in range(rounds):
        found.setdefault("the estimator in process, row after row", []).append(
            in_process(estimator, row, min(seconds, 2.0))
        )
        for connections in CONNECTIONS:
            name = f"OpenADS, {connections} connection{'s' if connections > 1 else ''}"
            found.setdefault(name, []).append(with_times(home, lambda n=connections: load(target, n, seconds, folder)))
    show(kind, found, load, replicas, memory(home))


def with_times(home: Home, measure_once: Callable[[], Round]) -> Round:
    """Return a round with the processor times of gateway and replicas."""
    before = processor_seconds(home)
    found = measure_once()
    after = processor_seconds(home)
    gateway, replicas = ((after[name] - before[name]) / max(found.requests, 1) for name in ("gateway", "replicas"))
    return replace(found, gateway=gateway, replicas=replicas)


def processor_seconds(home: Home) -> dict[str, float]:
    """Return the processor time that the gateway and the replicas took so far."""
    import psutil

    service = home.read_service_file()
    assert service is not None
    seconds = {"gateway": 0.0, "replicas": 0.0}
    for process in psutil.Process(service.pid).children():
        words = process.cmdline()
        name = "gateway" if "ads.gateway" in words else "replicas" if "--artifact" in words else ""
        if name:
            times = process.cpu_times()
            seconds[name] += times.user + times.system
    return seconds


def memory(home: Home) -> float:
    """Return the megabytes that the service and its replicas hold, shared pages divided among those who share."""
    import psutil

    service = home.read_service_file()
    assert service is not None
    supervisor = psutil.Process(service.pid)
    processes = [supervisor, *supervisor.children(recursive=True)]
    return sum(process.memory_full_info().pss for process in processes) / _MEGABYTE


def show(kind: str, found: dict[str, list[Round]], load: Any, replicas: int, megabytes: float) -> None:
    """Print the table."""
    client = "wrk" if load is with_wrk else "own client"
    count = f"{replicas} replica{'s' if replicas > 1 else ''}"
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    table = Table(title=f"{kind}, one row a request; {count}; load from {client}; {machine}")
    for column in ("what", "requests/s", "p50", "p99", "rounds", "not 200", "gateway", "replica"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for name, rounds in found.items():
        middle = median_round(rounds)
        rates = sorted(each.rate for each in rounds)
        spread = f"{rates[0]:,.0f} … {rates[-1]:,.0f}"
        work = [f"{each * 1e6:.0f} µs" if each else "" for each in (middle.gateway, middle.replicas)]
        times = [milliseconds(middle.p50), milliseconds(middle.p99)]
        table.add_row(name, f"{middle.rate:,.0f}", *times, spread, str(middle.bad), *work)
    console = Console(width=120)
    console.print(table)
    load_average = os.getloadavg()[0]
    console.print(f"Memory of service and replicas: {megabytes:.0f} MB. Load average at the end: {load_average:.1f}.")


def milliseconds(seconds: float) -> str:
    """Return a duration as text."""
    return f"{seconds * 1000:.2f} ms"


if __name__ == "__main__":
    main()
