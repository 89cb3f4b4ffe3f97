"""What a killed supervisor left behind: processes that outlived it, sockets that nobody answers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from ads.home import Home, write_private
from ads.service.child import Child

__all__ = ["record", "sweep"]

_SAME_START = 2.0
"""Seconds by which the noted and the actual start of one process may differ."""
_PATIENCE = 5.0


def _record_file(home: Home) -> Path:
    return home.run / "children.json"


def record(home: Home, children: Iterable[Child]) -> None:
    """Note which processes are running, for the next supervisor in case this one is killed."""
    entries = [
        {"name": child.spec.name, "pid": child.pid, "started": child.started} for child in children if child.running
    ]
    with contextlib.suppress(OSError):  # a full disk must not stop anything: the kernel ends children as well
        write_private(_record_file(home), json.dumps(entries).encode())


def sweep(home: Home) -> list[int]:
    """Kill what is left of the recorded processes and their sessions; return their pids. Removes dead sockets."""
    killed: set[int] = set()
    deadline = time.monotonic() + _PATIENCE
    sessions = _recorded(home)
    while True:
        left = _members(sessions)
        if not left or time.monotonic() > deadline:
            break
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed |= left
        time.sleep(0.02)
    for pattern in ("*.sock", "r/*.sock", "gateways/*.sock"):
        for path in home.run.glob(pattern):
            path.unlink(missing_ok=True)
    _record_file(home).unlink(missing_ok=True)
    return sorted(killed)


def _recorded(home: Home) -> dict[int, float]:
    """Return session ids (a child's pid) with their start times."""
    try:
        entries = json.loads(_record_file(home).read_bytes())
        return {int(entry["pid"]): float(entry["started"]) for entry in entries}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _members(sessions: dict[int, float]) -> set[int]:
    """Return the living processes of these sessions, none that merely got an old number again."""
    members = set()
    for process in psutil.process_iter(["pid", "create_time", "status"]) if sessions else ():
        pid, born, status = (process.info[key] for key in ("pid", "create_time", "status"))
        try:
            session = os.getsid(pid)
        except OSError:
            continue
        started = sessions.get(session)
        if started is None or born is None or status == psutil.STATUS_ZOMBIE or pid == os.getpid():
            continue
        is_leader = pid == session
        if abs(born - started) <= _SAME_START if is_leader else born >= started - _SAME_START:
            members.add(pid)
    return members
