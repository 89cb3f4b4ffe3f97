"""Machines, the replicas on them, and how a gateway sees a replica: one frame in flight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Protocol

from ads.gateway.frames import Input, Output
from benchmarks.simulation.clock import Clock
from benchmarks.simulation.plans import DeploymentPlan, MachinePlan

__all__ = ["Machine", "Process", "View"]

_GOOD = b"{}"


class Machine:
    """A machine that is there or gone, and how many of its processors are wanted now."""

    def __init__(self, plan: MachinePlan) -> None:
        self.plan = plan
        self.up = True
        self.processes: set[Process] = set()
        self.working = 0.0

    @property
    def free(self) -> int:
        """The bytes of memory that no replica has."""
        return self.plan.memory - sum(process.plan.memory for process in self.processes)

    def slowdown(self, more: float) -> float:
        """Return how many times longer work takes that needs ``more`` processors beside what goes on."""
        return max(1.0, (self.working + more) / self.plan.cores)


class Process:
    """One replica: on one machine, for one revision, in one place. Frames of several gateways are done in turn."""

    def __init__(
        self,
        clock: Clock,
        numbers: Random,
        plan: DeploymentPlan,
        machine: Machine,
        revision: int,
        slot: int,
        number: int,
    ) -> None:
        self.id = f"{plan.name}-{revision}-{slot}.{number}"
        self.plan = plan
        self.machine = machine
        self.revision = revision
        self.slot = slot
        self.phase = "starting"
        self.known = "starting"
        """What the control plane knows of it."""
        self.began = clock.now
        self.ended: float | None = None
        self.first: float | None = None
        """When it answered for the first time."""
        self.busy = 0.0
        self.views: list[View] = []
        self._clock = clock
        self._numbers = numbers
        self._free_at = 0.0
        machine.processes.add(self)

    def become_ready(self) -> None:
        """It has loaded its model."""
        if self.ended is None and self.phase == "starting":
            self.phase = "ready"

    def work(self, items: int, done: Callable[[], None]) -> None:
        """Answer a frame; ``done`` is called unless the process ends before."""
        begin = max(self._clock.now, self._free_at)
        plan = self.plan
        seconds = plan.predict.draw(items, self._numbers)
        if plan.cpu:
            seconds += plan.cpu * seconds * (self.machine.slowdown(plan.cpu) - 1)
        self.machine.working += plan.cpu
        self._free_at = begin + seconds
        self.busy += seconds
        self._clock.at(self._free_at, self._done, done)

    def _done(self, done: Callable[[], None]) -> None:
        self.machine.working -= self.plan.cpu
        if self.phase != "dead":
            if self.first is None:
                self.first = self._clock.now
            done()

    def end(self, *, told: bool) -> None:
        """End at once. ``told``: its connections close; a machine that is gone closes none."""
        if self.ended is not None:
            return
        self.ended = self._clock.now
        self.phase = "dead"
        self.busy -= max(0.0, self._free_at - self._clock.now)
        self.machine.processes.discard(self)
        if told:
            self.close()

    def leave(self) -> None:
        """Stop for good: what is in flight is answered, nothing more is taken."""
        if self.ended is None:
            self.ended = self._clock.now
            self.machine.processes.discard(self)

    def close(self) -> None:
        """Let every gateway notice that nobody is there."""
        for view in list(self.views):
            view.broken()


class ViewOwner(Protocol):
    """The lane."""

    def answered(self, replica: View, outputs: Sequence[Output]) -> None: ...
    def lost(self, replica: View) -> None: ...
    def connected(self, replica: View) -> None: ...


class View:
    """A replica as one gateway sees it, with the members of :class:`ads.gateway.replica.Replica` that lanes use."""

    def __init__(self, process: Process, owner: ViewOwner, clock: Clock, pause: Callable[[], float]) -> None:
        self.id = process.id
        self.socket = process.id
        self.ready = False
        self.busy = False
        self.batch = 1
        self.rows = 0
        self.held = False
        self.used = 0.0
        self._process = process
        self._owner = owner
        self._clock = clock
        self._pause = pause
        self._retired = False
        self._dropped = False
        self._frame = 0
        process.views.append(self)

    def start(self) -> None:
        """Look again and again whether it answers."""
        if self._retired or self.ready or self._dropped:
            return
        if self._process.phase == "ready":
            self.ready = True
            self.batch = self._process.plan.batch
            self._owner.connected(self)
        elif self._process.phase == "starting":
            self._clock.after(self._pause(), self.start)

    def send(self, inputs: Sequence[Input], now: float) -> None:
        """Have a frame answered."""
        self.busy, self.used = True, now
        self._frame += 1
        self._process.work(len(inputs), partial(self._answer, self._frame, len(inputs)))

    def _answer(self, frame: int, items: int) -> None:
        if frame != self._frame or not self.busy:
            return
        self.busy, self.rows = False, items
        self._owner.answered(self, [Output(200, _GOOD)] * items)
        if self._retired:
            self._forget()

    def broken(self) -> None:
        """The connection ended."""
        self._frame += 1
        self.ready = self.busy = False
        self._forget()
        self._owner.lost(self)

    def drop(self) -> None:
        """End the connection: the process is about to be killed."""
        self._dropped = True
        self.broken()

    def release(self) -> None:
        """Connect again after :meth:`drop`."""
        self._dropped = False
        self.start()

    def cut(self) -> None:
        """Nobody wants the answer."""
        self.broken()

    def hold(self, full: bool) -> None:
        """Streams are not simulated."""

    def retire(self) -> None:
        """Take nothing more."""
        self._retired = True
        if not self.busy:
            self._forget()

    def _forget(self) -> None:
        if self in self._process.views:
            self._process.views.remove(self)
