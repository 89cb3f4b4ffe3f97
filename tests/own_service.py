"""A service of one test alone, which may be configured, killed and looked into; and waiting on a condition."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from ads.home import Home

__all__ = ["ENGINE", "OwnService", "environment", "eventually", "forget_configuration"]

_LEAST_PATIENCE = 60.0
_ELSEWHERE = 5
"""How many times as long the replicas of another engine may take to start: processes that import more than a model."""
CONFIGURES = ("OPENADS_", "OCI_", "NB_SESSION")
ENGINE: dict[str, str] = {}
"""The engine of all services of this run, as environment variables; empty: the one that there is without settings."""


def environment(home: Path) -> dict[str, str]:
    """Return the environment for a process that must see nothing of the machine's own OpenADS."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(CONFIGURES)}
    return {**kept, **ENGINE, "OPENADS_HOME": str(home), "OPENADS_PORT": "0"}


def forget_configuration(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Let this process use the service of ``home``, whatever the machine is configured for."""
    for key in [key for key in os.environ if key.startswith(CONFIGURES)]:
        patch.delenv(key)
    for name, value in {**ENGINE, "OPENADS_HOME": str(home), "OPENADS_PORT": "0"}.items():
        patch.setenv(name, value)


def eventually(condition: Callable[[], object], within: float = 30.0, what: str = "the condition") -> None:
    """Return as soon as ``condition()`` is true; fail after ``within`` seconds, a minute at least.

    So much patience costs nothing where all is well, and no test fails for being run on a slow machine.
    """
    within = max(within, _LEAST_PATIENCE * (_ELSEWHERE if ENGINE else 1))
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come true within {within} s")
        time.sleep(0.02)


class OwnService:
    """The service of one data directory, seen from outside."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.home = Home(root)
        self._patch = patch
        forget_configuration(patch, root)

    def use(self, **settings: str) -> None:
        """Set settings for the service that starts next, and for this process."""
        for name, value in settings.items():
            self._patch.setenv(f"OPENADS_{name.upper()}", value)

    def start(self) -> None:
        """Find the service, or start it, as the SDK does."""
        from ads.client import Service

        Service.find()

    def stop(self) -> None:
        """End the service."""
        command = [sys.executable, "-m", "ads.service", "stop", "--home", str(self.home.root)]
        subprocess.run(command, timeout=60, check=True)

    @property
    def token(self) -> str:
        """The administrator's token."""
        return self.home.token_file.read_text().strip()

    @property
    def supervisor(self) -> int:
        """The supervisor's pid."""
        found = self.home.read_service_file()
        assert found is not None
        return found.pid

    def children(self) -> dict[str, int]:
        """Return name and pid of every process that the supervisor owns now."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(10)
            connection.connect(str(self.home.supervisor_socket))
            connection.sendall(b'{"op": "list"}\n')
            answer = json.loads(connection.makefile("rb").readline())
        return {child["name"]: child["pid"] for child in answer["children"] if child["state"] == "running"}

    def replica_processes(self) -> list[int]:
        """Return the pids of all replicas."""
        return [pid for name, pid in self.children().items() if name.startswith("replica/")]

    def kill(self, name: str) -> int:
        """kill -9 one process: ``supervisor``, ``gateway``, ``control``, or the first whose name starts so."""
        pids = {"supervisor": self.supervisor} if name == "supervisor" else self.children()
        pid = next(pid for child, pid in sorted(pids.items()) if child.startswith(name))
        os.kill(pid, signal.SIGKILL)
        return pid

    def processes(self) -> list[psutil.Process]:
        """Return every process on the machine that belongs to this data directory, this one left out."""
        found = []
        for process in psutil.process_iter():
            try:
                words = " ".join(process.cmdline())
                mine = process.environ().get("OPENADS_HOME") == str(self.home.root) or str(self.home.root) in words
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
            if mine and process.pid != os.getpid():
                found.append(process)
        return found
