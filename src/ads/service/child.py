"""One child process: started with its own session and a lifeline, signalled as a group, reaped."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ads.service.backoff import next_crashes, pause
from ads.service.orders import ChildSpec

__all__ = ["Child"]

_PR_SET_PDEATHSIG = 1
_COMMAND_NOT_FOUND = 127


def _die_with_parent() -> Callable[[], None] | None:
    """Return what a child does before it becomes its program, where the kernel can end it with its parent."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    supervisor = os.getpid()

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != supervisor:  # it died in between
            os._exit(70)

    return prepare


class Child:
    """A child that is to be running. ``pid`` is 0 while it waits for its next start, at ``due`` (monotonic)."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.pid = 0
        self.started = 0.0
        self.restarts = 0
        self.exit_code: int | None = None
        self.signal: int | None = None
        self.due: float | None = None
        self.stopping = False
        self.kill_at: float | None = None
        self._lifeline_end: int | None = None
        self.crashes = 0
        self._began = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None

    def start(self) -> None:
        """Start the process. One that can't be started counts as one that died at once."""
        self.due = None
        self._began = time.monotonic()
        self.started = time.time()
        spec = self.spec
        # A pipe for each start: what one child does to its end, for example make it non-blocking, is nobody else's.
        lifeline, self._lifeline_end = os.pipe()
        try:
            Path(spec.log).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(spec.log, "ab") as log:  # noqa: PTH123 - a descriptor to hand on
                self._process = subprocess.Popen(
                    spec.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**spec.env, "OPENADS_LIFELINE": str(lifeline)},
                    cwd=spec.cwd,
                    start_new_session=True,
                    pass_fds=(lifeline, *spec.pass_fds),
                    preexec_fn=_die_with_parent(),  # noqa: PLW1509 - there is one thread only
                )
            self.pid = self._process.pid
        except (OSError, subprocess.SubprocessError) as error:
            sys.stderr.write(f"{spec.name} could not be started: {error}\n")
            self._ended(_COMMAND_NOT_FOUND)
        finally:
            os.close(lifeline)

    def reap(self) -> bool:
        """Return whether the process ended since the last look; then its group is swept and its next start is due."""
        if self._process is None:
            return False
        code = self._process.poll()
        if code is None:
            return False
        self.signal_group(signal.SIGKILL)  # what it left behind in its group
        self._ended(code)
        return True

    def _ended(self, code: int) -> None:
        now = time.monotonic()
        if self._lifeline_end is not None:
            os.close(self._lifeline_end)
            self._lifeline_end = None
        self._process = None
        self.pid = 0
        self.kill_at = None
        self.exit_code = code if code >= 0 else None
        self.signal = -code if code < 0 else None
        if not self.stopping:
            self.crashes = next_crashes(self.crashes, now - self._began, killed=self.signal == signal.SIGKILL)
            self.restarts += 1
            self.due = now + pause(self.crashes)

    def stop(self) -> None:
        """Ask the process to end; :attr:`kill_at` says when asking is over."""
        self.due = None
        if not self.stopping:
            self.stopping = True
            if self.running:
                self.kill_at = time.monotonic() + self.spec.grace
                self.signal_group(signal.SIGTERM)

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the process and everything it started in its group."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def describe(self) -> dict[str, object]:
        """Return what ``list`` says of it."""
        return {
            "name": self.spec.name,
            "pid": self.pid,
            "state": "running" if self.running else "backoff",
            "restarts": self.restarts,
            "exit_code": self.exit_code,
            "signal": self.signal,
            "started": self.started,
        }
