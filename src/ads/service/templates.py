"""The template processes that replicas are forked from: one for each set of modules, kept while replicas use it."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ads.errors import InputError
from ads.worker.isolation import die_with
from ads.worker.template import LENGTH

__all__ = ["Forked", "Template", "Templates", "parse_template"]

_PATIENCE = 60.0
"""Seconds that replicas wait for a template that still imports. Importing for themselves would take as long."""
_LINGER = 30.0
_ANSWER_SECONDS = 5.0
_MOST_FAILURES = 3


@dataclass(frozen=True)
class Template:
    """What a template process is: its program and its whole environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(hash=False)

    @property
    def key(self) -> str:
        """What is the same for all replicas that may be forked from it."""
        return json.dumps([self.argv, sorted(self.env.items())])


def parse_template(data: object) -> Template | None:
    """Return the part ``template`` of an order. Raises InputError."""
    if data is None:
        return None
    argv, env = (data.get("argv"), data.get("env")) if isinstance(data, dict) else (None, None)
    if not isinstance(argv, list) or not argv or not isinstance(env, dict):
        raise InputError("template must have argv and env.")
    return Template(tuple(map(str, argv)), {str(key): str(value) for key, value in env.items()})


class Forked:
    """A process that this one has not started but is the parent of; ``poll`` as of :class:`subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, below 0 for a signal; None as long as it runs."""
        if self._code is None:
            try:
                found, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                self._code = 1
            else:
                self._code = os.waitstatus_to_exitcode(status) if found else None
        return self._code


class _Running:
    """One template process."""

    def __init__(self, template: Template) -> None:
        self.socket, theirs = socket.socketpair()
        supervisor = os.getpid()
        with theirs:
            descriptor = theirs.fileno()
            self.process = subprocess.Popen(
                [*template.argv, "--template", str(descriptor)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=template.env,
                cwd="/",
                start_new_session=True,
                pass_fds=(descriptor,),
                preexec_fn=lambda: die_with(supervisor),  # noqa: PLW1509 - there is one thread only
            )
        self.started = time.monotonic()
        self._ready = False

    @property
    def ready(self) -> bool:
        """Whether it has imported everything."""
        if not self._ready and select.select([self.socket], [], [], 0)[0]:
            with suppress(OSError):
                self._ready = self.socket.recv(1) == b"!"
        return self._ready

    def fork(self, order: bytes, descriptors: Sequence[int]) -> int:
        """Return the pid of a new replica. Raises OSError when there is none."""
        self.socket.settimeout(_ANSWER_SECONDS)
        socket.send_fds(self.socket, [LENGTH.pack(len(order))], list(descriptors))
        self.socket.sendall(order)
        answer = self.socket.recv(LENGTH.size, socket.MSG_WAITALL)
        pid = int(LENGTH.unpack(answer)[0]) if len(answer) == LENGTH.size else 0
        if not pid:
            raise OSError("the template could not fork")
        return pid

    def end(self) -> None:
        """End it; the replicas that came from it go on."""
        self.socket.close()
        self.process.kill()
        self.process.wait()


class Templates:
    """Looks after the template processes. What can't be forked is started in the ordinary way."""

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}
        self._unwanted: dict[str, float] = {}
        self._failures: dict[str, int] = {}

    @property
    def pids(self) -> list[int]:
        """The processes, which are this one's children."""
        return [running.process.pid for running in self._running.values()]

    @property
    def due(self) -> float | None:
        """When :meth:`step` has something to do (monotonic), None: nothing is planned."""
        return min(self._unwanted.values(), default=None)

    def step(self, wanted: Iterable[Template | None]) -> None:
        """End what no child wants any more, and bury what has ended."""
        self._end_unwanted({template.key for template in wanted if template is not None}, time.monotonic())
        for key, running in list(self._running.items()):
            if running.process.poll() is not None:
                self._failed(key)

    def expected(self, template: Template) -> bool:
        """Tell whether to wait for this template, which is still importing; start it where there is none."""
        key = template.key
        running = self._running.get(key)
        if running is None:
            if self._failures.get(key, 0) >= _MOST_FAILURES:
                return False
            try:
                running = self._running[key] = _Running(template)
            except (OSError, subprocess.SubprocessError) as error:
                sys.stderr.write(f"a template could not be started: {error}\n")
                self._failures[key] = _MOST_FAILURES
                return False
        if running.process.poll() is not None:
            self._failed(key)
            return False
        return not running.ready and time.monotonic() < running.started + _PATIENCE

    def _end_unwanted(self, keys: set[str], now: float) -> None:
        """End the templates that no child has wanted for a while: one that is replaced is gone for a moment only."""
        for key in list(self._running):
            if key in keys:
                self._unwanted.pop(key, None)
            elif now >= self._unwanted.setdefault(key, now + _LINGER):
                del self._unwanted[key]
                self._running.pop(key).end()

    def fork(self, template: Template, order: Mapping[str, Any], descriptors: Sequence[int]) -> Forked | None:
        """Return a replica forked from its template, None where there is none that is ready."""
        key = template.key
        running = self._running.get(key)
        if running is None or not running.ready:
            return None
        try:
            return Forked(running.fork(json.dumps({**order, "parent": os.getpid()}).encode(), descriptors))
        except OSError as error:
            sys.stderr.write(f"a replica could not be forked: {error}\n")
            self._failed(key)
            return None

    def _failed(self, key: str) -> None:
        self._failures[key] = self._failures.get(key, 0) + 1
        self._unwanted.pop(key, None)
        self._running.pop(key).end()

    def end(self) -> None:
        """End all of them."""
        for running in self._running.values():
            running.end()
        self._running.clear()
        self._unwanted.clear()
