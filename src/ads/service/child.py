"""One child process: started with its own session and a lifeline, signalled as a group, reaped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from ads.service.backoff import next_crashes, pause
from ads.service.cgroups import Groups, limits_of
from ads.service.isolation import Isolation, enter, hand_over, open_socket
from ads.service.orders import ChildSpec
from ads.service.outputs import Outputs
from ads.service.templates import Forked, Template, Templates
from ads.worker.isolation import die_with, kill_all_of

__all__ = ["Child"]

_COMMAND_NOT_FOUND = 127
_NOT_ISOLATED = 71
_LOOK_AGAIN = 0.02


class Child:
    """A child that is to be running. ``pid`` is 0 while it waits for its next start, at ``due`` (monotonic).

    ``user`` is the number of a user that it alone has. ``outputs`` takes what it prints, ``templates`` may fork it,
    ``groups`` gives it a control group.
    """

    def __init__(
        self,
        spec: ChildSpec,
        outputs: Outputs,
        user: int | None = None,
        templates: Templates | None = None,
        groups: Groups | None = None,
    ) -> None:
        self.spec = spec
        self._groups = groups
        self._group = ""
        self._templates = templates
        self._outputs = outputs
        self.user = user
        self.pid = 0
        self.started = 0.0
        self.restarts = 0
        self.exit_code: int | None = None
        self.signal: int | None = None
        self.due: float | None = None
        self.stopping = False
        self.kill_at: float | None = None
        self._lifeline_end: int | None = None
        self._owns_folder = False
        self._port = 0
        self.crashes = 0
        self._began = 0.0
        self._wanted: float | None = None
        self._process: subprocess.Popen[bytes] | Forked | None = None

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None

    def start(self) -> None:
        """Start the process, or wait for the template that it is forked from: :attr:`due` is when to look again.

        One that can't be started counts as one that died at once.
        """
        self.due = None
        wanted = self._wanted = time.monotonic() if self._wanted is None else self._wanted
        if self._waits_for_template():
            self.due = time.monotonic() + _LOOK_AGAIN
            return
        self._began, self._wanted = time.monotonic(), None
        self.started = time.time()
        # A pipe for each start: what one child does to its end, for example make it non-blocking, is nobody else's.
        lifeline, self._lifeline_end = os.pipe()
        passed = [lifeline]
        try:
            Path(self.spec.log).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            variables = {**self.spec.env, "OPENADS_LIFELINE": str(lifeline), **self._given(passed)}
            if self.spec.template is not None:
                variables["OPENADS_WAITED"] = f"{self._began - wanted:.3f}"
            log = self._outputs.open(self.spec.log)
            handed = (*passed, *self.spec.pass_fds)
            passed.append(log)
            self._process = self._forked(variables, [log, *handed]) or subprocess.Popen(
                self.spec.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=variables,
                cwd=self.spec.cwd,
                start_new_session=True,
                pass_fds=handed,
                preexec_fn=self._before_its_program(),  # noqa: PLW1509 - there is one thread only
            )
            self.pid = self._process.pid
        except (OSError, subprocess.SubprocessError) as error:
            sys.stderr.write(f"{self.spec.name} could not be started: {error}\n")
            self._ended(_COMMAND_NOT_FOUND)
        finally:
            for descriptor in passed:
                os.close(descriptor)

    def _given(self, passed: list[int]) -> dict[str, str]:
        """Give the child its folder and its socket; note the socket among what is passed and return how it is told."""
        isolation = self.spec.isolation
        if isolation is None:
            return {}
        if self._groups is not None:
            limits = limits_of(isolation.memory_bytes, isolation.processors, isolation.processes)
            self._group = self._groups.make(self.spec.name, limits)
        if self.user is not None and not self._owns_folder:
            hand_over(isolation, self.user)
            self._owns_folder = True
        if not isolation.socket:
            return {}
        bound = open_socket(isolation.socket, self._port)
        if bound.family != socket.AF_UNIX:
            self._port = bound.getsockname()[1]
        passed.append(bound.detach())
        return {"OPENADS_SOCKET": str(passed[-1])}

    def _waits_for_template(self) -> bool:
        template = self._template()
        return template is not None and self._templates is not None and self._templates.expected(template)

    def _template(self) -> Template | None:
        """Return what this child can be forked from, None: it is started."""
        isolation = self.spec.isolation
        return self.spec.template if isolation is not None and isolation.socket else self.spec.preload

    def _forked(self, variables: Mapping[str, str], descriptors: list[int]) -> Forked | None:
        """Return the process as a template makes it, None where there is no template that could."""
        template = self._template()
        if template is None or self._templates is None:
            return None
        order: dict[str, object] = {"variables": dict(variables), "folder": self.spec.cwd}
        if self.spec.isolation is None:
            # It finds the log where its output goes, and the others under the numbers that it was told.
            order |= {"argv": list(self.spec.argv), "numbers": descriptors[1:]}
        else:
            order |= {"arguments": list(self.spec.argv[2:]), **self._isolated(self.spec.isolation)}
        return self._templates.fork(template, order, descriptors)

    def _isolated(self, isolation: Isolation) -> dict[str, object]:
        return {
            "group": self._group,
            "own_folder": isolation.folder,
            "user": self.user,
            "hide": isolation.hide,
            "show": isolation.show,
            "network": isolation.network,
            "processes": isolation.processes,
            "file_bytes": isolation.file_bytes,
        }

    def _before_its_program(self) -> Callable[[], None]:
        """Return what the child does before it becomes its program."""
        supervisor, isolation, user, folder = os.getpid(), self.spec.isolation, self.user, self.spec.cwd
        group = self._group

        def prepare() -> None:
            if isolation is not None:
                try:
                    enter(isolation, user, folder, group)
                except OSError as error:
                    _give_up(f"This replica could not be isolated: {error}\n")
            die_with(supervisor)

        return prepare

    def reap(self) -> bool:
        """Return whether the process ended since the last look; then its group is swept and its next start is due."""
        if self._process is None:
            return False
        code = self._process.poll()
        if code is None:
            return False
        self.signal_group(signal.SIGKILL)  # what it left behind in its group
        if self.user is not None:
            kill_all_of(self.user)  # and what left the group
        if self._group and self._groups is not None:
            self._groups.end(self.spec.name)
        self._outputs.catch_up(self.spec.log)  # whoever hears of its end can read its last words
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
            self.due = max(now, self._began + pause(self.crashes))

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


def _give_up(reason: str) -> NoReturn:
    os.write(2, reason.encode("utf-8", "backslashreplace"))
    os._exit(_NOT_ISOLATED)
