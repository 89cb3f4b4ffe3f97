"""The interface between the reconcile loop and whatever runs replicas."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ads.deploy.placement import Machine
from ads.registry.deployments import ModelSource

__all__ = ["Engine", "ReplicaId", "ReplicaOrder", "ReplicaReport"]

_TAIL = 12


@dataclass(frozen=True)
class ReplicaId:
    """Which replica: the end of its deployment's id, the revision, the place. As text it names socket and process."""

    deployment: str
    revision: int
    slot: int

    def __str__(self) -> str:
        return f"{self.deployment}-{self.revision}-{self.slot}"

    @classmethod
    def of(cls, deployment_id: str, revision: int, slot: int) -> ReplicaId:
        """Return the id of a replica of the deployment with this OCID."""
        return cls(deployment_id[-_TAIL:], revision, slot)

    @classmethod
    def parse(cls, text: str) -> ReplicaId | None:
        """Return the id that a text stands for, None when it is none."""
        deployment, _, rest = text.partition("-")
        revision, _, slot = rest.partition("-")
        if deployment and revision.isdigit() and slot.isdigit():
            return cls(deployment, int(revision), int(slot))
        return None


@dataclass(frozen=True)
class ReplicaOrder:
    """Everything that starting a replica takes. ``folder`` is the replica's own, ``log`` shared by the deployment's.

    ``memory_bytes`` and ``processors`` are the most that it may use, 0: no limit. An engine that prepares environments
    itself gets no ``python`` but the ``source`` of the model and its checked ``archive`` (of a model by reference: the
    folder of its files), and in ``processors`` what the deployment's shape has. ``on_device``: the shape has GPUs.
    ``shape`` and ``ocpus`` (0: not said) are as the deployment asks for them, whatever this machine has.
    """

    id: ReplicaId
    python: Path | None
    artifact: Path
    folder: Path
    log: Path
    memory_bytes: int
    environment: Mapping[str, str]
    processors: int = 0
    source: ModelSource | None = None
    archive: Path | None = None
    on_device: bool = False
    shape: str = ""
    ocpus: float = 0.0

    @property
    def deployment_id(self) -> str:
        """The OCID of its deployment, whose folder its own is in."""
        return self.folder.parent.name


@dataclass(frozen=True)
class ReplicaReport:
    """One replica as its engine sees it. ``status`` is what the replica itself wrote, None before it wrote anything.

    ``exit`` says how the last process ended (``exit code 1``, ``signal SIGKILL``), empty when none has; ``age`` is in
    seconds since the present process was started. ``was_ready``: the last process got as far as answering. ``pid`` is
    None where the replica is no process of this machine. ``address`` is where gateways reach it (``tcp://host:port``),
    with the ``key`` that it asks for; empty: where :meth:`Engine.socket` says.
    """

    id: ReplicaId
    running: bool
    restarts: int = 0
    exit: str = ""
    age: float = 0.0
    status: Mapping[str, Any] | None = None
    was_ready: bool = False
    pid: int | None = None
    address: str = ""
    key: str = field(default="", repr=False)


class Engine(Protocol):
    """Starts, stops and lists replicas. Every method may raise EngineUnavailable.

    Where ``prepares_environments`` is true, what is to be started has its environment on this machine; else the engine
    makes it where the replica is to run.
    """

    @property
    def prepares_environments(self) -> bool:
        """Whether environments are made on this machine before a replica is ordered."""

    def start(self, order: ReplicaOrder) -> None:
        """Start a replica; nothing happens when it runs already."""

    def stop(self, replica: ReplicaId) -> None:
        """End a replica for good; return once it is gone."""

    def kill(self, replica: ReplicaId) -> None:
        """End a replica's process at once; it is started again like after a crash."""

    def list(self) -> list[ReplicaReport]:
        """Return every replica."""

    def machine(self) -> Machine:
        """Return what there is to run replicas on."""

    def watch(self, ended: Callable[[], None], over: threading.Event) -> None:
        """Call ``ended`` whenever a replica ended by itself, until ``over`` is set."""

    def socket(self, replica: ReplicaId) -> str:
        """Return where gateways reach a replica whose report has no address; empty: not yet."""
