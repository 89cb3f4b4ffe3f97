"""What a deployment's shape asks of a cluster: processors, memory, GPUs of each pod. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ads.deploy.shapes import SHAPES

__all__ = ["Resources", "resources_of"]

_VCPUS_PER_OCPU = 2  # an OCPU is one physical core with two hardware threads
_GPUS = re.compile(r"\.GPU.*\.(\d{1,2})$")
_FIXED = re.compile(r"\.\d{1,3}$")
_LEAST_MEMORY = 512 * 1024**2
_GIB = 1024**3


@dataclass(frozen=True)
class Resources:
    """What a pod asks for and may use. ``memory_bytes`` 0: no limit, and a small request."""

    processors: float
    memory_bytes: int
    gpus: int = 0

    def as_json(self, gpu: str) -> dict[str, dict[str, str]]:
        """Return the container's ``resources``; ``gpu`` is what the cluster calls one."""
        cpu = f"{round(self.processors * 1000)}m"
        requests = {"cpu": cpu, "memory": str(self.memory_bytes or _LEAST_MEMORY)}
        limits = {"cpu": cpu}
        if self.memory_bytes:
            limits["memory"] = str(self.memory_bytes)
        if self.gpus:
            requests[gpu] = limits[gpu] = str(self.gpus)
        return {"requests": requests, "limits": limits}


def resources_of(shape: str, ocpus: float, memory_bytes: int) -> Resources:
    """Return what each replica gets. ``ocpus`` and ``memory_bytes`` 0: not said.

    A fixed shape that is known by name says both; the others are one OCPU where nothing is said.
    """
    known = next((each for each in SHAPES if each.name == shape and _FIXED.search(shape)), None)
    if not ocpus:
        ocpus = known.cores if known is not None else 1
    if not memory_bytes and known is not None:
        memory_bytes = known.memory_gb * _GIB
    gpus = _GPUS.search(shape)
    return Resources(ocpus * _VCPUS_PER_OCPU, memory_bytes, int(gpus[1]) if gpus else 0)
