"""A contestant that serves one model: started, asked until it answers rightly, measured by its processes, ended."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.peers.contestants import APPS, OURS, Contestant, Place
from benchmarks.peers.environments import Unavailable
from benchmarks.peers.models import Trained, same

__all__ = ["Running", "WrongAnswer", "free_ports", "prepared", "running"]

_START_SECONDS = 180.0
_PREPARE_SECONDS = 300.0
_MEGABYTE = 1024 * 1024


class WrongAnswer(Exception):
    """Somebody answered something else than the estimator does. Such a run says nothing."""


@dataclass(frozen=True)
class Running:
    """A contestant that answers."""

    contestant: Contestant
    model: Trained
    port: int
    path: str
    token: str
    ready: float
    """Seconds from its start to its first right answer."""
    root: psutil.Process

    def body(self, first: int, count: int) -> bytes:
        """Return the request for ``count`` rows from ``first`` on."""
        rows = self.model.rows.iloc[first : first + count].to_numpy().tolist()
        return json.dumps(self.contestant.body(rows, self.model.kind)).encode()

    def processes(self) -> list[psutil.Process]:
        """Return everything that was started for it and still runs."""
        found = [self.root]
        with contextlib.suppress(psutil.NoSuchProcess):
            found += self.root.children(recursive=True)
        return found

    def seconds(self) -> dict[str, float]:
        """Return the processor seconds so far: of the gateway and the replicas of ours, else of all processes."""
        total: dict[str, float] = {}
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                words = process.cmdline()
                is_replica = "--artifact" in words or process.name() == "replica"  # started, or forked
                name = "gateway" if "ads.gateway" in words else "replicas" if is_replica else "all"
                times = process.cpu_times()
                total[name] = total.get(name, 0.0) + times.user + times.system
        return total

    def megabytes(self) -> float:
        """Return the memory of all processes, shared pages divided among those who share."""
        total = 0.0
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                total += process.memory_full_info().pss
        return total / _MEGABYTE


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _variables(contestant: Contestant, place: Place) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OPENADS_")}
    return {
        **kept,
        "PYTHONPATH": str(APPS) if contestant.packages else "",
        "PATH": f"{place.python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONWARNINGS": "ignore",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "BENCHMARK_MODEL": str(place.model),
        "BENCHMARK_ARTIFACT": str(place.folder / "artifact"),
        "OPENADS_HOME": str(place.folder / "home"),
        "OPENADS_PORT": "0",
        **contestant.variables,
    }


def prepared(contestant: Contestant, place: Place) -> None:
    """Do what is done once for a model. Raises Unavailable with the end of what was printed."""
    place.folder.mkdir(parents=True, exist_ok=True)
    if contestant.prepare is None:
        return
    done = subprocess.run(
        contestant.prepare(place),
        check=False,
        capture_output=True,
        text=True,
        timeout=_PREPARE_SECONDS,
        env=_variables(contestant, place),
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise Unavailable(f"it could not prepare the model: {(done.stdout + done.stderr).strip()[-600:]}")


@contextlib.contextmanager
def running(name: str, contestant: Contestant, place: Place, model: Trained) -> Iterator[Running]:
    """Start it, wait for its first right answer, and end it with all its processes at the end."""
    path, token = contestant.path, ""
    if name == OURS:
        deployed = json.loads((place.folder / "deployed.json").read_text())
        path, token = f"/{deployed['id']}/predict", deployed["token"]
    log = place.folder / "log"
    begin = time.perf_counter()
    with log.open("ab") as output:
        process = subprocess.Popen(
            contestant.start(place),
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            env=_variables(contestant, place),
            cwd=place.folder,
            start_new_session=True,
        )
    found = Running(contestant, model, place.port, path, token, 0.0, psutil.Process(process.pid))
    seen: list[psutil.Process] = []
    try:
        _until_ready(found, process, log)
        ready = time.perf_counter() - begin
        yield Running(contestant, model, place.port, path, token, ready, found.root)
    finally:
        seen = found.processes()
        _end(process, seen)


def _until_ready(found: Running, process: subprocess.Popen[bytes], log: Path) -> None:
    wanted = found.model.answers()[:1]
    deadline = time.monotonic() + _START_SECONDS
    last = "nothing listened"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            last = f"it ended with {process.returncode}"
            break
        try:
            status, text = ask(found, found.body(0, 1))
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
            continue
        if status == 200:
            check(found, text, wanted)
            return
        last = f"it answered {status}: {text[:200]!r}"
        time.sleep(0.05)
    tail = log.read_text(errors="replace").strip()[-800:]
    raise Unavailable(f"it never became ready, {last}. Its log ends: {tail}")


def ask(found: Running, body: bytes) -> tuple[int, bytes]:
    """Return status and body of one answer over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", found.port, timeout=30)
    headers = {"Content-Type": "application/json"}
    if found.token:
        headers["Authorization"] = f"Bearer {found.token}"
    try:
        connection.request("POST", found.path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def check(found: Running, text: bytes, wanted: list[Any]) -> None:
    """Raise WrongAnswer unless the answer's predictions are the estimator's."""
    try:
        predictions = found.contestant.read(json.loads(text))
        right = same(predictions, wanted)
    except (ValueError, KeyError, TypeError, IndexError):
        right = False
    if not right:
        raise WrongAnswer(f"{found.contestant.title} answered {text[:200]!r}, the estimator {str(wanted)[:200]}")


def _end(process: subprocess.Popen[bytes], seen: list[psutil.Process]) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(20)
    _, alive = psutil.wait_procs(seen, timeout=3)
    for each in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait(10)
