"""Which GPU a replica gets, how many replicas a machine has room for, and which of several machines gets the next one.

Pure but for :func:`found_devices` and :func:`this_machine`, which look at this machine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = [
    "Machine",
    "Need",
    "Node",
    "Placed",
    "choose_node",
    "found_devices",
    "no_room",
    "place",
    "room",
    "this_machine",
    "together",
]

_NVIDIA = Path("/proc/driver/nvidia/gpus")
_MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")
_INTERPRETER = 48 * 1024**2
"""What the smallest replica takes: an interpreter and what a model's code imports at least."""
_GIB = 1024**3
_MIB = 1024**2
_QUERY_SECONDS = 10.0


@dataclass(frozen=True)
class Need:
    """What a deployment asks of a machine. ``artifact_bytes`` is the least that a loaded model takes.

    ``on_device``: its shape is one with GPUs, so that is where the model is loaded.
    """

    replicas: int
    artifact_bytes: int
    on_device: bool = False


@dataclass(frozen=True)
class Machine:
    """What there is: memory in bytes, processors, and the memory of each GPU (0 where nobody knows)."""

    memory_bytes: int
    processors: int = 1
    devices: Mapping[str, int] | None = None


def room(need: Need, machine: Machine) -> int:
    """Return how many such replicas fit, at most. Processors are shared, so they limit nothing."""
    in_memory = machine.memory_bytes // (_INTERPRETER + (0 if need.on_device else need.artifact_bytes))
    devices = machine.devices or {}
    if not need.on_device or not devices or not all(devices.values()):
        return in_memory
    return min(in_memory, sum(memory // max(1, need.artifact_bytes) for memory in devices.values()))


def no_room(need: Need, machine: Machine) -> str:
    """Return why a deployment doesn't fit, with the numbers and what would; empty when it does."""
    most = room(need, machine)
    if need.replicas <= most:
        return ""
    devices = machine.devices or {}
    there = f"this machine has {machine.memory_bytes / _GIB:.1f} GiB of memory and {machine.processors} processors"
    if need.on_device and devices:
        sizes = ", ".join(f"{memory / _GIB:.1f} GiB" for memory in devices.values())
        there += f", its {len(devices)} GPUs have {sizes}"
    advice = f"Ask for {most} at most." if most else "Serve a smaller model, or use a larger machine."
    return (
        f"{need.replicas} replicas of a model of {need.artifact_bytes / _MIB:.0f} MiB don't fit: {there}, "
        f"which is enough for {most}.\n{advice}"
    )


def place(taken: Iterable[str], devices: Sequence[str]) -> str | None:
    """Return the device with the fewest replicas on it, the first of equals; None where there is no device.

    ``taken`` holds the device of each replica that runs already.
    """
    counts = Counter(taken)
    return min(devices, key=lambda device: counts[device], default=None)


@dataclass(frozen=True)
class Placed:
    """A replica on some machine, or one that is looking for one. ``artifact_bytes`` as in :class:`Need`."""

    deployment: str
    revision: int
    artifact_bytes: int
    on_device: bool = False


@dataclass(frozen=True)
class Node:
    """One of several machines, with what runs on it."""

    id: str
    machine: Machine
    replicas: tuple[Placed, ...] = ()


def choose_node(nodes: Iterable[Node], wanted: Placed) -> str | None:
    """Return the machine for one more replica, None where none has room.

    It is the one with the fewest replicas of the same revision, then of the same deployment, then of all: a machine
    that is lost should take as few of one deployment with it as can be.
    """
    able = [node for node in nodes if _has_room(node, wanted)]
    if wanted.on_device:
        able = [node for node in able if node.machine.devices] or able

    def crowd(node: Node) -> tuple[int, int, int, str]:
        own = [each for each in node.replicas if each.deployment == wanted.deployment]
        same = sum(each.revision == wanted.revision for each in own)
        return same, len(own), len(node.replicas), node.id

    return min(able, key=crowd).id if able else None


def _has_room(node: Node, wanted: Placed) -> bool:
    everybody = [*node.replicas, wanted]
    memory = sum(_INTERPRETER + (0 if each.on_device else each.artifact_bytes) for each in everybody)
    devices = node.machine.devices or {}
    if wanted.on_device and devices and all(devices.values()):
        on_devices = sum(each.artifact_bytes for each in everybody if each.on_device)
        if on_devices > sum(devices.values()) or wanted.artifact_bytes > max(devices.values()):
            return False
    return memory <= node.machine.memory_bytes


def together(machines: Iterable[Machine]) -> Machine:
    """Return several machines as one. Whether a replica fits on one of them is decided when it is placed."""
    found = list(machines)
    devices = {
        f"{number}/{name}": size for number, each in enumerate(found) for name, size in (each.devices or {}).items()
    }
    return Machine(sum(each.memory_bytes for each in found), sum(each.processors for each in found), devices or None)


def found_devices(setting: str, variables: Mapping[str, str], folder: Path = _NVIDIA) -> tuple[str, ...]:
    """Return the GPUs that replicas may use, as ``CUDA_VISIBLE_DEVICES`` names them.

    The setting ``gpus`` decides, then the service's own ``CUDA_VISIBLE_DEVICES``, then what the driver lists.
    """
    told = setting or variables.get("CUDA_VISIBLE_DEVICES", "")
    if told:
        return tuple(name for name in (part.strip() for part in told.split(",")) if name and name not in ("-1", "none"))
    return tuple(str(number) for number in range(len(list(folder.iterdir())))) if folder.is_dir() else ()


def this_machine(devices: Sequence[str]) -> Machine:
    """Return what this machine has, within the limits of its container. ``devices`` are the GPUs to use."""
    memory = int(psutil.virtual_memory().total)
    with contextlib.suppress(OSError, ValueError):  # no limit: the file is absent, or says "max"
        memory = min(memory, int(_MEMORY_LIMIT.read_text()))
    return Machine(memory, os.cpu_count() or 1, _device_memory(devices))


def _device_memory(devices: Sequence[str]) -> dict[str, int]:
    """Return the memory of each of these GPUs in bytes, 0 where the driver doesn't tell."""
    found = dict.fromkeys(devices, 0)
    program = shutil.which("nvidia-smi")
    if not found or program is None:
        return found
    query = [program, "--query-gpu=index,uuid,memory.total", "--format=csv,noheader,nounits"]
    try:
        lines = subprocess.run(query, capture_output=True, text=True, timeout=_QUERY_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return found
    for line in lines.splitlines():
        index, uuid, memory = (part.strip() for part in line.split(","))
        for name in found:
            if name == index or (name and uuid.startswith(name)):
                found[name] = int(memory) * _MIB
    return found
