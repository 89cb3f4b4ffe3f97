"""A scenario, run."""

from __future__ import annotations

import math
from array import array
from random import Random

import numpy as np

from benchmarks.simulation.clock import Clock
from benchmarks.simulation.control import Control
from benchmarks.simulation.gateways import Gateway
from benchmarks.simulation.outcome import Outcome, Recovery
from benchmarks.simulation.plans import Fault, Scenario
from benchmarks.simulation.processes import Machine, Process

__all__ = ["simulate"]

_LONGEST_HOLD = 120.0


def simulate(scenario: Scenario) -> Outcome:
    """Return what comes of a scenario; the same seed gives the same."""
    return _World(scenario).run()


class _World:
    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._clock = Clock()
        numbers = Random(scenario.seed)
        self._machines = [Machine(plan) for plan in scenario.machines]
        self._gateways = [
            Gateway(self._clock, numbers, scenario.costs, scenario.limits) for _ in range(scenario.gateways)
        ]
        self._control = Control(self._clock, numbers, scenario, self._machines, self._gateways)
        self._names = [plan.name for plan in scenario.deployments]
        self._turn = 0
        self._arrived = 0
        self._under_way = 0
        self._statuses: dict[int, int] = {}
        self._began = array("d")
        self._took = array("d")
        self._whose = array("l")
        self._recoveries: list[Recovery] = []

    def run(self) -> Outcome:
        scenario = self._scenario
        for plan in scenario.deployments:
            to_zero = plan.policy is not None and plan.policy.minimum == 0
            for gateway in self._gateways:
                gateway.add(plan.name, _LONGEST_HOLD if to_zero else 0.0, lambda name=plan.name: self._call(name))  # type: ignore[misc]
        self._control.begin()
        for fault in scenario.faults:
            self._clock.at(fault.time, self._fault, fault)
        for number, plan in enumerate(scenario.deployments):
            for _ in range(plan.clients.number if plan.clients else 0):
                self._clock.at(0.0, self._ask, number, True)
        times, whose = self._all_arrivals()
        self._clock.run(scenario.seconds, times, lambda place: self._ask(whose[place], again=False))
        seconds = self._clock.now
        self._over = True
        self._clock.run(seconds + scenario.drain)
        return self._outcome(seconds)

    _over = False

    def _all_arrivals(self) -> tuple[list[float], list[int]]:
        given = [(number, plan.arrivals) for number, plan in enumerate(self._scenario.deployments)]
        there = [(number, times) for number, times in given if times is not None and len(times)]
        if not there:
            return [], []
        times = np.concatenate([times for _, times in there])
        whose = np.concatenate([np.full(len(times), number) for number, times in there])
        order = np.argsort(times, kind="stable")
        return times[order].tolist(), whose[order].tolist()

    def _ask(self, number: int, again: bool) -> None:
        if again and self._over:
            return
        clock, hop = self._clock, self._scenario.costs.hop
        began = clock.now
        self._arrived += 1
        self._under_way += 1

        def reply(status: int) -> None:
            if hop:
                clock.after(hop, told, status)
            else:
                told(status)

        def told(status: int) -> None:
            self._under_way -= 1
            self._statuses[status] = self._statuses.get(status, 0) + 1
            if status == 200:
                self._began.append(began)
                self._took.append(clock.now - began)
                self._whose.append(number)
            if again:
                clients = self._scenario.deployments[number].clients
                clock.after(clients.think if clients else 0.0, self._ask, number, True)

        self._turn = (self._turn + 1) % len(self._gateways)
        self._gateways[self._turn].ask(self._names[number], reply)

    def _call(self, name: str) -> None:
        self._clock.after(self._scenario.costs.notice, self._control.load_came, name)

    # -- faults

    def _fault(self, fault: Fault) -> None:
        costs = self._scenario.costs
        before = self._control.replicas()
        if fault.kind == "replica":
            processes = self._control.deployments[fault.name].processes.values()
            for process in [process for process in processes if process.phase == "ready"][:1]:
                process.end(told=True)
                self._control.process_ended(process, costs.notice)
        elif fault.kind == "machine":
            for machine in self._machines:
                if machine.plan.name == fault.name:
                    self._control.machine_gone(machine)
                    if fault.seconds:
                        self._clock.after(fault.seconds, self._machine_back, machine)
        elif fault.kind == "leader":
            self._control.leader_ends(costs.takeover)
        else:
            self._gateways[0].end()
        if fault.kind in ("replica", "machine"):
            short = {name: ready for name, ready in before.items() if self._control.replicas()[name] < ready}
            self._watch(fault, self._clock.now, short)

    def _machine_back(self, machine: Machine) -> None:
        machine.up = True
        machine.working = 0.0

    def _watch(self, fault: Fault, since: float, short: dict[str, int]) -> None:
        """Note when each deployment has as many replicas as before the fault, or as many as it wants by then."""
        there = self._control.replicas()
        for name, before in list(short.items()):
            if there[name] >= min(before, self._control.deployments[name].wanted):
                del short[name]
                self._recoveries.append(Recovery(fault.kind, name, since, self._clock.now - since))
        if short and not self._over:
            self._clock.after(0.02, self._watch, fault, since, short)
        for name in short if self._over else ():
            self._recoveries.append(Recovery(fault.kind, name, since, math.inf))

    def _outcome(self, seconds: float) -> Outcome:
        processes = [*self._control.ended]
        for looked in self._control.deployments.values():
            processes += [process for process in looked.processes.values() if process.ended is None]
        lasting = sum(_lasted(process, seconds) for process in processes)
        return Outcome(
            seconds=seconds,
            arrived=self._arrived,
            statuses=dict(sorted(self._statuses.items())),
            under_way=self._under_way,
            began=np.array(self._began),
            took=np.array(self._took),
            whose=np.array(self._whose, dtype=np.int64),
            names=tuple(self._names),
            replica_seconds=lasting,
            busy_seconds=sum(process.busy for process in processes),
            gateway_busy=sum(gateway.busy for gateway in self._gateways),
            recoveries=tuple(self._recoveries),
            scaled=tuple(self._control.scaled),
            first_answers=tuple(sorted(process.first for process in processes if process.first is not None)),
            no_room=sum(looked.no_room for looked in self._control.deployments.values()),
            events=self._clock.events,
        )


def _lasted(process: Process, seconds: float) -> float:
    """Return how long a replica was there before ``seconds``."""
    end = seconds if process.ended is None else min(process.ended, seconds)
    return max(0.0, end - process.began)
