"""What a cluster is told about an exported model: plain objects, which need nothing of ours there but the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ads.deploy.engines.kubernetes_security import container_security, pod_security
from ads.export.image import PORT
from ads.export.subject import Subject

__all__ = ["Size", "kserve", "plain"]

Object = dict[str, Any]

_DATA = "/var/lib/openads"
_GRACE = 75
"""Seconds: the gateway's own 65, and the moment in which the cluster stops sending."""


@dataclass(frozen=True)
class Size:
    """How much a pod gets, and how many there are: ``least`` to ``most``, by the share of the processors in use."""

    cpus: str = "1"
    memory: str = "2Gi"
    least: int = 2
    most: int = 6
    busy_percent: int = 70


def plain(subject: Subject, image: str, size: Size) -> dict[str, Object]:
    """Return the objects by the names of their files."""
    name = subject.name
    labels = _labels(subject)
    return {
        "deployment": _deployment(subject, image, size),
        "service": {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": _about(subject),
            "spec": {
                "selector": _selector(subject),
                "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
            },
        },
        "autoscaler": {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": _about(subject),
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                "minReplicas": size.least,
                "maxReplicas": size.most,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": size.busy_percent},
                        },
                    }
                ],
                "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
            },
        },
        "disruption-budget": {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": _about(subject),
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": _selector(subject)}},
        },
        "network-policy": {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name, "labels": labels},
            "spec": {
                "podSelector": {"matchLabels": _selector(subject)},
                "policyTypes": ["Ingress", "Egress"],
                # Who may call is the token's matter; what the model may reach is nothing.
                "ingress": [{"ports": [{"port": PORT, "protocol": "TCP"}]}],
                "egress": [],
            },
        },
    }


def kserve(subject: Subject, image: str, size: Size) -> dict[str, Object]:
    """Return an InferenceService, whose paths are those of the Open Inference Protocol."""
    predictor: Object = {**_pod(subject, image, size, container="kserve-container")}
    predictor["minReplicas"], predictor["maxReplicas"] = size.least, size.most
    predictor["scaleMetric"], predictor["scaleTarget"] = "cpu", size.busy_percent
    service = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": _about(subject),
        "spec": {"predictor": predictor},
    }
    return {"inference-service": service}


def _labels(subject: Subject) -> dict[str, str]:
    return {
        **_selector(subject),
        "app.kubernetes.io/version": subject.version[:63].rstrip("-._"),
        "app.kubernetes.io/managed-by": "openads",
    }


def _selector(subject: Subject) -> dict[str, str]:
    return {"app.kubernetes.io/name": subject.name}


def _about(subject: Subject) -> Object:
    return {"name": subject.name, "labels": _labels(subject)}


def _deployment(subject: Subject, image: str, size: Size) -> Object:
    pod = _pod(subject, image, size, container="model")
    pod["topologySpreadConstraints"] = [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": _selector(subject)},
        }
    ]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _about(subject),
        "spec": {
            # How many there are is the autoscaler's: a number here would undo its work at every change.
            "selector": {"matchLabels": _selector(subject)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "progressDeadlineSeconds": 1200,
            "template": {"metadata": {"labels": _labels(subject)}, "spec": pod},
        },
    }


def _pod(subject: Subject, image: str, size: Size, *, container: str) -> Object:
    return {
        **pod_security(),
        "terminationGracePeriodSeconds": _GRACE,
        "containers": [_container(subject, image, size, container)],
        "volumes": [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}],
    }


def _container(subject: Subject, image: str, size: Size, name: str) -> Object:
    return {
        "name": name,
        "image": image,
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "env": [
            {
                "name": "OPENADS_TOKEN",
                "valueFrom": {"secretKeyRef": {"name": f"{subject.name}-token", "key": "token"}},
            }
        ],
        "resources": {
            "requests": {"cpu": size.cpus, "memory": size.memory},
            "limits": {"memory": size.memory},
        },
        "securityContext": container_security(),
        "startupProbe": {**_probe("/health/ready"), "periodSeconds": 5, "failureThreshold": 120},
        "readinessProbe": {**_probe("/health/ready"), "periodSeconds": 5},
        "livenessProbe": {**_probe("/health/live"), "periodSeconds": 10, "failureThreshold": 6},
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}},
        "volumeMounts": [{"name": "data", "mountPath": _DATA}, {"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108
    }


def _probe(path: str) -> Object:
    return {"httpGet": {"path": path, "port": "http"}, "timeoutSeconds": 2}
