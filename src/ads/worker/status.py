"""The status file: how far a replica is, and why it failed. Replaced atomically, so a reader sees whole states only."""

import json
import os
import time
from typing import Any, Dict, List, Optional

__all__ = ["Failure", "Status"]


class Failure(Exception):
    """The replica can't become ready: a stable code, what happened, what to do next."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


def _age_of_process() -> float:
    """Return the seconds since this process was started, 0.0 where the system doesn't tell."""
    try:
        with open("/proc/self/stat", "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0


def _waited() -> float:
    """Return the seconds for which this process was wanted before there was anything that it could be forked from."""
    try:
        return float(os.environ.pop("OPENADS_WAITED", "0"))
    except ValueError:
        return 0.0


class Status:
    """Writes the file at ``path`` at every change of state and at the end of every stage.

    ``port`` is the TCP port that the replica listens on, None without one; ``description`` what :meth:`describe` was
    given, as JSON.
    """

    def __init__(self, path: str) -> None:
        self.port: "Optional[int]" = None
        self.description = b"{}"
        self._path = path
        self._state = "starting"
        self._stages: "List[Dict[str, Any]]" = []
        self._error: "Optional[Dict[str, str]]" = None
        self._since = time.monotonic() - _age_of_process() - _waited()
        self._write()

    def enter(self, state: str) -> None:
        """Say that ``state`` has begun: ``loading``, ``checking`` or ``ready``."""
        self._state = state
        self._write()

    def stage_done(self, name: str, **more: Any) -> None:
        """Note the seconds since the last stage ended, or the process was wanted, as those of stage ``name``."""
        now = time.monotonic()
        self._stages.append(dict(name=name, seconds=round(now - self._since, 4), **more))
        self._since = now
        self._write()

    def begin_again(self) -> None:
        """Forget all stages but the first, which is the process's own start: what comes next is tried once more."""
        del self._stages[1:]
        self._write()

    def fail(self, failure: Failure) -> None:
        """Say that this replica will never be ready, and why."""
        self._state = "failed"
        self._error = {"code": failure.code, "message": failure.message, "hint": failure.hint}
        self._write()

    def describe(self, description: "Dict[str, Any]") -> None:
        """Put ``description.json`` beside the status file: what gateways tell of the model."""
        path = os.path.join(os.path.dirname(self._path), "description.json")
        self.description = json.dumps(description).encode("utf-8")
        _replace(path, description)

    def _write(self) -> None:
        content: "Dict[str, Any]" = {"state": self._state, "pid": os.getpid(), "stages": self._stages}
        content["error"] = self._error
        if self.port is not None:
            content["port"] = self.port
        _replace(self._path, content)


def _replace(path: str, content: "Dict[str, Any]") -> None:
    temporary = "{}.{}".format(path, os.getpid())
    with open(temporary, "w", encoding="utf-8", errors="backslashreplace") as file:
        json.dump(content, file)
    os.replace(temporary, path)
