"""Replicas as processes of this machine, owned by the supervisor."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ads.deploy.engines.base import ReplicaId, ReplicaOrder, ReplicaReport
from ads.deploy.engines.replica_variables import variables_of
from ads.deploy.engines.supervisor_client import Child, SupervisorClient
from ads.deploy.isolation import Isolator, worker_file
from ads.deploy.placement import Machine, place, this_machine
from ads.deploy.preload import template_of
from ads.errors import AdsError
from ads.home import Home, open_regular, write_private
from ads.replica_address import tcp
from ads.settings import Settings

__all__ = ["LocalEngine", "bindable", "replica_variables"]

_PREFIX = "replica/"
_GRACE = 10.0
_DEVICE_FILE = "device"
_KEY_FILE = "key"
_KEY_BYTES = 32
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - the name that others use is translated on the way
_LARGEST_STATUS = 1024 * 1024


class LocalEngine:
    """The engine of ``ads serve``.

    With ``listen``, a host, replicas are on TCP ports of it, each with a key of its own, and their reports name them
    under ``advertise``, the name that other machines know this one by.
    """

    prepares_environments = True

    def __init__(
        self,
        home: Home,
        worker: Path | None = None,
        devices: Sequence[str] = (),
        settings: Settings | None = None,
        *,
        listen: str = "",
        advertise: str = "",
    ) -> None:
        self._listen = listen
        self._advertise = advertise or listen
        self._home = home
        self._devices = tuple(devices)
        self._machine: Machine | None = None
        self._supervisor = SupervisorClient(home.supervisor_socket)
        self._worker = worker or worker_file()
        settings = settings or Settings(home=home.root)
        self._isolator = Isolator(home, settings, self._worker)
        self._templates = settings.replica_templates
        self._folders: dict[str, Path] = {}
        self._ports: dict[ReplicaId, int] = {}

    def start(self, order: ReplicaOrder) -> None:
        """Start a replica; nothing happens when it runs already."""
        if order.python is None:
            raise AdsError(f"Replica {order.id} has no environment on this machine.")
        temporary = order.folder / "tmp"
        temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = self._status_file(order.folder)
        status.unlink(missing_ok=True)
        argv = [str(order.python), str(self._worker), "--artifact", str(order.artifact)]
        argv += [*self._door(order), "--status", str(status)]
        argv += ["--memory-limit", str(order.memory_bytes)]
        variables = replica_variables(order, temporary, os.environ, self._place(order))
        isolation = self._isolator.of(order, self._bound(order.id), variables)
        template = template_of(order, variables, self._worker) if self._templates else None
        name = f"{_PREFIX}{order.id}"
        self._supervisor.start(name, argv, variables, order.artifact, order.log, _GRACE, isolation, template)

    def _door(self, order: ReplicaOrder) -> list[str]:
        """Return how the replica is told where it listens; on TCP it gets a key."""
        if not self._listen:
            return ["--socket", self.socket(order.id)]
        key = order.folder / _KEY_FILE
        write_private(key, secrets.token_hex(_KEY_BYTES).encode())
        return ["--listen", self._bound(order.id).removeprefix("tcp://"), "--key", str(key)]

    def _bound(self, replica: ReplicaId) -> str:
        """Return what the supervisor binds for a replica."""
        return tcp(self._listen, 0) if self._listen else self.socket(replica)

    def _place(self, order: ReplicaOrder) -> str | None:
        """Return the GPU of a replica, noted in its folder for those that come later; None where there is none."""
        if not self._devices:
            return None
        folders = [self._folder(report.id) for report in self.list() if report.id != order.id]
        taken = [
            (folder / _DEVICE_FILE).read_text() for folder in folders if folder and (folder / _DEVICE_FILE).exists()
        ]
        device = place(taken, self._devices)
        if device is not None:
            (order.folder / _DEVICE_FILE).write_text(device)
        return device

    def stop(self, replica: ReplicaId) -> None:
        """End a replica for good and remove its folder and socket."""
        self._supervisor.stop(f"{_PREFIX}{replica}", _GRACE)
        self._ports.pop(replica, None)
        if not self._listen:
            Path(self.socket(replica)).unlink(missing_ok=True)
        folder = self._folder(replica)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def kill(self, replica: ReplicaId) -> None:
        """End a replica's process at once; the supervisor starts it again."""
        self._supervisor.kill(f"{_PREFIX}{replica}")

    def list(self) -> list[ReplicaReport]:
        """Return every replica, with the status that its present process wrote."""
        reports = []
        for child in self._supervisor.list():
            replica = ReplicaId.parse(child.name.removeprefix(_PREFIX)) if child.name.startswith(_PREFIX) else None
            if replica is not None:
                reports.append(self._report(replica, child))
        return reports

    def machine(self) -> Machine:
        """Return what this machine has; it is looked at once."""
        if self._machine is None:
            self._machine = this_machine(self._devices)
        return self._machine

    def watch(self, ended: Callable[[], None], over: threading.Event) -> None:
        """Call ``ended`` whenever a process ended, until ``over`` is set."""
        self._supervisor.watch(ended, over)

    def socket(self, replica: ReplicaId) -> str:
        """Return the path of the replica's socket; empty where replicas are on TCP."""
        return "" if self._listen else str(self._home.replica_socket(str(replica)))

    def _report(self, replica: ReplicaId, child: Child) -> ReplicaReport:
        folder = self._folder(replica)
        status = None if folder is None else _read(self._status_file(folder))
        address, key = self._address(replica, folder, status)
        return ReplicaReport(
            id=replica,
            running=child.running,
            restarts=child.restarts,
            exit=_how_it_ended(child),
            age=max(0.0, time.time() - child.started),
            status=status if status is not None and child.running and status.get("pid") == child.pid else None,
            was_ready=status is not None and not child.running and status.get("state") == "ready",
            pid=child.pid if child.running else None,
            address=address,
            key=key,
        )

    def _address(self, replica: ReplicaId, folder: Path | None, status: Mapping[str, Any] | None) -> tuple[str, str]:
        """Return where a replica on TCP is reached, and its key; empty as long as it has never listened.

        One that is being started again is expected where it was.
        """
        port = (status or {}).get("port") or self._ports.get(replica)
        if not self._listen or folder is None or not isinstance(port, int):
            return "", ""
        self._ports[replica] = port
        try:
            with open_regular(folder / _KEY_FILE) as file:
                return tcp(self._advertise, port), file.read(4 * _KEY_BYTES).decode("ascii").strip()
        except (OSError, ValueError):
            return "", ""

    def _folder(self, replica: ReplicaId) -> Path | None:
        """Return the replica's folder; its deployment's is found by the end of the name and then remembered."""
        if replica.deployment not in self._folders:
            parent = self._home.root / "deployments"
            found = next((each for each in parent.glob(f"*{replica.deployment}")), None)
            if found is None:
                return None
            self._folders[replica.deployment] = found
        return self._folders[replica.deployment] / str(replica)

    @staticmethod
    def _status_file(folder: Path) -> Path:
        return folder / "status.json"


def bindable(host: str) -> str:
    """Return the address to listen on for those who know this machine as ``host``.

    That is every address for a name, which others may look up elsewhere, and for an address that is another machine's.
    """
    with contextlib.suppress(OSError, ValueError):
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
        with socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind((str(address), 0))
        return str(address)
    return _EVERYWHERE


def replica_variables(
    order: ReplicaOrder, temporary: Path, service: Mapping[str, str], device: str | None = None
) -> dict[str, str]:
    """Return the whole environment of a replica: a few of the service's variables, then the deployment's own."""
    return variables_of(order.python or Path(sys.executable), order.environment, temporary, service, device)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        with open_regular(path) as file:
            status = json.loads(file.read(_LARGEST_STATUS))
    except (OSError, ValueError):
        return None
    return status if isinstance(status, dict) else None


def _how_it_ended(child: Child) -> str:
    if child.signal:
        try:
            return f"signal {signal.Signals(child.signal).name}"
        except ValueError:
            return f"signal {child.signal}"
    return "" if child.exit_code is None else f"exit code {child.exit_code}"
