"""What a cluster of this machine's own processes takes: requests by way of other machines' parts, and their deaths.

    python benchmarks/cluster.py [--kills 5] [--seconds 3] [--json FILE]

Two control planes, two gateways and a node, on a PostgreSQL of the benchmark's own and a folder as artifact store. The
leader's control plane is killed (SIGKILL) again and again while somebody asks; the figures are the seconds from the
signal until another one has the leader's epoch in the database, until what it has found and published is in force at a
gateway, and how many predictions failed meanwhile. Beside them: requests per second of the API and of predictions by
way of one gateway, from four clients that wait for their answers.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.members import Cluster
from tests.postgres import Postgres
from tests.runtime_yaml import RUNTIME

if TYPE_CHECKING:
    from typing_extensions import Self

CLIENTS = 4
SCORE = "def load_model():\n    return 7\n\ndef predict(data, model=load_model()):\n    return {'prediction': data}\n"


def main() -> int:
    """Print the figures; exit status 1 when a request failed that should not have."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with running() as cluster:
        figures = measure(cluster, options.kills, options.seconds)
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if figures["failed predictions"] else 0


@contextlib.contextmanager
def running() -> Iterator[Cluster]:
    """Yield a cluster whose members answer."""
    with contextlib.ExitStack() as held:
        postgres = Postgres(durable=True)
        held.callback(postgres.close)
        cluster = Cluster(postgres, Path(tempfile.mkdtemp(prefix="oacb")))
        held.callback(cluster.remove)
        for name, role in (("c1", "control"), ("c2", "control"), ("g1", "gateway"), ("g2", "gateway"), ("n1", "node")):
            cluster.start(name, role, engine="nodes")
        cluster.await_all()
        yield cluster


def measure(cluster: Cluster, kills: int, seconds: float) -> dict[str, Any]:
    """Return the figures."""
    os.environ.update(
        OPENADS_HOME=str(cluster.folder / "client"),
        OPENADS_URL=cluster.members["g1"].url,
        OPENADS_TOKEN=cluster.token,
    )
    deployment = deploy(cluster.folder / "artifact")
    url = cluster.members["g1"].url
    api = rate(url, cluster, "GET", "/openads/v1/service", None, seconds)
    predictions = rate(url, cluster, "POST", f"/{deployment}/predict", b"[1, 2]", seconds)
    leading, changed = [], []
    with Asking(url, cluster, f"/{deployment}/predict") as asking:
        for _ in range(kills):
            first, second = die(cluster)
            leading.append(first)
            changed.append(second)
    return {
        "API requests/s": round(api),
        "predictions/s": round(predictions),
        "kills of the leader": kills,
        "leader again, s": spread(leading),
        "in force at a gateway, s": spread(changed),
        "predictions meanwhile": asking.right,
        "failed predictions": asking.failed,
    }


def die(cluster: Cluster) -> tuple[float, float]:
    """Kill the leader's control plane; return the seconds until another leads, and until a gateway hears it."""
    epoch, leader = cluster.leader()
    before = routes_of(cluster)
    began = time.monotonic()
    cluster.named(leader).kill("control")
    until(lambda: cluster.leader()[0] > epoch)
    led = time.monotonic() - began
    until(lambda: routes_of(cluster) > before)  # a new leader publishes what it found
    done = time.monotonic() - began
    until(lambda: len(cluster.live()) == len(cluster.members))
    time.sleep(1.0)  # the one that was killed is back, and at rest
    return led, done


def routes_of(cluster: Cluster) -> int:
    """Return the generation of the routes that the first gateway has in force."""
    known: int = cluster.live().get(cluster.members["g1"].id, {}).get("routes", 0)
    return known


def deploy(folder: Path) -> str:
    """Return the id of a new deployment with a replica."""
    from ads.model.generic_model import GenericModel

    folder.mkdir()
    (folder / "score.py").write_text(SCORE)
    (folder / "runtime.yaml").write_text(RUNTIME)
    model = GenericModel.from_model_artifact(str(folder), artifact_dir=str(folder), force_overwrite=True)
    model.save(display_name="benchmark", ignore_introspection=True, reload=False)
    model.deploy(display_name="benchmark")
    return str(model.model_deployment.url.rpartition("/")[2])


class Caller:
    """One connection that asks the same again and again."""

    def __init__(self, url: str, cluster: Cluster, method: str, path: str, body: bytes | None) -> None:
        parts = urlsplit(url)
        self._at = (parts.hostname or "", parts.port)
        self._connection = http.client.HTTPConnection(*self._at, timeout=30)
        self._asked = (method, path, body, {**cluster.headers, "content-type": "application/json"})

    def ask(self) -> int:
        """Return the status."""
        self._connection.request(*self._asked)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status


def rate(url: str, cluster: Cluster, method: str, path: str, body: bytes | None, seconds: float) -> float:
    """Return how many requests a second some clients get answered."""
    counts = [0] * CLIENTS
    end = time.monotonic() + seconds

    def run(number: int) -> None:
        caller = Caller(url, cluster, method, path, body)
        while time.monotonic() < end:
            assert caller.ask() == 200
            counts[number] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


class Asking:
    """Somebody who predicts for as long as the block lasts."""

    def __init__(self, url: str, cluster: Cluster, path: str) -> None:
        self._caller = Caller(url, cluster, "POST", path, b"[1, 2]")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.right = self.failed = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.01):
            try:
                good = self._caller.ask() == 200
            except (OSError, http.client.HTTPException):
                good = False
            self.right += good
            self.failed += not good


def until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds. Raises TimeoutError after a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.01)


def spread(values: list[float]) -> dict[str, float]:
    """Return what is usual and what was worst."""
    return {"median": round(statistics.median(values), 2), "worst": round(max(values), 2)}


if __name__ == "__main__":
    sys.exit(main())
