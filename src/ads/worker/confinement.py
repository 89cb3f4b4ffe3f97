"""What a replica does to itself before the user's code runs: limits, no input, a life tied to its supervisor's."""

import contextlib
import os
import resource
import signal
import sys
import threading
from typing import Optional

__all__ = ["bound_socket", "confine", "tie_to_supervisor"]

_OPEN_FILES = 4096
_FIRST_TO_GO = "500"
_PR_SET_PDEATHSIG = 1


def confine(memory_limit: int) -> None:
    """Set limits on memory (bytes, 0: none), open files and core files; read nothing from standard input.

    Where memory runs out, the system ends a replica before the service: another one takes its requests.
    """
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write(_FIRST_TO_GO)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    if memory_limit:
        # The data segment counts what the process can really write to. The address space would count the large
        # reservations of GPU and BLAS libraries too.
        _limit(resource.RLIMIT_DATA, memory_limit)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]


def _limit(which: int, wanted: int) -> None:
    _, hard = resource.getrlimit(which)
    value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(which, (value, value))


def bound_socket() -> "Optional[int]":
    """Return the descriptor of the socket that the supervisor has bound for this replica, None when it has not."""
    text = os.environ.pop("OPENADS_SOCKET", "")
    if not text.isdigit():
        return None
    os.set_inheritable(int(text), False)
    return int(text)


def tie_to_supervisor() -> None:
    """End this process when the supervisor ends, whatever the user's code is doing.

    The lifeline is the read end of a pipe whose write end only the supervisor holds. Linux also signals the death of
    the parent, which works even while a library holds the interpreter's lock.
    """
    text = os.environ.pop("OPENADS_LIFELINE", "")
    if not text.isdigit():
        return
    lifeline = int(text)
    parent = os.getppid()
    os.set_inheritable(lifeline, False)
    threading.Thread(target=_wait_for_end, args=(lifeline,), name="lifeline", daemon=True).start()
    if sys.platform == "linux":
        _ask_for_signal_at_parents_death(parent)


def _ask_for_signal_at_parents_death(parent: int) -> None:
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _wait_for_end(lifeline: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(lifeline, 64):
            pass
        os._exit(1)
