"""The simulation beside what this machine does: one replica, several concurrencies, kill -9, one more replica."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import dataclass

import numpy as np

from ads.deploy.autoscale import Policy
from benchmarks.faults.recorder import Recorder, Request, percentile
from benchmarks.faults.subject import Deployed, until
from benchmarks.simulation.durations import Constant, Linear
from benchmarks.simulation.machine import Fit, RealService, Sleeper, fitted, service, under_load
from benchmarks.simulation.outcome import Outcome
from benchmarks.simulation.plans import Clients, Costs, DeploymentPlan, Fault, MachinePlan, Scenario
from benchmarks.simulation.world import simulate

__all__ = ["Row", "as_lines", "check"]

SLOW = Sleeper(0.005, 0.0002)
QUICK = Sleeper(0.0, 0.0)
_WORK = 0.02
_LOAD = 1.0
"""What load_model() of the model that is killed takes, in seconds."""
_NO_GATEWAY = Costs(gateway=0.0)
"""What the gateway takes is in what a request takes alone."""
_POLICY = Policy(1, 2, 2.0, scale_in_after=5.0)


@dataclass(frozen=True)
class Row:
    """One figure, measured and simulated, with its unit."""

    what: str
    unit: str
    measured: float
    simulated: float

    @property
    def deviation(self) -> float:
        """How far the simulation is off, as a part of what was measured."""
        return self.simulated / self.measured - 1 if self.measured else 0.0


def check(seconds: float, parts: tuple[str, ...]) -> tuple[list[str], list[Row]]:
    """Return what was measured first (the simulation's numbers), and the figures."""
    said, rows = [f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores"], []
    with service() as subject:
        if "load" in parts:
            rows += _concurrencies(subject, seconds, said)
        if "kill" in parts:
            rows += _killed(subject.deploy(_lazy(subject)), said)
        if "scale" in parts:
            rows += _scaled(subject.deploy(_lazy(subject)), said)
    return said, rows


def _concurrencies(subject: RealService, seconds: float, said: list[str]) -> list[Row]:
    slow, quick = fitted(SLOW), fitted(QUICK)
    warm = subject.deploy(subject.register_files(QUICK.archive(), "quick"))
    under_load(warm, 16, 1)
    busy, alone = under_load(warm, 64, seconds), under_load(warm, 1, seconds)
    hop = max(0.0, alone.result.p50 - busy.gateway - quick.base - quick.each)
    costs = Costs(gateway=busy.gateway, hop=hop)
    said += [
        f"a request takes {busy.gateway * 1e6:.0f} us of the gateway's processor",
        f"it takes {hop * 1e6:.0f} us on its way that occupy nobody",
        f"a frame takes {_words(slow)} of the slow model, {_words(quick)} of the quick one",
    ]
    deployed = subject.deploy(subject.register_files(SLOW.archive(), "slow"))
    under_load(deployed, 16, 1)
    rows = []
    for connections in (1, 4, 16, 64):
        rows += _loaded("slow model", deployed, slow, costs, connections, seconds, cpu=0.0)
    for connections in (16, 64):
        rows += _loaded("quick model", warm, quick, costs, connections, seconds, cpu=1.0)
    return rows


def _words(fit: Fit) -> str:
    return f"{fit.base * 1e3:.3f} ms + {fit.each * 1e3:.4f} ms for each request"


def _lazy(subject: RealService) -> str:
    return subject.register(1, work=_WORK, load=f"time.sleep({_LOAD})")


def _work_seconds(deployed: Deployed, said: list[str]) -> float:
    """Return what a request takes when nobody else asks: the sleep, what it is late by, and the way."""
    with Recorder(deployed.url, deployed.subject.token, 1, rate=0, connections=1) as recorder:
        recorder.after(60)
    found = percentile([request.seconds for request in recorder.requests[10:]], 0.5)
    said.append(f"a request to a model that sleeps for {_WORK * 1e3:g} ms takes {found * 1e3:.1f} ms alone")
    return found


def _loaded(
    name: str, deployed: Deployed, fit: Fit, costs: Costs, connections: int, seconds: float, *, cpu: float
) -> list[Row]:
    real = under_load(deployed, connections, seconds).result
    plan = DeploymentPlan(
        "one", Linear(fit.base, fit.each), clients=Clients(connections), batch=128, cpu=cpu, start=Constant(1)
    )
    found = simulate(Scenario((plan,), (MachinePlan("m1", cores=2),), seconds=5, costs=costs))
    what = f"{name}, {connections} connection{'s' if connections > 1 else ''}"
    return [
        Row(f"{what}: requests", "1/s", real.rate, found.rate),
        Row(f"{what}: p50", "ms", real.p50 * 1e3, found.percentile(50) * 1e3),
        Row(f"{what}: p99", "ms", real.p99 * 1e3, found.percentile(99) * 1e3),
    ]


# -- kill -9


def _killed(deployed: Deployed, said: list[str]) -> list[Row]:
    rate, kills = 20.0, 2
    start, work = _start_seconds(deployed), _work_seconds(deployed, said)
    said.append(f"a replica that is killed is ready again {start:.2f} s after its process began")
    times: list[list[float]] = []
    with Recorder(deployed.url, deployed.subject.token, 1, rate=rate, connections=32) as recorder:
        recorder.after(20)
        for _ in range(kills):
            (pid,) = deployed.replicas().values()
            killed = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            back = recorder.answer_after(killed)
            recorder.after(100)
            times.append([back, *_took(recorder.since(killed, killed + start))])
    failed = sum(count for kind, count in recorder.counts.items() if kind != "right")
    plan = DeploymentPlan(
        "one", Constant(work), arrivals=np.arange(0, 20, 1 / rate), cpu=0.0, start=Constant(start), replicas=1
    )
    found = simulate(Scenario((plan,), seconds=20, costs=_NO_GATEWAY, faults=(Fault(5.01, "replica", "one"),)))
    longest = found.took[(found.began >= 4.9) & (found.began < 5.01 + start)]
    return [
        Row(
            "kill -9 of the only replica: first answer after", "s", _middle([t[0] for t in times]), _first(found, 5.01)
        ),
        Row("kill -9: longest answer", "s", _middle([max(t[1:]) for t in times]), float(longest.max())),
        Row("kill -9: requests without a prediction", "", float(failed), float(found.refused)),
    ]


def _took(requests: list[Request]) -> list[float]:
    return [request.received - request.due for request in requests if request.kind == "right"]


def _middle(values: list[float]) -> float:
    return percentile(values, 0.5)


def _first(found: Outcome, since: float) -> float:
    after = found.began >= since
    return float((found.began[after] + found.took[after]).min() - since)


def _start_seconds(deployed: Deployed) -> float:
    """Return what the replica's own record says of its start, until it is ready."""
    (status,) = (deployed.subject.home.root / "deployments").glob(f"*{deployed.id[-12:]}*/*/status.json")
    return float(sum(stage["seconds"] for stage in json.loads(status.read_text())["stages"]))


# -- one more replica


def _scaled(deployed: Deployed, said: list[str]) -> list[Row]:
    clients, seconds = 4, 12.0
    body = {"minimum": 1, "maximum": 2, "targetInFlight": 2.0, "scaleInAfterSeconds": 5}
    start, work = _start_seconds(deployed), _work_seconds(deployed, said)
    deployed.subject.ask("PUT", f"/openads/v1/deployments/{deployed.id}/autoscaling", json=body)
    with Recorder(deployed.url, deployed.subject.token, 1, rate=0, connections=clients) as recorder:
        began = time.monotonic()
        until(lambda: len(recorder.first_seen) > 1, 30, "the second replica")
        second = max(recorder.first_seen.values()) - began
        recorder.after(200)
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        after = _rate(recorder, began + second + 1, began + seconds - 0.5)
        before = _rate(recorder, began + 0.5, began + second - 0.2)
    down = until(lambda: len(deployed.replicas()) == 1, 40, "one replica")
    plan = DeploymentPlan(
        "one", Constant(work), clients=Clients(clients), cpu=0.0, start=Constant(start), policy=_POLICY
    )
    found = simulate(Scenario((plan,), seconds=seconds, costs=_NO_GATEWAY, drain=30))
    up, down_at = (next(time for time, _, replicas in found.scaled if replicas == wanted) for wanted in (2, 1))
    moment = up + start + _NO_GATEWAY.connect / 2
    return [
        Row("4 clients, one replica: requests", "1/s", before, _simulated_rate(found, 0.5, moment - 0.2)),
        Row("from the load to the second replica's first answer", "s", second, found.first_answers[1]),
        Row("4 clients, two replicas: requests", "1/s", after, _simulated_rate(found, moment + 1, seconds - 0.5)),
        Row("from the end of the load to one replica", "s", down, down_at - seconds),
    ]


def _rate(recorder: Recorder, since: float, until: float) -> float:
    count = sum(since <= request.received < until for request in recorder.requests if request.kind == "right")
    return count / (until - since)


def _simulated_rate(found: Outcome, since: float, until: float) -> float:
    ends = found.began + found.took
    return float(((ends >= since) & (ends < until)).sum() / (until - since))


def as_lines(rows: list[Row]) -> list[str]:
    """Return the rows as Markdown."""
    lines = ["|  | measured | simulated | deviation |", "|---|--:|--:|--:|"]
    for row in rows:
        digits = 1 if row.unit == "1/s" and row.measured >= 100 else 2
        off = f"{row.deviation:+.0%}" if row.measured else "=" if not row.simulated else "differs"
        unit = f" {row.unit}" if row.unit else ""
        lines.append(f"| {row.what} | {row.measured:,.{digits}f}{unit} | {row.simulated:,.{digits}f}{unit} | {off} |")
    return lines
