"""What every pod of ours may not do: those that the engine starts, and those that are exported."""

from __future__ import annotations

from typing import Any

__all__ = ["USER", "container_security", "pod_security"]

USER = 65532
"""The number of the user and group that everything in our images runs as."""


def pod_security() -> dict[str, Any]:
    """Return the part of a pod's spec that takes its rights: no account, no names of services, no root."""
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def container_security() -> dict[str, Any]:
    """Return a container's security context: nothing to gain, nothing to write to but its volumes."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
