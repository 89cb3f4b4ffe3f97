"""What the cluster is told about one replica: a Secret, and a ReplicaSet of one pod. Pure.

The ReplicaSet brings a lost pod back on another node while no control plane runs. The pod prepares itself first
(archive, environment) in a container without the model, then runs the replica with the prepared files read-only.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ads.deploy.engines.base import ReplicaId
from ads.deploy.engines.kubernetes_resources import Resources
from ads.deploy.engines.kubernetes_security import container_security, pod_security

__all__ = [
    "DEPLOYMENT",
    "GPU",
    "REPLICA",
    "REPLICA_PORT",
    "START",
    "STATUS_PORT",
    "Cluster",
    "Placement",
    "Wanted",
    "name_of",
    "replica_set",
    "secret",
    "secret_name_of",
    "selector",
]

Object = dict[str, Any]

REPLICA = "openads/replica"
START = "openads/start"
DEPLOYMENT = "openads/deployment"
REPLICA_PORT = 7070
STATUS_PORT = 7071
GPU = "nvidia.com/gpu"

_NAME = "openads-replica"
_PREPARED = "/model"
_WORK = "/work"
_SECRET = "/run/openads"  # noqa: S105 - a folder's name
_WORDS = "/dev/termination-log"
_UNREACHABLE_SECONDS = 30
_GRACE = 15


@dataclass(frozen=True)
class Placement:
    """What the operator says of all replicas' pods: fields of a pod's specification, and variables for preparing."""

    pod: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cluster:
    """What holds for all pods: the service's image, its own short name, and where pods reach it."""

    image: str
    instance: str
    url: str
    placement: Placement = Placement()


@dataclass(frozen=True)
class Wanted:
    """One replica: which, which start of it, what it serves and with how much. ``deployment`` is the whole OCID."""

    id: ReplicaId
    start: str
    key: str
    deployment: str
    sha256: str
    size: int
    resources: Resources
    environment: Mapping[str, str]


def name_of(replica: ReplicaId) -> str:
    """Return what the replica's ReplicaSet is called."""
    return f"openads-{replica}"


def secret_name_of(replica: ReplicaId, start: str) -> str:
    """Return what the Secret of one start of a replica is called: no start touches what another one uses."""
    return f"{name_of(replica)}-{start}"


def selector(instance: str) -> str:
    """Return the labels of everything that this service runs in the cluster."""
    return f"app.kubernetes.io/name={_NAME},app.kubernetes.io/instance={instance}"


def secret(wanted: Wanted, cluster: Cluster) -> Object:
    """Return the Secret: the replica's key, and the deployment's environment variables, which may be secrets too."""
    content = {"key": wanted.key, "environment.json": json.dumps(dict(wanted.environment))}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {**_about(wanted, cluster), "name": secret_name_of(wanted.id, wanted.start)},
        "type": "Opaque",
        "data": {name: base64.b64encode(text.encode()).decode() for name, text in content.items()},
    }


def replica_set(wanted: Wanted, cluster: Cluster) -> Object:
    """Return the ReplicaSet whose one pod is the replica."""
    about = _about(wanted, cluster)
    chosen = {REPLICA: str(wanted.id), START: wanted.start}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": about,
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": chosen},
            "template": {
                "metadata": {"labels": about["labels"], "annotations": about["annotations"]},
                "spec": _pod(wanted, cluster),
            },
        },
    }


def _about(wanted: Wanted, cluster: Cluster) -> Object:
    return {
        "name": name_of(wanted.id),
        "labels": {
            "app.kubernetes.io/name": _NAME,
            "app.kubernetes.io/instance": cluster.instance,
            "app.kubernetes.io/managed-by": "openads",
            "openads/revision": str(wanted.id.revision),
            "openads/of": wanted.id.deployment,
            REPLICA: str(wanted.id),
            START: wanted.start,
        },
        "annotations": {DEPLOYMENT: wanted.deployment},
    }


def _pod(wanted: Wanted, cluster: Cluster) -> Object:
    away = [
        {"key": f"node.kubernetes.io/{name}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}
        for name, seconds in (("not-ready", _UNREACHABLE_SECONDS), ("unreachable", _UNREACHABLE_SECONDS))
    ]
    more = dict(cluster.placement.pod)
    return {
        **pod_security(),
        "terminationGracePeriodSeconds": _GRACE,
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"openads/of": wanted.id.deployment}},
            }
        ],
        "initContainers": [_preparing(wanted, cluster)],
        "containers": [_replica(wanted, cluster)],
        "volumes": [
            {"name": "prepared", "emptyDir": {}},
            {"name": "work", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {}},
            {"name": "secret", "secret": {"secretName": secret_name_of(wanted.id, wanted.start), "defaultMode": 0o440}},
        ],
        **more,
        "tolerations": [*away, *(more.get("tolerations") or ())],
    }


def _preparing(wanted: Wanted, cluster: Cluster) -> Object:
    command = ["python", "-m", "ads.deploy.engines.pod_preparation", "--url", cluster.url]
    command += ["--replica", str(wanted.id), "--start", wanted.start, "--sha256", wanted.sha256]
    command += ["--size", str(wanted.size), "--secret", _SECRET, "--folder", _PREPARED, "--words", _WORDS]
    variables = {"OPENADS_HOME": _PREPARED, "HOME": _PREPARED, **cluster.placement.variables}
    return {
        **_container("prepare", command, wanted, cluster),
        "env": [{"name": name, "value": value.replace("$", "$$")} for name, value in variables.items()],
        "volumeMounts": _mounts({"prepared": _PREPARED, "tmp": "/tmp"}),  # noqa: S108 - the pod's own
    }


def _replica(wanted: Wanted, cluster: Cluster) -> Object:
    command = ["python", "-m", "ads.deploy.engines.pod_replica", "--folder", _PREPARED, "--work", _WORK]
    command += ["--secret", _SECRET, "--port", str(REPLICA_PORT), "--status-port", str(STATUS_PORT)]
    command += ["--memory-limit", str(wanted.resources.memory_bytes), "--words", _WORDS]
    own_address = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    return {
        **_container("replica", command, wanted, cluster),
        "env": [own_address],
        "ports": [
            {"name": "frames", "containerPort": REPLICA_PORT, "protocol": "TCP"},
            {"name": "status", "containerPort": STATUS_PORT, "protocol": "TCP"},
        ],
        "readinessProbe": {**_probe("/ready"), "periodSeconds": 5},
        "livenessProbe": {**_probe("/live"), "periodSeconds": 20, "failureThreshold": 6},
        "volumeMounts": _mounts({"work": _WORK, "tmp": "/tmp"}, {"prepared": _PREPARED}),  # noqa: S108
    }


def _container(name: str, command: list[str], wanted: Wanted, cluster: Cluster) -> Object:
    return {
        "name": name,
        "image": cluster.image,
        "command": command,
        "resources": wanted.resources.as_json(GPU),
        "securityContext": container_security(),
    }


def _mounts(written: Mapping[str, str], read: Mapping[str, str] | None = None) -> list[Object]:
    found: list[Object] = [{"name": name, "mountPath": path} for name, path in written.items()]
    reading = {"secret": _SECRET, **(read or {})}
    return found + [{"name": name, "mountPath": path, "readOnly": True} for name, path in reading.items()]


def _probe(path: str) -> Object:
    return {"httpGet": {"path": path, "port": "status"}, "timeoutSeconds": 5}
