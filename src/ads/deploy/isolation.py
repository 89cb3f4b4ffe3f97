"""What a replica of this machine may see and use: the part ``isolation`` of the order that starts it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import site
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from ads.deploy.engines.base import ReplicaOrder
from ads.deploy.environment_sources import StoredObject
from ads.deploy.environment_supplies import Supplies, supplies_of
from ads.errors import SettingError
from ads.home import Home
from ads.settings import Settings

__all__ = ["Isolator", "isolated_supplies", "users_of", "worker_file"]

_PROBE_SECONDS = 30


class Isolator:
    """Says of each replica how it is kept apart. Where the service can't give it a user of its own, limits remain."""

    def __init__(self, home: Home, settings: Settings, worker: Path) -> None:
        self._home = home
        self._users = users_of(settings.replica_uids)
        self._network = settings.replica_network
        self._processes = settings.replica_processes
        self._file_bytes = settings.replica_file_bytes
        self._worker = worker

    @cached_property
    def users(self) -> tuple[int, int] | None:
        """The range of user numbers, None where replicas run as the service's own user."""
        if self._users is None or os.getuid() != 0:
            return None
        probe = [sys.executable, "-I", "-S", str(self._worker.with_name("isolation.py"))]
        try:
            possible = subprocess.run(probe, check=False, timeout=_PROBE_SECONDS, capture_output=True).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            possible = False
        return self._users if possible else None

    def of(self, order: ReplicaOrder, socket: str, variables: Mapping[str, str]) -> dict[str, Any]:
        """Return how this replica is isolated. Raises SettingError when it is to have no network and that can't be."""
        if self.users is None and not self._network:
            raise SettingError(
                "Replicas are to have no network, and this service can't take it from them.",
                hint="Run the service as root with the right to mount, or set replica_network to true.",
            )
        shown = [(str(order.artifact), "ro"), (str(self._worker.parent), "ro"), (str(order.folder), "rw")]
        python = order.python or Path(sys.executable)
        needed = (path for path in _needed(python, variables) if not self._reveals(path))
        shown += [(path, "ro") for path in _existing(needed)]
        return {
            "users": self.users,
            "folder": str(order.folder),
            "socket": socket,
            "hide": [str(self._home.root), str(self._home.run)],
            "show": shown,
            "network": self._network,
            "processes": self._processes,
            "file_bytes": self._file_bytes,
            "memory_bytes": order.memory_bytes,
            "processors": order.processors,
        }

    def _reveals(self, path: str) -> bool:
        """Tell whether a path holds the data directory, as this process's own folder on ``sys.path`` does."""
        return self._home.root == Path(path) or Path(path) in self._home.root.parents


def worker_file() -> Path:
    """Return the file that an interpreter runs to become a replica."""
    spec = importlib.util.find_spec("ads.worker")
    if spec is None or spec.origin is None:
        raise RuntimeError("This installation has no ads.worker.")
    return Path(spec.origin).with_name("launch.py")


def isolated_supplies(
    home: Home, settings: Settings, stored: Callable[[str], StoredObject | None] | None = None
) -> Supplies:
    """Return what environments are made from, where programs of packs are kept apart like replicas."""
    isolator = Isolator(home, settings, worker_file())
    return supplies_of(settings, stored, lambda: isolator.users, (str(home.root), str(home.run)))


def users_of(text: str) -> tuple[int, int] | None:
    """Return the first and last number of a range ``60600-61099``, None for an empty text. Raises SettingError."""
    if not text.strip():
        return None
    low, _, high = text.partition("-")
    try:
        users = (int(low), int(high or low))
    except ValueError:
        users = (0, 0)
    if not 0 < users[0] <= users[1]:
        raise SettingError(
            f"The setting 'replica_uids' is {text!r}, not a range of user numbers.", hint="For example 60600-61099."
        )
    return users


def _needed(python: Path, variables: Mapping[str, str]) -> Iterable[str]:
    """Yield what the interpreter reads, and the folders that the replica's variables name."""
    if python == Path(sys.executable):
        yield from (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)
        yield from (path for path in sys.path if path)
        if site.ENABLE_USER_SITE:
            yield site.getuserbase()
    yield str(python.parent.parent)
    yield str(Path(os.path.realpath(python)).parent.parent)
    yield from _home_of(python)
    for name in ("LD_LIBRARY_PATH", "PYTHONPATH"):
        yield from variables.get(name, "").split(os.pathsep)
    yield from (variables.get(name, "") for name in ("JAVA_HOME", "SSL_CERT_FILE"))
    java = shutil.which("java", path=variables.get("PATH", ""))
    if java is not None:
        yield str(Path(java).parent.parent)
        yield str(Path(os.path.realpath(java)).parent.parent)


def _home_of(python: Path) -> Iterable[str]:
    """Yield the installation that a virtual environment was made from."""
    try:
        lines = (python.parent.parent / "pyvenv.cfg").read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        key, _, value = line.partition("=")
        if key.strip() == "home":
            yield str(Path(value.strip()).parent)


def _existing(paths: Iterable[str]) -> list[str]:
    """Return those of the paths that are there, each once and none below another; never a whole file system."""
    found = sorted({str(Path(path).absolute()) for path in paths if path and Path(path).exists()})
    return [
        path
        for path in found
        if path != "/" and not any(path != other and path.startswith(f"{other}{os.sep}") for other in found)
    ]
