"""This machine, measured: what the simulation's numbers are here, and what really happens."""

from __future__ import annotations

import io
import json
import os
import socket
import statistics
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ads.cli.trial import on_trial
from ads.gateway.frames import ANSWER, JSON, FrameReader, Input, encode_predict
from benchmarks.faults.subject import Deployed, Subject
from benchmarks.peers.load import Round, wrk
from tests.runtime_yaml import RUNTIME

__all__ = ["Fit", "Measured", "RealService", "Sleeper", "fitted", "service", "under_load"]

BODY = b"[[1.0]]"
_SCORE = """\
import time

BATCHABLE = True

def load_model():
    return 1

def predict(data, model=load_model()):
    seconds = {base!r} + {each!r} * len(data)
    if seconds:
        time.sleep(seconds)
    return {{"prediction": [0.0] * len(data)}}
"""
_SCHEMA = {"schema": [{"dtype": "float64", "feature_type": "Continuous", "name": "x", "order": 0, "required": True}]}


@dataclass(frozen=True)
class Sleeper:
    """A model that takes ``base`` seconds for a frame and ``each`` for a row, and no processor."""

    base: float
    each: float

    def files(self) -> dict[str, str]:
        """Return its artifact."""
        schema = {**_SCHEMA, "version": "1.1"}
        score = _SCORE.format(base=self.base, each=self.each)
        return {"score.py": score, "runtime.yaml": RUNTIME, "input_schema.json": json.dumps(schema)}

    def archive(self) -> bytes:
        """Return its artifact as it is uploaded."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as target:
            for name, text in self.files().items():
                target.writestr(name, text)
        return buffer.getvalue()


@dataclass(frozen=True)
class Fit:
    """The straight line through the times of frames: seconds for a frame and for each request in it."""

    base: float
    each: float


@dataclass(frozen=True)
class Measured:
    """One run of wrk, and the gateway's processor seconds for a request meanwhile."""

    result: Round
    gateway: float
    load: float


class RealService(Subject):
    """The service under test, with models of this module as well."""

    def register_files(self, content: bytes, name: str) -> str:
        """Return the id of a model with this archive."""
        found = self.ask("POST", "/20190101/models", json={**self.place, "displayName": name})
        headers = {"content-type": "application/octet-stream"}
        self.ask("POST", f"/20190101/models/{found['id']}/artifact", content=content, headers=headers)
        return str(found["id"])


@contextmanager
def service() -> Iterator[RealService]:
    """Give a service of its own that ends with the block."""
    with tempfile.TemporaryDirectory(prefix="ads-", ignore_cleanup_errors=True) as name:
        subject = RealService(Path(name))
        try:
            subject.start()
            yield subject
        finally:
            subject.close()


def fitted(model: Sleeper, sizes: tuple[int, ...] = (1, 4, 16, 64), times: int = 15) -> Fit:
    """Return what frames take of a replica alone, without a gateway: the median of some frames of each size."""
    with tempfile.TemporaryDirectory(prefix="ads-") as name:
        folder = Path(name) / "artifact"
        folder.mkdir()
        for file, text in model.files().items():
            (folder / file).write_text(text)
        from ads.home import Home

        with (
            on_trial(Home(Path(name) / "home"), folder, 60, lambda _: None) as trial,
            socket.socket(socket.AF_UNIX) as connection,
        ):
            connection.connect(str(trial.socket_path))
            took = [statistics.median(_frame(connection, size) for _ in range(times)) for size in sizes]
    each, base = np.polyfit(sizes, took, 1)
    return Fit(float(max(base, 0.0)), float(max(each, 0.0)))


def _frame(connection: socket.socket, size: int) -> float:
    reader = FrameReader(1 << 24)
    frame = encode_predict(1, [Input(JSON, b"{}", BODY)] * size)
    began = time.perf_counter()
    connection.sendall(frame)
    while piece := connection.recv(1 << 20):
        if any(kind == ANSWER for kind, _, _ in reader.feed(piece)):
            return time.perf_counter() - began
    raise RuntimeError("The replica ended.")


def under_load(deployed: Deployed, connections: int, seconds: float) -> Measured:
    """Return what so many connections get that ask again as soon as they were answered."""
    gateway = deployed.subject.process("gateway")
    with tempfile.TemporaryDirectory(prefix="ads-") as name:
        before = sum(gateway.cpu_times()[:2])
        result = wrk(deployed.url, deployed.subject.token, BODY, connections, seconds, Path(name))
        spent = sum(gateway.cpu_times()[:2]) - before
    if result.bad > result.requests / 100 or not result.requests:
        raise RuntimeError(f"{result.bad} of {result.requests} requests failed.")
    return Measured(result, spent / result.requests, os.getloadavg()[0])
