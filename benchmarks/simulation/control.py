"""The control plane: one leader at a time, whose rounds ask ``reconcile``, ``autoscale`` and ``place`` what to do."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from random import Random

from ads.deploy.autoscale import Sample, autoscale
from ads.deploy.placement import Machine as Room
from ads.deploy.placement import Need, place, room
from ads.deploy.reconcile import (
    Actual,
    Desired,
    Prepare,
    ReplicaView,
    Settle,
    Start,
    Stop,
    reconcile,
)
from benchmarks.simulation.clock import Clock
from benchmarks.simulation.gateways import Gateway
from benchmarks.simulation.plans import DeploymentPlan, Scenario
from benchmarks.simulation.processes import Machine, Process

__all__ = ["Control", "Looked"]

_PERCENT = 100.0
_EVERY = 1.0
_KEPT = 30.0


class Looked:
    """A deployment as the control plane has it."""

    def __init__(self, plan: DeploymentPlan, prepared: bool) -> None:
        self.plan = plan
        self.prepared = prepared
        self.preparing = False
        self.state = "ACTIVE"
        self.wanted = plan.replicas
        self.served = plan.replicas
        self.changed = 0.0
        self.processes: dict[int, Process] = {}
        self.window: deque[Sample] = deque()
        self.busy_before = 0.0
        self.no_room = 0

    def desired(self) -> Desired:
        """Return what the catalog says."""
        moving = self.wanted != self.served
        return Desired("ACTIVE", "UPDATING" if moving else "ACTIVE", 1, self.wanted, 1, self.served)

    def actual(self) -> Actual:
        """Return what there is, as far as that is known."""
        views = tuple(ReplicaView(1, slot, process.known) for slot, process in sorted(self.processes.items()))  # type: ignore[arg-type]
        return Actual(views, frozenset({1} if self.prepared else ()))


class Control:
    """See the module. ``ended`` has every process that is no more."""

    def __init__(
        self,
        clock: Clock,
        numbers: Random,
        scenario: Scenario,
        machines: Sequence[Machine],
        gateways: Sequence[Gateway],
    ) -> None:
        self.deployments = {plan.name: Looked(plan, prepared=True) for plan in scenario.deployments}
        self.ended: list[Process] = []
        self.rounds = 0
        self.scaled: list[tuple[float, str, int]] = []
        self._clock = clock
        self._numbers = numbers
        self._scenario = scenario
        self._machines = machines
        self._gateways = gateways
        self._dirty: dict[str, None] = {}
        self._leaderless_until = 0.0
        self._started = 0
        self._next: float | None = None
        self._scaling = [looked for looked in self.deployments.values() if looked.plan.policy is not None]

    def begin(self) -> None:
        """Put the replicas that a scenario begins with in their places, ready."""
        for looked in self.deployments.values():
            for slot in range(looked.wanted):
                process = self._new(looked, slot)
                if process is not None:
                    process.phase = process.known = "ready"
            self._publish(looked.plan.name)
        self._clock.after(_EVERY, self._look)

    def wake(self, name: str) -> None:
        """Have a deployment looked at in the next round, which begins at once where there is a leader."""
        self._dirty[name] = None
        self._plan_round(self._clock.now)

    def leader_ends(self, seconds: float) -> None:
        """Have no rounds until another one leads."""
        self._leaderless_until = self._clock.now + seconds
        self._dirty.update(dict.fromkeys(self.deployments))
        self._plan_round(self._leaderless_until)

    def process_ended(self, process: Process, notice: float) -> None:
        """Hear of a replica's end after a while."""
        self.ended.append(process)
        self._clock.after(notice, self._heard, process)

    def machine_gone(self, machine: Machine) -> None:
        """Lose all of a machine's replicas; hear of it once it has been silent for long enough."""
        machine.up = False
        for process in sorted(machine.processes, key=lambda process: process.id):
            process.end(told=False)
            self.process_ended(process, self._scenario.costs.silence)

    # -- rounds

    def _heard(self, process: Process) -> None:
        process.known = "lost"
        process.close()
        self.wake(process.plan.name)

    def _plan_round(self, time: float) -> None:
        time = max(time, self._leaderless_until)
        if self._next is None or time < self._next:
            self._next = time
            self._clock.at(time, self._round, time)

    def _round(self, planned: float) -> None:
        if planned != self._next:
            return
        if self._clock.now < self._leaderless_until:
            self._next = None
            self._plan_round(self._leaderless_until)
            return
        costs = self._scenario.costs
        length = costs.round_fixed + costs.round_each * len(self.deployments)
        names, self._dirty = list(self._dirty), {}
        self.rounds += 1
        self._next = self._clock.now + length  # what wakes it meanwhile is for the next round
        self._clock.after(length, self._act, names, self._next)

    def _act(self, names: Sequence[str], ended: float) -> None:
        changed = [name for name in names if self._decide(self.deployments[name])]
        if changed:
            costs = self._scenario.costs
            self._clock.after(
                costs.publish_fixed + costs.publish_each * len(self.deployments), self._publish_all, changed
            )
        if self._next == ended:
            self._next = None
        if self._dirty:
            self._plan_round(self._clock.now)

    def _decide(self, looked: Looked) -> bool:
        """Do what ``reconcile`` says; tell whether gateways have to hear of it."""
        changed = False
        for action in reconcile(looked.desired(), looked.actual()):
            if isinstance(action, Stop):
                process = looked.processes.pop(action.slot)
                if process.ended is None:
                    process.leave()
                    self.ended.append(process)
                changed = True
                self._dirty[looked.plan.name] = None
            elif isinstance(action, Start):
                changed = self._start(looked, action.slot) or changed
            elif isinstance(action, Prepare) and not looked.preparing:
                looked.preparing = True
                self._clock.after(self._scenario.prepare.draw(1, self._numbers), self._prepared, looked)
            elif isinstance(action, Settle):
                looked.served = looked.wanted
                self._dirty[looked.plan.name] = None
        return changed

    def _prepared(self, looked: Looked) -> None:
        looked.prepared, looked.preparing = True, False
        self.wake(looked.plan.name)

    def _start(self, looked: Looked, slot: int) -> bool:
        process = self._new(looked, slot)
        if process is None:
            looked.no_room += 1
            self._clock.after(self._scenario.costs.rest, self.wake, looked.plan.name)
            return False
        self._clock.after(looked.plan.start.draw(1, self._numbers), self._ready, process)
        return True

    def _ready(self, process: Process) -> None:
        if process.ended is None:
            process.become_ready()
            process.known = "ready"
            self.wake(process.plan.name)

    def _publish_all(self, names: Sequence[str]) -> None:
        for name in names:
            self._publish(name)

    def _publish(self, name: str) -> None:
        processes = {process.id: process for process in self.deployments[name].processes.values()}
        for gateway in self._gateways:
            gateway.follow(name, processes)

    # -- where

    def _new(self, looked: Looked, slot: int) -> Process | None:
        machine = self._machine(looked.plan)
        if machine is None:
            return None
        self._started += 1
        process = Process(self._clock, self._numbers, looked.plan, machine, 1, slot, self._started)
        looked.processes[slot] = process
        return process

    def _machine(self, plan: DeploymentPlan) -> Machine | None:
        """Return where a replica goes: the product's ``place`` among the machines with room."""
        able = {
            machine.plan.name: machine
            for machine in self._machines
            if machine.up and plan.memory <= machine.free and room(Need(1, 0), Room(machine.free)) > 0
        }
        if self._scenario.placing == "fullest":
            return min(able.values(), key=lambda machine: machine.free, default=None)
        taken = [name for name, machine in able.items() for _ in machine.processes]
        name = place(taken, list(able))
        return able[name] if name is not None else None

    # -- how many

    def _look(self) -> None:
        if self._clock.now >= self._leaderless_until:
            for looked in self._scaling:
                self._scale(looked)
        self._clock.after(_EVERY, self._look)

    def load_came(self, name: str) -> None:
        """Hear of a request where no replica is wanted."""
        looked = self.deployments[name]
        if looked.plan.policy is not None and self._clock.now >= self._leaderless_until:
            self._scale(looked)

    def _scale(self, looked: Looked) -> None:
        policy = looked.plan.policy
        assert policy is not None
        now = self._clock.now
        in_flight = sum(gateway.load(looked.plan.name) for gateway in self._gateways)
        quiet = not in_flight and looked.wanted <= policy.minimum
        if quiet and (not looked.window or not any(sample.in_flight for sample in looked.window)):
            looked.window.clear()
            looked.window.append(Sample(now, 0.0, 0.0))
            return
        looked.window.append(Sample(now, float(in_flight), self._used(looked)))
        while looked.window and now - looked.window[0].time > policy.scale_in_after + _KEPT:
            looked.window.popleft()
        scale = autoscale(policy, looked.window, looked.wanted, looked.changed, now)
        if scale.replicas != looked.wanted:
            looked.wanted, looked.changed = scale.replicas, now
            self.scaled.append((now, looked.plan.name, scale.replicas))
            self.wake(looked.plan.name)

    def _used(self, looked: Looked) -> float:
        busy = sum(process.busy for process in looked.processes.values())
        used, looked.busy_before = max(0.0, busy - looked.busy_before), busy
        ready = sum(process.phase == "ready" for process in looked.processes.values())
        return _PERCENT * used / (_EVERY * max(1, ready))

    def replicas(self) -> Mapping[str, int]:
        """Return how many replicas of each deployment are ready."""
        return {
            name: sum(process.phase == "ready" and process.ended is None for process in looked.processes.values())
            for name, looked in self.deployments.items()
        }
