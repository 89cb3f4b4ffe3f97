"""Measure what one deployment feels of another that is overloaded or whose replicas keep dying; print it as a table.

The watched deployment is a LogisticRegression of the iris frame that gets a steady 200 requests a second. Its
neighbour sleeps 50 ms for each request; it gets nothing, twenty times what it can do, or requests that end its
process. Rounds are interleaved; the median round counts. Everything stays on 127.0.0.1.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

SCORE = """
import os
import time

def load_model():
    return "model"

def predict(data, model=load_model()):
    if data.get("end"):
        os._exit(9)
    time.sleep(0.05)
    return {"prediction": [0]}
"""
STEADY = 200.0
TOO_MUCH = 400.0
CRASHES = 20.0
CONNECTIONS = 32
PHASES = ("quiet", "overloaded", "crashing")
_NUMBERS = itertools.count()


class Caller:
    """Sends requests at a steady rate over kept connections, whether or not earlier ones were answered."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname or "", parts.port or 80
        self._head = (
            f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\nauthorization: Bearer {token}\r\n"
            "content-type: application/json\r\n"
        )
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.seconds: list[float] = []
        self.statuses: dict[int, int] = {}

    async def run(self, body: dict[str, object], rate: float, seconds: float) -> None:
        """Send for so long, then give up what has no answer a second later."""
        begin = time.perf_counter()
        tasks = set()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begin + number / rate - time.perf_counter()))
            if len(tasks) < CONNECTIONS * 16:
                task = asyncio.create_task(self._ask({**body, "number": next(_NUMBERS)} if body.get("end") else body))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        if tasks:
            await asyncio.wait(set(tasks), timeout=1.0)
        for task in set(tasks):
            task.cancel()

    async def _ask(self, body: dict[str, object]) -> None:
        text = json.dumps(body).encode()
        begin = time.perf_counter()
        try:
            reader, writer = self._free.pop() if self._free else await asyncio.open_connection(*self._address)
            writer.write(f"{self._head}content-length: {len(text)}\r\n\r\n".encode() + text)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r", 1)[0]))
        except (OSError, asyncio.IncompleteReadError):
            self.statuses[0] = self.statuses.get(0, 0) + 1
            return
        self.seconds.append(time.perf_counter() - begin)
        status = int(head[9:12])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if b"connection: close" in head:
            writer.close()
        else:
            self._free.append((reader, writer))

    @property
    def p99(self) -> float:
        """The 99th percentile in seconds."""
        return statistics.quantiles(self.seconds, n=100)[98]


async def phase(name: str, watched: str, neighbour: str, token: str, seconds: float) -> tuple[Caller, Caller]:
    """Return what both callers saw."""
    steady, other = Caller(watched, token), Caller(neighbour, token)
    rows: dict[str, object] = {"data": [[5.1, 3.5, 1.4, 0.2]]}
    loads = [steady.run(rows, STEADY, seconds)]
    if name == "overloaded":
        loads.append(other.run({}, TOO_MUCH, seconds))
    elif name == "crashing":
        loads.append(other.run({"end": True}, CRASHES, seconds))
    await asyncio.gather(*loads)
    return steady, other


def deployed(folder: Path) -> tuple[str, str, str]:
    """Return the addresses of both deployments and the token."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    from ads.home import Home
    from ads.model import GenericModel
    from ads.model.framework.sklearn_model import SklearnModel

    data = load_iris(as_frame=True)
    estimator = LogisticRegression(max_iter=500).fit(data.data, data.target)
    model = SklearnModel(estimator, artifact_dir=str(folder / "iris"))
    model.prepare(X_sample=data.data, y_sample=data.target, force_overwrite=True)
    model.save(display_name="watched")
    model.deploy(display_name="watched")
    own = folder / "neighbour"
    other = GenericModel(estimator, artifact_dir=str(own))
    other.prepare(force_overwrite=True, ignore_conda_error=True)
    (own / "score.py").write_text(SCORE)
    other.save(display_name="neighbour", ignore_introspection=True)
    other.deploy(display_name="neighbour", deployment_instance_count=2)
    token = Home(folder / "home").token_file.read_text().strip()
    return f"{model.model_deployment.url}/predict", f"{other.model_deployment.url}/predict", token


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each kind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="openads-isolation-") as name:
        folder = Path(name)
        os.environ.update(OPENADS_HOME=str(folder / "home"), OPENADS_PORT="0")
        try:
            where = deployed(folder)
            found: dict[str, list[tuple[Caller, Caller]]] = {each: [] for each in PHASES}
            asyncio.run(phase("quiet", *where, 2.0))
            for _ in range(options.rounds):
                for each in PHASES:
                    found[each].append(asyncio.run(phase(each, *where, options.seconds)))
        finally:
            from ads.home import Home
            from ads.service import stop

            stop(Home(folder / "home"))
    show(found)


def show(found: dict[str, list[tuple[Caller, Caller]]]) -> None:
    """Print the table."""
    table = Table(title=f"A deployment at {STEADY:.0f} requests/s beside a neighbour; {os.cpu_count()} cores")
    for column in ("the neighbour is", "p50", "p99", "times quiet", "not 200", "the neighbour's answers"):
        table.add_column(column, justify="left" if column.startswith("the") else "right")
    quiet = statistics.median(steady.p99 for steady, _ in found["quiet"])
    for name, rounds in found.items():
        p99 = statistics.median(steady.p99 for steady, _ in rounds)
        p50 = statistics.median(statistics.median(steady.seconds) for steady, _ in rounds)
        bad = sum(count for steady, _ in rounds for status, count in steady.statuses.items() if status != 200)
        answers: dict[int, int] = {}
        for _, other in rounds:
            for status, count in other.statuses.items():
                answers[status] = answers.get(status, 0) + count
        told = ", ".join(f"{status}: {count}" for status, count in sorted(answers.items()))
        table.add_row(name, f"{p50 * 1000:.2f} ms", f"{p99 * 1000:.2f} ms", f"{p99 / quiet:.2f}", str(bad), told)
    console = Console(width=120)
    console.print(table)
    console.print(f"Load average at the end: {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
