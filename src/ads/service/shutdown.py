"""End the service of a data directory, and make sure that nothing of it is left."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import psutil

from ads.errors import ServiceTimeout
from ads.home import Home
from ads.service.lock import holder, is_held
from ads.service.sweep import sweep

__all__ = ["stop"]

_STOP_SECONDS = 120.0
_LAST_MOMENTS = 5.0


def stop(home: Home, *, seconds: float = _STOP_SECONDS) -> bool:
    """End the service and all its processes; return whether one was running.

    Requests in flight are finished first. Raises ServiceTimeout when it is still there after ``seconds``, killed.
    """
    if not is_held(home.lock_file):
        if home.run.is_dir():
            sweep(home)
        home.remove_service_file()
        return False
    deadline = time.monotonic() + seconds
    asked = supervisor = 0
    while is_held(home.lock_file):
        pid = holder(home.lock_file)
        if pid and pid != asked:
            _send(pid, signal.SIGTERM)
            asked = supervisor = pid
        if time.monotonic() > deadline:
            if not asked or pid != asked:
                raise ServiceTimeout("The service's process can't be found.", hint="End the supervisor by hand.")
            _send(asked, signal.SIGKILL)
            deadline = time.monotonic() + 5.0
            asked = -1
        time.sleep(0.02)
    _await_end(supervisor)
    if asked == -1:
        sweep(home)
        home.remove_service_file()
    return True


def _await_end(pid: int) -> None:
    """Wait until a process that gave up its lock is gone; one that only its parent has to collect counts as gone."""
    deadline = time.monotonic() + _LAST_MOMENTS
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid) if pid else None
        while process is not None and process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
            time.sleep(0.01)


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
