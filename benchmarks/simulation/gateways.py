"""A gateway: its own processor time, and the product's lanes for each deployment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, cast

from ads.gateway.frames import Input, Output
from ads.gateway.lane import Lane
from ads.gateway.limits import Limits
from ads.gateway.metrics import DeploymentMetrics
from ads.gateway.prediction import Prediction
from ads.gateway.replica import Replica
from benchmarks.simulation.clock import Clock
from benchmarks.simulation.plans import Costs
from benchmarks.simulation.processes import Process, View

__all__ = ["Gateway", "Places"]

_BODY = Input(0, b"{}", b"x" * 128)
_HALF = 0.5

Reply = Callable[[int], None]


class _SimulatedLane(Lane):
    """The product's lane with replicas of this world."""

    def place(self, wanted: Mapping[str, Process], view: Callable[[Process, Lane], View]) -> None:
        """Connect to new replicas, let go of those that are not wanted any more."""
        for replica_id, replica in list(self._replicas.items()):
            if replica_id not in wanted:
                del self._replicas[replica_id]
                replica.retire()
        for replica_id, process in wanted.items():
            if replica_id not in self._replicas:
                found = self._replicas[replica_id] = cast("Replica", view(process, self))
                found.start()


class Places:
    """A deployment at one gateway: what a lane wants to know of its owner."""

    def __init__(self, gateway: Gateway, hold: float, call: Callable[[], None]) -> None:
        self.lane = _SimulatedLane(1, self, gateway.limits, gateway.clock.read, gateway.kill, DeploymentMetrics())
        self.lane.hold_seconds = hold
        self._limits = gateway.limits
        self._call = call

    def submit(self, prediction: Prediction) -> None:
        """Have a prediction made."""
        self.lane.submit(prediction)
        if not self.lane.wanted and self.lane.queue_depth == 1:
            self._call()

    def waiting_room(self, size: int) -> bool:
        return self.lane.queue_depth < self._limits.queue_items and (
            self.lane.queued_bytes + size <= self._limits.queue_bytes
        )

    def joined(self, lane: Lane) -> None:
        """There is only one lane."""

    def stranded(self, lane: Lane) -> None:
        """What waits goes on waiting."""

    def takes_over(self, lane: Lane, prediction: Prediction) -> bool:  # noqa: ARG002
        return False

    def exhausted(self, prediction: Prediction) -> None:
        """No body is remembered: here no request kills."""

    def answered_by(self, lane: Lane, prediction: Prediction, output: Output) -> None:
        """Nobody watches."""


class Gateway:
    """One process that does one thing after the other: half of a request's cost when it comes, half with the answer."""

    def __init__(self, clock: Clock, numbers: Random, costs: Costs, limits: Limits) -> None:
        self.clock = clock
        self.limits = limits
        self.places: dict[str, Places] = {}
        self.generation = 0
        self.busy = 0.0
        self.cut = 0
        self._numbers = numbers
        self._costs = costs
        self._free_at = 0.0
        self._open: dict[Prediction, Reply] = {}
        self._active: dict[Places, None] = {}
        self._sweeping = False

    def add(self, name: str, hold: float, call: Callable[[], None]) -> None:
        """Know of a deployment."""
        self.places[name] = Places(self, hold, call)

    def ask(self, name: str, reply: Reply) -> None:
        """Take a request; ``reply`` gets its status: 0 when the gateway ended before."""
        self._spend(self._submit, name, reply, self.clock.now)

    def follow(self, name: str, processes: Mapping[str, Process]) -> None:
        """Go by a new table."""
        self.places[name].lane.place(processes, self._view)

    def load(self, name: str) -> int:
        """Return how many requests wait and are in flight."""
        lane = self.places[name].lane
        return lane.queue_depth + lane.inflight

    def kill(self, replica: Any) -> None:
        """A replica exceeded the time limit: nothing in this world does so for good."""
        replica.release()

    def end(self) -> None:
        """End, and come back after a while; who waits for an answer gets none."""
        cut, self._open = self._open, {}
        self.generation += 1
        for prediction, reply in cut.items():
            prediction.abandon()
            reply(0)
        self.cut += len(cut)
        self._free_at = max(self._free_at, self.clock.now) + self._costs.gateway_start

    def _spend(self, then: Callable[..., None], *given: Any) -> None:
        seconds = self._costs.gateway * _HALF
        self._free_at = max(self._free_at, self.clock.now) + seconds
        self.busy += seconds
        if self._free_at > self.clock.now:
            self.clock.at(self._free_at, then, *given)
        else:
            then(*given)

    def _submit(self, name: str, reply: Reply, arrived: float) -> None:
        def answer(status: int, body: bytes, retry_after: int) -> None:  # noqa: ARG001
            if self._open.pop(prediction, None) is not None:
                self._spend(reply, status)

        places = self.places[name]
        prediction = Prediction(_BODY, arrived, answer)
        self._open[prediction] = reply
        places.submit(prediction)
        if not places.lane.idle:
            self._active[places] = None
            if not self._sweeping:
                self._sweeping = True
                self.clock.after(self._costs.sweep, self._sweep)

    def _sweep(self) -> None:
        for places in self._active:
            places.lane.sweep(self.clock.now)
        self._active = {places: None for places in self._active if not places.lane.idle}
        self._sweeping = bool(self._active)
        if self._sweeping:
            self.clock.after(self._costs.sweep, self._sweep)

    def _view(self, process: Process, lane: Lane) -> View:
        return View(process, cast("Any", lane), self.clock, self._pause)

    def _pause(self) -> float:
        return self._costs.connect * (_HALF + _HALF * self._numbers.random())
