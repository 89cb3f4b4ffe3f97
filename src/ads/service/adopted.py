"""Processes that left their parent behind: they become the supervisor's children, which ends them."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Container
from contextlib import suppress
from pathlib import Path

__all__ = ["adopt", "end_adopted"]

_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> None:
    """Become the parent of every process below this one whose own parent ends, where the system has that."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_adopted(known: Container[int]) -> list[int]:
    """Kill the children of this process that it has not started itself; return their pids. The ended are buried."""
    found = []
    for pid in _children():
        if pid in known:
            continue
        found.append(pid)
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    return found


def _children() -> list[int]:
    """Return the pids of this process's children, none where the system doesn't say."""
    pid = os.getpid()
    with suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    return []
