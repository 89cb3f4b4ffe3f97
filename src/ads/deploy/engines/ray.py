"""Replicas on a Ray cluster: Ray Serve places, restarts and replaces them, our gateways ask them directly.

Each replica is an application of Ray Serve without a route, with one actor, which runs our worker as a process of its
node. So Serve decides where, with which resources and environment, and looks after its health; requests go over TCP
from the gateway to the worker, many in one frame, and through no proxy of Serve's. How many replicas there are, our
own controller decides from what its gateways measure, which Serve's autoscaling never sees.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from ads.artifact import requirements as requirements_file
from ads.artifact.zip_writer import write_zip
from ads.deploy.engines.base import ReplicaId, ReplicaOrder, ReplicaReport
from ads.deploy.engines.ray_kit import installed
from ads.deploy.engines.ray_link import RayLink, require_ray
from ads.deploy.engines.ray_logs import ReplicaLogs
from ads.deploy.engines.ray_placing import Needs, Node, machine_of, needs_of, no_place, node_for, report_of
from ads.deploy.engines.supervisor_client import EngineUnavailable
from ads.deploy.placement import Machine
from ads.errors import AdsError
from ads.home import Home
from ads.settings import Settings

__all__ = ["RayEngine"]

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
_READ_SECONDS = 0.25
_NODES_SECONDS = 5.0
_WATCH_SECONDS = 5.0
_STOP_SECONDS = 60.0
_RUN_SECONDS = 300.0
_PATIENCE = 30.0
_AFTER_TROUBLE = 1.0
_POLL = 0.1
_STARTS_AT_ONCE = 4
_GOING = "DELETING"


@dataclass
class _Known:
    """What this process knows of a replica beside what the cluster says. ``ran`` is when Ray Serve took it, infinity
    as long as that is under way (monotonic).
    """

    since: float
    ran: float = 0.0
    stopping: bool = False
    node: str = ""
    sha256: str = ""
    needs: Needs | None = None
    log: Path | None = None
    complained: bool = False
    builds: bool = False
    failure: dict[str, str] | None = None


@dataclass
class _Seen:
    """What the cluster said last, and when (monotonic)."""

    applications: dict[str, dict[str, str]] = field(default_factory=dict)
    looked: float = 0.0
    read: float = 0.0
    nodes: tuple[Node, ...] = ()
    counted: float = 0.0


class RayEngine:
    """The engine of ``ads serve --engine ray``. ``service`` tells this service from others on the same cluster.

    Raises SettingError where Ray isn't installed.
    """

    prepares_environments = False

    def __init__(self, home: Home, settings: Settings, service: str) -> None:
        require_ray()
        self._home = home
        self._prefix = f"openads-{hashlib.sha256(service.encode()).hexdigest()[:8]}-"
        self._wheels = settings.wheels
        self._start_timeout = settings.start_timeout
        self._environment_timeout = settings.environment_timeout
        self._link = RayLink(settings.ray_address or "auto", self._prefix)
        self._logs = ReplicaLogs(home, settings)
        self._known: dict[str, _Known] = {}
        self._entries: dict[str, dict[str, Any]] = {}
        self._seen = _Seen()
        self._lock = threading.RLock()
        self._news = threading.Event()
        self._starts = ThreadPoolExecutor(_STARTS_AT_ONCE, thread_name_prefix="ray-start")

    # -- orders

    def start(self, order: ReplicaOrder) -> None:
        """Let the cluster run a replica; nothing happens when it does already. What goes wrong is in its report."""
        name = self._name(order.id)
        with self._lock:
            if name in self._known and not self._known[name].stopping:
                return
            known = self._known[name] = _Known(time.monotonic(), ran=inf, log=order.log)
        order.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._starts.submit(self._start, name, order, known)

    def stop(self, replica: ReplicaId) -> None:
        """End a replica for good; return once its process is gone."""
        name = self._name(replica)
        with self._lock:
            known = self._known.setdefault(name, _Known(time.monotonic()))
            known.stopping = True
        self._link.ask("delete", name)
        self._wait_until_gone(name)
        self._link.ask("forget", name)
        with self._lock:
            self._entries.pop(name, None)
            if self._known.get(name) is known:
                del self._known[name]
        self._logs.forget(name)
        for folder in (self._home.root / "deployments").glob(f"*{replica.deployment}/{replica}"):
            shutil.rmtree(folder, ignore_errors=True)
        self._let_go_of_archives()

    def kill(self, replica: ReplicaId) -> None:
        """End a replica's process at once; its actor starts it again."""
        self._link.ask("kill", self._name(replica))

    # -- what there is

    def list(self) -> list[ReplicaReport]:
        """Return every replica, those that Ray Serve still has to place among them."""
        entries = self._read()
        applications = self._applications()
        now = time.monotonic()
        reports = []
        with self._lock:
            for name in self._names(applications):
                replica = self._replica(name)
                known = self._known.setdefault(name, _Known(now))
                if replica is None or known.stopping:
                    continue
                entry, told = entries.get(name), applications.get(name)
                waited = now - known.since
                if entry is None and known.needs is not None:
                    self._judge_wait(known, known.needs, waited)
                reports.append(report_of(replica, waited, known.failure, entry, told))
        return reports

    def _judge_wait(self, known: _Known, needs: Needs, waited: float) -> None:
        """Say that a replica waits for room, and give it up where that takes too long."""
        if waited > self._start_timeout + (self._environment_timeout if known.builds else 0.0):
            known.failure = known.failure or no_place(needs, self._seen.nodes, waited, builds=known.builds)
        elif waited > _PATIENCE and not known.complained and known.log is not None:
            known.complained = True
            self._logs.say(known.log, f"Waiting for a node with room for a replica: it takes {needs}.")

    def machine(self) -> Machine:
        """Return what the nodes of the cluster have together."""
        return machine_of(self._nodes())

    def watch(self, ended: Callable[[], None], over: threading.Event) -> None:
        """Call ``ended`` whenever a replica told something new, until ``over`` is set."""
        version = -1
        while not over.is_set():
            try:
                told = self._link.ask("wait", version, _WATCH_SECONDS)
            except EngineUnavailable:
                over.wait(_AFTER_TROUBLE)
                continue
            if told != version:
                version = told
                self._news.set()
                ended()
        self._link.close()

    def socket(self, replica: ReplicaId) -> str:  # noqa: ARG002 - every replica says its own address
        """Return nothing: where a replica is reached, its report says."""
        return ""

    # -- the cluster's words

    def _names(self, applications: dict[str, dict[str, str]]) -> Sequence[str]:
        """Return the names of all replicas; forget those that somebody else has deleted."""
        there = {name for name, told in applications.items() if told["state"] != _GOING}
        for name in [name for name in self._known if name not in there]:
            known = self._known[name]
            if known.ran >= self._seen.looked:  # Ray Serve could not know it yet
                there.add(name)
            elif not known.stopping:
                del self._known[name]
        return sorted(there)

    def _read(self) -> dict[str, dict[str, Any]]:
        """Return what the replicas told, and pass on what they printed.

        A ledger that was started anew hears all of it again within moments; until then what it said before holds.
        """
        now = time.monotonic()
        fresh = self._news.is_set() or now - self._seen.read > _READ_SECONDS
        self._news.clear()
        told = self._link.ask("read", self._logs.seen())["replicas"] if fresh else {}
        now = time.monotonic()
        with self._lock:
            self._seen.read = now if fresh else self._seen.read
            for entry in self._entries.values():
                entry["silent"], entry["at"] = entry["silent"] + now - entry["at"], now
            for name, entry in told.items():
                self._entries[name] = {**entry, "at": now}
                if name in self._known:
                    self._known[name].node = entry["report"]["node"]
                    self._known[name].sha256 = entry["report"]["sha256"]
            entries = dict(self._entries)
        for name, entry in told.items():
            self._logs.add(name, self._replica(name), entry["lines"])
        return entries

    def _applications(self, *, fresh: bool = False) -> dict[str, dict[str, str]]:
        now = time.monotonic()
        if fresh or now - self._seen.looked > _LOOK_SECONDS:
            self._seen.applications = self._link.ask("applications")
            self._seen.looked = now
        return self._seen.applications

    def _nodes(self) -> tuple[Node, ...]:
        now = time.monotonic()
        if now - self._seen.counted > _NODES_SECONDS:
            self._seen.nodes = tuple(Node(**node) for node in self._link.ask("nodes"))
            self._seen.counted = now
        return self._seen.nodes

    # -- starting and stopping

    def _start(self, name: str, order: ReplicaOrder, known: _Known) -> None:
        """Have the replica run; try again while the cluster is away, until somebody wants it stopped."""
        told = ""
        while not known.stopping:
            try:
                self._run(name, order, known)
            except EngineUnavailable as error:
                if error.message != told:
                    told = error.message
                    logger.warning("replica %s: %s", order.id, told)
                    self._logs.say(order.log, told)
            except (AdsError, OSError) as error:
                known.failure = {"code": "ray-order", "message": str(error), "hint": getattr(error, "hint", "") or ""}
                return
            else:
                known.ran = time.monotonic()
                return
            time.sleep(_AFTER_TROUBLE)

    def _run(self, name: str, order: ReplicaOrder, known: _Known) -> None:
        packages = self._packages(order)
        known.builds = bool(packages)
        needs = known.needs = needs_of(order)
        while name in self._applications(fresh=True):  # one of the same name is about to go
            if known.stopping:
                return
            time.sleep(_POLL)
        nodes = self._nodes()
        with self._lock:
            all_known = [(other, each.node) for other, each in self._known.items() if each.node]
            family = f"{self._prefix}{order.id.deployment}-"
            mine = [node for other, node in all_known if other.startswith(family)]
            known.node = node_for(needs, nodes, mine, [node for _, node in all_known])
        archive = self._archive(order, known)
        what = {
            "sha256": known.sha256,
            "key": secrets.token_hex(32),
            "memory_bytes": order.memory_bytes,
            "environment": dict(order.environment),
        }
        wanted = {**asdict(needs), "node": known.node, "packages": packages, "wheels": self._wheels}
        self._link.ask("run", name, what, str(archive), wanted, seconds=_RUN_SECONDS)

    def _archive(self, order: ReplicaOrder, known: _Known) -> Path:
        """Return the archive that is sent; of a model by reference one is made."""
        assert order.archive is not None
        assert order.source is not None
        if not order.archive.is_dir():
            known.sha256 = order.source.sha256
            return order.archive
        archive = order.folder / "archive.zip"
        known.sha256 = write_zip(order.archive, archive).sha256
        return archive

    def _packages(self, order: ReplicaOrder) -> Sequence[str]:
        """Return what has to be installed for the model on the cluster; nothing where its interpreter has it all."""
        wanted = requirements_file.read(order.artifact)
        if wanted is None or not wanted.lines:
            return []
        lines = [str(line) for line in wanted.lines]
        lacking = self._link.ask("lacking", lines, wanted.python)
        packages = installed(lines, lacking)
        if packages:
            self._logs.say(order.log, f"uv makes an environment on the node: {' '.join(lacking)}"[:2000])
        return packages

    def _wait_until_gone(self, name: str) -> None:
        """Wait until the replica's process has ended, as far as anybody can tell."""
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline:
            entry = self._link.ask("read", self._logs.seen())["replicas"].get(name)
            if entry is not None and entry["report"].get("gone"):
                self._logs.add(name, self._replica(name), entry["lines"])
                return
            if name not in self._applications(fresh=True):
                return
            time.sleep(_POLL)

    def _let_go_of_archives(self) -> None:
        with self._lock:
            wanted = {known.sha256 for known in self._known.values() if known.sha256}
            unknown = any(not known.sha256 for known in self._known.values())
        if not unknown:  # after a restart it is not known who needs what
            self._link.ask("keep", sorted(wanted))

    def _name(self, replica: ReplicaId) -> str:
        return f"{self._prefix}{replica}"

    def _replica(self, name: str) -> ReplicaId | None:
        return ReplicaId.parse(name.removeprefix(self._prefix))
