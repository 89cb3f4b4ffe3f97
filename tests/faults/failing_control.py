"""The control plane with faults in it, for tests: ``python failing_control.py`` serves the settings' data directory.

The file that ``FAULT_FILE`` names says what happens: ``kill@7``, ``eio@7`` or ``enospc@7`` at the seventh step that a
request takes towards the disk, counted from when the file was written. Steps are writes, fsyncs, renames, links, and
both sides of a commit.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

from ads.api import server
from ads.registry.incoming import Upload

_ERRORS = {"eio": errno.EIO, "enospc": errno.ENOSPC}


class Fault:
    """What is to happen at which step."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._plan = ""
        self._taken = 0
        self._lock = threading.Lock()

    def step(self, name: str) -> None:
        if not threading.current_thread().name.startswith("AnyIO"):
            return  # not on behalf of a request
        with self._lock:
            try:
                plan = self._file.read_text()
            except FileNotFoundError:
                return
            if plan != self._plan:
                self._plan, self._taken = plan, 0
            action, _, number = plan.partition("@")
            self._taken += 1
            if not number or self._taken != int(number.partition("#")[0]):
                return
            self._file.with_suffix(".hit").write_text(f"{plan} {name}")
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(_ERRORS[action], os.strerror(_ERRORS[action]))


def install(fault: Fault) -> None:
    def stepping(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            fault.step(name)
            return function(*args, **named)

        return call

    for name in ("fsync", "pwrite", "rename", "link"):
        setattr(os, name, stepping(name, getattr(os, name)))
    Upload.write = stepping("write", Upload.write)  # type: ignore[method-assign]
    commit = DefaultDialect.do_commit

    def committing(dialect: DefaultDialect, connection: Any) -> None:
        fault.step("before the commit")
        commit(dialect, connection)
        fault.step("after the commit")

    DefaultDialect.do_commit = committing  # type: ignore[method-assign]


if __name__ == "__main__":
    install(Fault(Path(os.environ["FAULT_FILE"])))
    sys.exit(server.main())
