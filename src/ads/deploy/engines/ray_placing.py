"""What Ray is asked for a replica, and what its cluster's words say of one. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ads.deploy.engines.base import ReplicaId, ReplicaOrder, ReplicaReport
from ads.deploy.placement import Machine
from ads.replica_address import tcp

__all__ = [
    "NOT_IN_PLACE",
    "SILENT_SECONDS",
    "Needs",
    "Node",
    "machine_of",
    "needs_of",
    "no_place",
    "node_for",
    "report_of",
]

SILENT_SECONDS = 8.0
"""How long a replica may say nothing (it does so each second) before it counts as lost with its node."""
NOT_IN_PLACE = "replica-files"
"""The code of a failure of the node, not of the model."""
_GAVE_UP = frozenset({"DEPLOY_FAILED"})
_GIB = 1024**3


@dataclass(frozen=True)
class Node:
    """A node of the cluster that is there, with what it has in all."""

    id: str
    host: str
    resources: Mapping[str, float]


@dataclass(frozen=True)
class Needs:
    """What a replica takes of a node: processors (hardware threads, as Ray counts them), bytes of memory, GPUs."""

    processors: int
    memory_bytes: int
    gpus: int

    def __str__(self) -> str:
        memory = f", {self.memory_bytes / _GIB:.1f} GiB of memory" if self.memory_bytes else ""
        gpus = f", {self.gpus} GPU" if self.gpus else ""
        return f"{self.processors} processors{memory}{gpus}"

    def fit(self, node: Node) -> bool:
        """Tell whether an empty node would have enough."""
        wanted = {"CPU": self.processors, "memory": self.memory_bytes, "GPU": self.gpus}
        return all(node.resources.get(name, 0.0) >= amount for name, amount in wanted.items())


def needs_of(order: ReplicaOrder) -> Needs:
    """Return what a replica takes: its shape's processors and memory as far as they are limits, and one GPU of a shape
    with GPUs.
    """
    return Needs(max(1, order.processors), order.memory_bytes, 1 if order.on_device else 0)


def node_for(needs: Needs, nodes: Iterable[Node], mine: Sequence[str], all_replicas: Sequence[str]) -> str:
    """Return the node on which a replica should rather run: where its deployment has fewest, then anybody.

    ``mine`` and ``all_replicas`` have an entry for each replica: its node. Empty where there is no choice.
    """
    fitting = [node.id for node in nodes if needs.fit(node)]
    own, others = Counter(mine), Counter(all_replicas)
    if len(fitting) < 2:
        return ""
    return min(fitting, key=lambda node: (own[node], others[node], node))


def no_place(needs: Needs, nodes: Sequence[Node], seconds: float, *, builds: bool = False) -> dict[str, str]:
    """Return why a replica has not been placed for so long, as a status file tells an error. ``builds``: an environment
    had to be made for it.
    """
    if builds:
        return {
            "code": "ray-environment",
            "message": f"Ray did not start the replica within {seconds:.0f} s; it had an environment to make for it.",
            "hint": "See whether the nodes reach a package index, or set wheels; Ray's logs on the node say more.",
        }
    fitting = sum(needs.fit(node) for node in nodes)
    had = "each is full" if fitting else f"none of {len(nodes)} has as much in all"
    return {
        "code": "ray-no-room",
        "message": f"The cluster had no room for {seconds:.0f} s: a replica takes {needs} of one node, and {had}.",
        "hint": "Add nodes, or deploy with a smaller shape (ocpus, memory_in_gbs).",
    }


def machine_of(nodes: Iterable[Node]) -> Machine:
    """Return what the nodes have together."""
    total: Counter[str] = Counter()
    for node in nodes:
        total.update({name: int(amount) for name, amount in node.resources.items() if name in ("CPU", "GPU", "memory")})
    return Machine(total["memory"], max(1, total["CPU"]), {str(number): 0 for number in range(total["GPU"])})


def report_of(
    replica: ReplicaId,
    age: float,
    failure: Mapping[str, str] | None,
    entry: Mapping[str, Any] | None,
    application: Mapping[str, str] | None,
) -> ReplicaReport:
    """Return a replica as the controller sees it.

    ``age`` in seconds since it was ordered, ``failure`` why it could not be, ``entry`` what it told the ledger, None or
    old where it is not placed yet or its node is gone, ``application`` what Ray Serve says of it.
    """
    if failure is None and application is not None and application["state"] in _GAVE_UP and not _heard(entry):
        failure = {
            "code": "ray-gave-up",
            "message": f"Ray Serve could not start the replica: {application['message'][:2000]}",
            "hint": "Ray's own logs on the node say more; deploy again once that is mended.",
        }
    if failure is not None:
        return _failed(replica, age, failure)
    if entry is None or not _heard(entry):  # Ray Serve is about to place it, or to replace it
        waited = age if entry is None else min(age, float(entry["silent"]))
        return ReplicaReport(id=replica, running=True, age=waited)
    told = entry["report"]
    status, port = told["status"], (told["status"] or {}).get("port")
    if status is not None and (status.get("error") or {}).get("code") == NOT_IN_PLACE:
        return _failed(replica, age, status["error"])
    return ReplicaReport(
        id=replica,
        running=bool(told["running"]),
        restarts=int(told["restarts"]),
        exit=str(told["exit"]),
        age=float(entry["age"]) if told["started"] else age,
        status=status,
        was_ready=bool(told["was_ready"]) and not told["running"],
        address=tcp(told["host"], port) if port else "",
        key=str(told["key"]),
    )


def _failed(replica: ReplicaId, age: float, failure: Mapping[str, str]) -> ReplicaReport:
    """Return a replica that nothing will start: of a new revision a failure, of one that serves one to order anew."""
    status = {"state": "failed", "stages": [], "error": dict(failure)}
    return ReplicaReport(
        id=replica, running=False, exit="signal SIGKILL", age=age, status=status, was_ready=True, restarts=0
    )


def _heard(entry: Mapping[str, Any] | None) -> bool:
    """Tell whether a replica is there: it has told so lately, and didn't say that it goes."""
    return entry is not None and entry["silent"] < SILENT_SECONDS and not entry["report"].get("gone")
