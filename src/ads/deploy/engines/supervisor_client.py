"""Orders to the supervisor of this machine: JSON lines over its Unix socket."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ads.errors import AdsError

__all__ = ["Child", "EngineUnavailable", "SupervisorClient"]


_WATCH_SECONDS = 1.0


class EngineUnavailable(AdsError):
    """The engine can't be reached, or refused an order."""

    code = "engine-unavailable"


@dataclass(frozen=True)
class Child:
    """A process that the supervisor owns. ``exit_code`` and ``signal`` tell how it ended last, ``started`` is a time
    in seconds since 1970.
    """

    name: str
    pid: int | None
    running: bool
    restarts: int
    exit_code: int | None
    signal: int | None
    started: float


class SupervisorClient:
    """Talks to the supervisor behind ``path``. A connection for each order: they are few, and threads need no lock."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def start(
        self,
        name: str,
        argv: list[str],
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
        grace: float,
        isolation: Mapping[str, Any] | None = None,
        template: Mapping[str, Any] | None = None,
    ) -> int:
        """Start a process unless it runs; return its pid. ``grace`` is the time in seconds from TERM to KILL,
        ``isolation`` and ``template`` are what the parts of these names of :mod:`ads.service` read.
        """
        answer = self._ask(
            {
                "op": "start",
                "name": name,
                "argv": argv,
                "env": dict(env),
                "cwd": str(cwd),
                "log": str(log),
                "grace": grace,
                "isolation": isolation,
                "template": template,
            }
        )
        return int(answer["pid"])

    def stop(self, name: str, grace: float) -> None:
        """End a process for good: TERM, after its grace KILL. Return once it is gone."""
        self._ask({"op": "stop", "name": name}, timeout=grace + 20)

    def kill(self, name: str) -> None:
        """End a process at once. It is started again."""
        self._ask({"op": "kill", "name": name})

    def list(self) -> list[Child]:
        """Return all processes that the supervisor owns."""
        return [
            Child(
                name=str(child["name"]),
                pid=child.get("pid"),
                running=child.get("state") == "running",
                restarts=int(child.get("restarts") or 0),
                exit_code=child.get("exit_code"),
                signal=child.get("signal"),
                started=float(child.get("started") or 0.0),
            )
            for child in self._ask({"op": "list"})["children"]
        ]

    def watch(self, ended: Callable[[], None], over: threading.Event) -> None:
        """Call ``ended`` whenever a process of the supervisor's ended, until ``over`` is set; return soon after that.

        A supervisor that is gone is looked for again.
        """
        while not over.is_set():
            try:
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                    connection.settimeout(_WATCH_SECONDS)
                    connection.connect(str(self._path))
                    connection.sendall(b'{"op": "watch"}\n')
                    self._listen(connection, ended, over)
            except OSError:
                pass
            over.wait(_WATCH_SECONDS)

    @staticmethod
    def _listen(connection: socket.socket, ended: Callable[[], None], over: threading.Event) -> None:
        while not over.is_set():
            try:
                if not connection.recv(65536):
                    return
            except TimeoutError:
                continue
            ended()

    def _ask(self, order: Mapping[str, Any], timeout: float = 10.0) -> dict[str, Any]:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(timeout)
                connection.connect(str(self._path))
                connection.sendall(json.dumps(order).encode() + b"\n")
                with connection.makefile("rb") as file:
                    answer: dict[str, Any] = json.loads(file.readline())
        except (OSError, ValueError) as error:
            raise EngineUnavailable(
                f"The supervisor doesn't answer: {error}.", hint="Start the service again."
            ) from error
        if not answer.get("ok"):
            raise EngineUnavailable(f"The supervisor refused to {order['op']}: {answer.get('error')}.")
        return answer
