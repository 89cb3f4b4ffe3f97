"""Orders for replicas and reports about them as they stand in the database, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ads.deploy.engines.base import ReplicaId, ReplicaOrder, ReplicaReport
from ads.deploy.log_files import predict_log
from ads.deploy.placement import Machine
from ads.home import Home
from ads.registry.deployments import ModelSource

__all__ = ["ORDERS", "NodeOrder", "machine_json", "machine_of", "order_json", "order_of", "report_json", "report_of"]

ORDERS = "orders"
"""The notice to nodes that orders changed."""


@dataclass(frozen=True)
class NodeOrder:
    """An order as a node reads it: ``order`` has the paths of the node's own machine, and no environment yet."""

    number: str
    kills: int
    order: ReplicaOrder


def order_json(order: ReplicaOrder) -> dict[str, Any]:
    """Return what another machine needs to know of an order."""
    assert order.source is not None
    return {
        "deployment": order.deployment_id,
        "revision": order.id.revision,
        "slot": order.id.slot,
        "source": asdict(order.source),
        "memoryBytes": order.memory_bytes,
        "processors": order.processors,
        "environment": dict(order.environment),
        "onDevice": order.on_device,
    }


def order_of(content: Mapping[str, Any], home: Home) -> ReplicaOrder:
    """Return an order with the paths of this machine. Raises KeyError, TypeError."""
    deployment = str(content["deployment"])
    replica = ReplicaId.of(deployment, int(content["revision"]), int(content["slot"]))
    source = ModelSource(**content["source"])
    return ReplicaOrder(
        id=replica,
        python=None,
        artifact=home.artifacts / source.sha256,
        folder=home.deployment(deployment) / str(replica),
        log=predict_log(home, deployment),
        memory_bytes=int(content["memoryBytes"]),
        environment={str(name): str(value) for name, value in content["environment"].items()},
        processors=int(content["processors"]),
        source=source,
        on_device=bool(content["onDevice"]),
    )


def report_json(report: ReplicaReport, number: str) -> dict[str, Any]:
    """Return what the leader needs to know of a replica that was started by the order with this number."""
    return {
        "replica": str(report.id),
        "number": number,
        "running": report.running,
        "restarts": report.restarts,
        "exit": report.exit,
        "age": report.age,
        "status": report.status,
        "wasReady": report.was_ready,
        "address": report.address,
        "key": report.key,
    }


def report_of(replica: ReplicaId, content: Mapping[str, Any]) -> ReplicaReport:
    """Return a report as the node told it. Raises KeyError, TypeError."""
    return ReplicaReport(
        id=replica,
        running=bool(content["running"]),
        restarts=int(content["restarts"]),
        exit=str(content["exit"]),
        age=float(content["age"]),
        status=content["status"],
        was_ready=bool(content["wasReady"]),
        address=str(content["address"]),
        key=str(content["key"]),
    )


def machine_json(machine: Machine) -> dict[str, Any]:
    """Return what a node tells of its machine."""
    return asdict(machine)


def machine_of(content: Mapping[str, Any]) -> Machine:
    """Return what a node told of its machine. Raises KeyError, TypeError."""
    return Machine(int(content["memory_bytes"]), int(content["processors"]), content["devices"])
