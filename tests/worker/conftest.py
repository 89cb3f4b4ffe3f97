"""Real replicas: a process, its socket, its status file, its log."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ads.worker
from ads.worker import frames, strangers

LAUNCH = Path(ads.worker.__file__).parent / "launch.py"


class Replica:
    """One replica process of the artifact in ``folder``."""

    def __init__(
        self,
        folder: Path,
        python: str = sys.executable,
        memory_limit: int = 0,
        variables: dict[str, str] | None = None,
        key: str = "",
    ) -> None:
        """With ``key``, hexadecimal digits, it listens on TCP."""
        self.folder = folder
        self._run = tempfile.TemporaryDirectory()
        run = Path(self._run.name)
        self.socket_path = run / "r.sock"
        self.key = key
        self.key_path = run / "key"
        self.key_path.write_text(key)
        self.key_path.chmod(0o600)
        self.status_path = run / "status.json"
        self.log_path = run / "predict.log"
        self.lifeline, self.lifeline_end = os.pipe()
        env = {"PATH": os.environ["PATH"], "OPENADS_LIFELINE": str(self.lifeline), **(variables or {})}
        door = ["--listen", "127.0.0.1:0", "--key", str(self.key_path)] if key else ["--socket", str(self.socket_path)]
        argv = [python, str(LAUNCH), "--artifact", str(folder), *door]
        argv += ["--status", str(self.status_path), "--memory-limit", str(memory_limit)]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                argv, env=env, stdout=log, stderr=log, cwd=folder, pass_fds=[self.lifeline], start_new_session=True
            )
        os.close(self.lifeline)

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8")

    def status(self) -> dict[str, Any]:
        try:
            return json.loads(self.status_path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"state": "absent"}

    def wait(self, *states: str, seconds: float = 60) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while (status := self.status())["state"] not in states:
            assert time.monotonic() < end, f"{status}\n{self.log}"
            assert self.process.poll() is None, f"exit {self.process.poll()}\n{self.log}"
            time.sleep(0.01)
        return status

    def connect(self) -> socket.socket:
        if self.key:
            connection = self.call()
            connection.sendall(strangers.answer(bytes.fromhex(self.key), exactly(connection, strangers.SIZE)))
            return connection
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(30)
        connection.connect(str(self.socket_path))
        return connection

    def call(self) -> socket.socket:
        """Return a connection to its port, as a stranger."""
        connection = socket.create_connection(("127.0.0.1", self.status()["port"]), 30)
        connection.settimeout(60)
        return connection

    def ask(
        self, *bodies: bytes, kind: int = frames.JSON, meta: bytes = b'{"request_id": "r-1"}'
    ) -> list[tuple[int, Any]]:
        with self.connect() as connection:
            items = [frames.Item(kind, meta, body) for body in bodies]
            connection.sendall(frames.encode_frame(frames.PREDICT, 7, frames.encode_items(items)))
            found = receive(connection)
        assert found[:2] == (frames.ANSWER, 7)
        return [(status, json.loads(body)) for status, body in frames.decode_answers(found[2])]

    def predict(self, value: Any) -> tuple[int, Any]:
        return self.ask(json.dumps(value).encode())[0]

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.lifeline_end >= 0:
            os.close(self.lifeline_end)
        self._run.cleanup()


def exactly(connection: socket.socket, size: int) -> bytes:
    """Return the next ``size`` bytes of a connection, fewer when it ends."""
    data = b""
    while len(data) < size and (piece := connection.recv(size - len(data))):
        data += piece
    return data


def receive(connection: socket.socket) -> tuple[int, int, bytes]:
    """Return the next frame of a connection."""
    buffer = frames.FrameBuffer()
    while True:
        data = connection.recv(1 << 16)
        assert data, "the replica closed the connection"
        for frame in buffer.feed(data):
            return frame


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Any]:
    """Start a replica of a score.py given as text, with more files by name."""
    started: list[Replica] = []

    def start(
        score: str | None, python: str = sys.executable, memory_limit: int = 0, key: str = "", **files: str
    ) -> Replica:
        folder = tmp_path / f"artifact{len(started)}"
        folder.mkdir()
        if score is not None:
            (folder / "score.py").write_text(textwrap.dedent(score), encoding="utf-8")
        for name, content in files.items():
            (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")
        started.append(Replica(folder, python, memory_limit, key=key))
        return started[-1]

    yield start
    for each in started:
        each.close()
