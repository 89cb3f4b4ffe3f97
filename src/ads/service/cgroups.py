"""Control groups (version 2): limits for all processes of a replica together, where the service may write one.

The group that the service was started in gets one for the service itself, and one for each replica: groups with limits
have no processes of their own beside them. Where that can't be, each process has its limits (rlimits) alone.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

__all__ = ["Groups", "found_groups", "group_of", "limits_of"]

_MOUNTS = Path("/proc/self/mountinfo")
_MEMBERSHIP = Path("/proc/self/cgroup")
_NEEDED = ("memory", "pids", "cpu")
_PERIOD = 100_000
"""Microseconds over which processor time is counted."""
_PREFIX = "openads"
_GONE_SECONDS = 1.0


def group_of(mounts: str, membership: str) -> Path | None:
    """Return the folder of this process's group, from the texts that the system has about both; None: there is none."""
    path = next((line[3:] for line in membership.splitlines() if line.startswith("0::")), None)
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        if path is not None and rest.split(" ")[0] == "cgroup2":
            root, place = fields.split(" ")[3:5]
            below = f"{root.rstrip('/')}/"
            if f"{path}/".startswith(below):
                return Path(place, path[len(below) :])
    return None


def limits_of(memory_bytes: int, processors: int, processes: int) -> dict[str, str]:
    """Return what is written into which file of a group; 0 is no limit."""
    limits: dict[str, str] = {}
    if memory_bytes:
        limits |= {"memory.max": str(memory_bytes), "memory.swap.max": "0", "memory.oom.group": "1"}
    if processors:
        limits["cpu.max"] = f"{processors * _PERIOD} {_PERIOD}"
    if processes:
        limits["pids.max"] = str(processes)
    return limits


class Groups:
    """The groups of one service's children below ``base``; none of them where ``why`` says why there can't be any."""

    def __init__(self, base: Path | None, why: str = "") -> None:
        self._base = base
        self._why = why

    @property
    def usable(self) -> bool:
        """Whether children get groups."""
        return self._base is not None

    @property
    def description(self) -> str:
        """How replicas are limited, for people."""
        return "cgroup v2" if self.usable else f"rlimits ({self._why})"

    def make(self, name: str, limits: Mapping[str, str]) -> str:
        """Return the folder of a new group with these limits; empty where there is none, and from then on."""
        if self._base is None:
            return ""
        folder = self._folder(self._base, name)
        try:
            folder.mkdir(exist_ok=True)
            for file, value in limits.items():
                if file != "memory.swap.max" or (folder / file).exists():  # a system without swap has no such file
                    (folder / file).write_text(value)
        except OSError as error:
            self._base, self._why = None, f"a control group can't be limited: {error.strerror or error}"
            return ""
        return str(folder)

    def end(self, name: str) -> None:
        """Kill whatever is left in a group, and remove it."""
        if self._base is None:
            return
        folder = self._folder(self._base, name)
        if not folder.is_dir():
            return
        with suppress(OSError):  # an older kernel has no such file; their process group is killed anyway
            (folder / "cgroup.kill").write_text("1")
        deadline = time.monotonic() + _GONE_SECONDS
        while time.monotonic() < deadline:
            with suppress(OSError):
                folder.rmdir()
                return
            time.sleep(0.002)

    @staticmethod
    def _folder(base: Path, name: str) -> Path:
        return base / f"{_PREFIX}-{os.getpid()}-{name.replace('/', '-')}"


def found_groups(mounts: Path = _MOUNTS, membership: Path = _MEMBERSHIP) -> Groups:
    """Return the groups that this process may make for its children, and become a member of one beside them."""
    try:
        base = group_of(mounts.read_text(), membership.read_text())
    except OSError:
        base = None
    if base is None:
        return Groups(None, "this system has no control groups of version 2")
    try:
        present = (base / "cgroup.controllers").read_text().split()
    except OSError:
        return Groups(None, "the service doesn't see its control group")
    missing = [name for name in _NEEDED if name not in present]
    if missing:
        return Groups(None, f"the service's control group has no {' and no '.join(missing)} controller")
    if not (os.access(base, os.W_OK) and os.access(base / "cgroup.subtree_control", os.W_OK)):
        return Groups(None, "the service may not write its control group")
    return _made(base)


def _made(base: Path) -> Groups:
    own = base / f"{_PREFIX}-{os.getpid()}"
    with suppress(OSError):
        for left in base.glob(f"{_PREFIX}-*"):  # of services that were killed; those with processes stay
            with suppress(OSError):
                left.rmdir()
    try:
        own.mkdir(exist_ok=True)
        (own / "cgroup.procs").write_text("0")
        (base / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in _NEEDED))
    except OSError as error:
        with suppress(OSError):
            (base / "cgroup.procs").write_text("0")
            own.rmdir()
        reason = "other processes are in it" if error.errno == errno.EBUSY else error.strerror or str(error)
        return Groups(None, f"the service's control group can't be divided: {reason}")
    return Groups(base)
