"""What is asked of the simulation: placement, autoscaling, failover, rollouts. Each gives a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

import numpy as np

from ads.deploy.autoscale import Policy
from ads.deploy.rollout import Advance, Arm, Begin, Progress, RollBack, RolloutPlan, Signals, plan, weight
from benchmarks.simulation import arrivals
from benchmarks.simulation.durations import Linear, Lognormal
from benchmarks.simulation.outcome import Outcome
from benchmarks.simulation.plans import GIB, Clients, Costs, DeploymentPlan, Fault, MachinePlan, Scenario
from benchmarks.simulation.world import simulate

__all__ = ["SCENARIOS", "Table", "autoscaling", "batching", "failover", "placement", "rollouts"]

Table = tuple[tuple[str, ...], Sequence[tuple[str, ...]]]

_FIGURES = ("requests", "refused", "p50 ms", "p99 ms", "replica hours", "used", "recovered after s")


def _figures(found: Outcome) -> tuple[str, ...]:
    recovery = "" if not found.recoveries else "never" if math.isinf(found.recovery) else f"{found.recovery:.1f}"
    return (
        f"{found.arrived:,}",
        f"{found.refused:,}",
        f"{found.percentile(50) * 1e3:.0f}",
        f"{found.percentile(99) * 1e3:.0f}",
        f"{found.replica_seconds / 3600:.2f}",
        f"{found.utilisation:.0%}",
        recovery,
    )


def placement(seed: int = 1) -> Table:
    """Return what comes of 40 deployments on six machines, one of which ends, by how their replicas are placed."""
    seconds, rate, machines = 200.0, 150.0, 6
    rows = []
    for instances, placing in ((1, "fewest"), (1, "fullest"), (2, "fewest"), (2, "fullest")):
        numbers = np.random.default_rng(seed)
        deployments = []
        for number, share in enumerate(arrivals.popularity(40, 1.1)):
            rates = arrivals.day(rate * float(share), seconds, numbers, length=seconds)
            times = arrivals.requests(rates, numbers)
            more = max(instances, math.ceil(rate * share * 0.02 * 2))
            deployments.append(
                DeploymentPlan(f"d{number}", Lognormal(0.02), times, replicas=more, batch=1, memory=GIB // 2)
            )
        scenario = Scenario(
            tuple(deployments),
            tuple(MachinePlan(f"m{number}", cores=4, memory=16 * GIB) for number in range(machines)),
            seconds,
            faults=(Fault(100, "machine", "m0"),),
            placing=placing,  # type: ignore[arg-type]
            seed=seed,
        )
        first = "the machine with the fewest replicas" if placing == "fewest" else "the fullest machine"
        rows.append((f"{instances} or more replicas, {first}", *_figures(simulate(scenario))))
    return ("placement", *_FIGURES), rows


def autoscaling(seed: int = 1) -> Table:
    """Return what rules for the number of replicas make of a day, a flash crowd and bursts."""
    seconds = 900.0
    numbers = np.random.default_rng(seed)
    shapes = {
        "a day in 15 minutes": arrivals.day(25, seconds, numbers, length=seconds),
        "flash crowd, 6 times": arrivals.crowd(arrivals.steady(10, seconds), 300, 6.0, rise=10),
        "bursts": arrivals.bursts(10, seconds, numbers, on=60, off=240),
    }
    rules: dict[str, Policy | None] = {
        "4 replicas": None,
        "in flight, 1 to 8": Policy(1, 8, 2.0),
        "in flight, 0 to 8": Policy(0, 8, 2.0),
        "CPU 30 to 70 %, 1 to 8": Policy(1, 8, cpu=(30.0, 70.0), cool_down=60.0),
    }
    rows = []
    for shape, rates in shapes.items():
        times = arrivals.requests(rates, np.random.default_rng(seed + 1))
        for words, policy in rules.items():
            one = DeploymentPlan(
                "d", Lognormal(0.04, 0.4), times, replicas=1 if policy else 4, policy=policy, start=Lognormal(3.0, 0.2)
            )
            found = simulate(Scenario((one,), (MachinePlan("m0", cores=16),), seconds, seed=seed))
            rows.append((f"{shape}: {words}", *_figures(found)[:-1], str(len(found.scaled))))
    return ("autoscaling", *_FIGURES[:-1], "changes"), rows


def failover(seed: int = 1) -> Table:
    """Return what callers see of faults, with one replica, two and three."""
    seconds, rate = 120.0, 60.0
    faults = {
        "a replica is killed": (Fault(30, "replica", "d"),),
        "a machine is gone": (Fault(30, "machine", "m0"),),
        "the leader, then a replica": (Fault(30, "leader"), Fault(30.5, "replica", "d")),
        "the leader's machine": (Fault(30, "leader"), Fault(30, "machine", "m0")),
        "a gateway of two": (Fault(30, "gateway"),),
    }
    rows = []
    for words, given in faults.items():
        for replicas in (1, 2, 3):
            times = arrivals.requests(arrivals.steady(rate, seconds), np.random.default_rng(seed))
            one = DeploymentPlan("d", Lognormal(0.01), times, replicas=replicas, start=Lognormal(3.0, 0.2))
            machines = tuple(MachinePlan(f"m{number}") for number in range(3))
            found = simulate(Scenario((one,), machines, seconds, gateways=2, faults=given, seed=seed))
            longest = f"{found.took.max():.1f}"
            what = f"{words}, {replicas} replica{'s' if replicas > 1 else ''}"
            rows.append((what, *_figures(found)[:4], longest, _figures(found)[-1]))
    return ("failover", *_FIGURES[:4], "longest s", _FIGURES[-1]), rows


def rollouts(seed: int = 1) -> Table:
    """Return how soon a canary with faults is rolled back, and how many requests met the faults before."""
    rows = []
    for rate in (1.0, 10.0, 100.0):
        for share, usual in ((0.005, 0.005), (0.02, 0.0), (0.1, 0.0), (0.5, 0.0)):
            ends, hit = zip(*(_canary(rate, share, usual, seed + number) for number in range(20)), strict=True)
            good = [end for end in ends if end < math.inf]
            middle = f"{np.median(good):.0f}" if good else "never"
            words = f"{rate:g} requests/s, {share:.1%} of the candidate's fail, {usual:.1%} of the others"
            rows.append((words, f"{len(good)} of 20", middle, f"{np.mean(hit):.0f}"))
    return ("canary of 5, 25, 100 %, 60 s each", "rolled back", "after s (median)", "requests that met it"), rows


def _canary(rate: float, faulty: float, usual: float, seed: int) -> tuple[float, int]:
    """Return when the rollout was given up (infinite: it was not), and how many requests met a fault."""
    numbers = Random(seed)
    progress = Progress(RolloutPlan("canary", (5, 25, 100), 60.0))
    serving, candidate, hit, now = Arm(), Arm(), 0, 0.0
    while now < 3600:
        percent = weight(progress)
        for _ in range(int(np.random.default_rng(seed * 100_000 + int(now)).poisson(rate))):
            if numbers.random() * 100 < percent:
                failed = numbers.random() < faulty
                hit += failed
                candidate = candidate.observed(0.02, error=failed)
            else:
                serving = serving.observed(0.02, error=numbers.random() < usual)
        step = plan(progress, now, Signals(ready=True, serving=serving, candidate=candidate))
        if isinstance(step, RollBack):
            return now, hit
        if isinstance(step, Begin):
            progress = replace(progress, state="BAKING", since=now)
        elif isinstance(step, Advance):
            progress, candidate = replace(progress, state="STARTING", step=step.step, since=now), Arm()
        elif type(step).__name__ == "Promote":
            return math.inf, hit
        now += 1.0
    return math.inf, hit


def batching(seed: int = 1) -> Table:
    """Return what natural batching makes of one replica, by how many callers there are."""
    rows = []
    for clients in (1, 4, 16, 64, 256):
        for batch in (1, 64):
            one = DeploymentPlan("d", Linear(0.005, 0.0002), clients=Clients(clients), batch=batch, cpu=0.0)
            found = simulate(Scenario((one,), seconds=20, seed=seed, costs=Costs()))
            what = f"{clients} callers, {'merged' if batch > 1 else 'one by one'}"
            rows.append(
                (
                    what,
                    f"{found.rate:,.0f}",
                    f"{found.percentile(50) * 1e3:.1f}",
                    f"{found.percentile(99) * 1e3:.1f}",
                    f"{found.refused:,}",
                )
            )
    return (
        "natural batching: 5 ms for a frame, 0.2 ms for a request",
        "per second",
        "p50 ms",
        "p99 ms",
        "refused",
    ), rows


SCENARIOS: dict[str, Callable[[int], Table]] = {
    "placement": placement,
    "autoscaling": autoscaling,
    "failover": failover,
    "rollouts": rollouts,
    "batching": batching,
}
