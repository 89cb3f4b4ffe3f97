"""The simulator against formulas, against itself, and for what it may never do."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ads.deploy.autoscale import Policy
from ads.gateway.limits import Limits
from benchmarks.simulation import arrivals
from benchmarks.simulation.durations import Constant, Duration, Exponential, Linear
from benchmarks.simulation.outcome import Outcome
from benchmarks.simulation.plans import Clients, Costs, DeploymentPlan, Fault, MachinePlan, Scenario
from benchmarks.simulation.scale import awake
from benchmarks.simulation.world import simulate

FREE = Costs(gateway=0.0, sweep=1.0)
PATIENT = dataclasses.replace(Limits(), queue_items=1_000_000, queue_seconds=1e6, silent_seconds=1e6)


def queue(predict: Duration, load: float, seed: int = 3, count: int = 30_000) -> tuple[Outcome, float]:
    """Return what comes of one replica that needs a second for a request on average, at so much load."""
    seconds = count / load
    times = arrivals.requests(arrivals.steady(load, seconds), np.random.default_rng(seed))
    plan = DeploymentPlan("one", predict, times, cpu=0.0)
    return simulate(Scenario((plan,), seconds=seconds, costs=FREE, limits=PATIENT, drain=1e5, seed=seed)), seconds


@pytest.mark.parametrize("load", [0.3, 0.7])
def test_one_replica_waits_as_the_formulas_of_queues_say(load: float) -> None:
    # M/M/1: 1 / (1 - load); M/D/1 (Pollaczek-Khinchine): 1 + load / (2 (1 - load)).
    random, _ = queue(Exponential(1.0), load)
    even, _ = queue(Constant(1.0), load)
    assert random.took.mean() == pytest.approx(1 / (1 - load), rel=0.1)
    assert even.took.mean() == pytest.approx(1 + load / (2 * (1 - load)), rel=0.05)
    assert random.utilisation == pytest.approx(load, rel=0.03)


def test_little_is_right() -> None:
    found, seconds = queue(Exponential(1.0), 0.7)
    ends = found.began + found.took
    moments = np.linspace(0.1 * seconds, 0.9 * seconds, 4000)
    inside = np.searchsorted(np.sort(found.began), moments) - np.searchsorted(np.sort(ends), moments)
    assert inside.mean() == pytest.approx(found.answered / seconds * found.took.mean(), rel=0.1)


def test_what_waits_travels_in_one_frame() -> None:
    plan = DeploymentPlan("one", Linear(0.010, 0.0001), clients=Clients(64), batch=64, cpu=0.0)
    found = simulate(Scenario((plan,), seconds=60, costs=FREE))
    # A replica gets its next frame before the callers of the last one are answered: two groups take turns.
    assert found.rate == pytest.approx(64 / (2 * 0.010 + 64 * 0.0001), rel=0.02)
    assert found.percentile(50) == pytest.approx(2 * 0.010 + 64 * 0.0001, rel=0.05)
    alone = dataclasses.replace(plan, batch=1)
    assert simulate(Scenario((alone,), seconds=60, costs=FREE)).rate == pytest.approx(1 / 0.0101, rel=0.02)


def test_a_gateway_is_one_process() -> None:
    plan = DeploymentPlan("one", Constant(0.0), clients=Clients(8), cpu=0.0)
    found = simulate(Scenario((plan,), seconds=2, costs=Costs(gateway=0.001)))
    assert found.rate == pytest.approx(1000, rel=0.02)
    assert found.gateway_busy == pytest.approx(2, rel=0.02)


def lively(seed: int) -> Scenario:
    """Return a scenario with everything in it."""
    numbers = np.random.default_rng(seed)
    seconds = 120.0
    shares = arrivals.popularity(6)
    plans = [
        DeploymentPlan(
            f"d{number}",
            Linear(0.02, 0.005, sigma=0.3),
            arrivals.requests(arrivals.bursts(float(40 * share), seconds, numbers), numbers),
            replicas=number % 2 + 1,
            batch=8,
            policy=Policy(number % 2, 4, 2.0, scale_in_after=20.0) if number % 3 else None,
        )
        for number, share in enumerate(shares)
    ]
    faults = (
        Fault(10, "replica", "d1"),
        Fault(25, "leader"),
        Fault(40, "machine", "m0", seconds=30),
        Fault(80, "gateway"),
    )
    machines = tuple(MachinePlan(f"m{number}", cores=4) for number in range(3))
    return Scenario(tuple(plans), machines, seconds, gateways=2, faults=faults, seed=seed)


def test_the_same_seed_gives_the_same() -> None:
    first, second, other = simulate(lively(1)), simulate(lively(1)), simulate(lively(2))
    assert np.array_equal(first.took, second.took)
    assert (first.statuses, first.replica_seconds, first.events) == (
        second.statuses,
        second.replica_seconds,
        second.events,
    )
    assert first.events != other.events


@given(seed=st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_no_request_is_lost_or_answered_twice(seed: int) -> None:
    found = simulate(lively(seed))
    assert sum(found.statuses.values()) + found.under_way == found.arrived
    assert found.under_way == 0
    assert set(found.statuses) <= {0, 200, 503, 504}
    assert found.answered == len(found.took)
    assert (found.took > 0).all()
    assert all(recovery.seconds >= 0 for recovery in found.recoveries)


def one(rate: float, seconds: float, seed: int = 1, **more: object) -> DeploymentPlan:
    times = arrivals.requests(arrivals.steady(rate, seconds), np.random.default_rng(seed))
    return dataclasses.replace(DeploymentPlan("one", Constant(0.02), times, start=Constant(2.0), cpu=0.0), **more)  # type: ignore[arg-type]


def test_two_replicas_answer_while_one_is_replaced() -> None:
    plan = one(30, 60, replicas=2)
    found = simulate(Scenario((plan,), seconds=60, faults=(Fault(20, "replica", "one"),)))
    assert found.statuses == {200: found.arrived}
    assert 2.0 < found.recovery < 3.0


def test_a_machine_that_is_gone_is_noticed_after_its_silence() -> None:
    machines = (MachinePlan("m0"), MachinePlan("m1"))
    plan = one(30, 60, replicas=2)
    found = simulate(Scenario((plan,), machines, 60, faults=(Fault(20, "machine", "m0"),)))
    assert found.statuses == {200: found.arrived}
    assert 7.0 < found.recovery < 8.5
    late = found.took[(found.began > 15) & (found.began < 30)].max()
    assert 1.0 < late < 2.5  # what was on it is given to the other one after a second, as soon as that is free


def test_nothing_is_started_while_nobody_leads() -> None:
    faults = (Fault(20, "leader"), Fault(21, "replica", "one"))
    found = simulate(Scenario((one(30, 60, replicas=2),), seconds=60, faults=faults, costs=Costs(takeover=5.0)))
    assert found.statuses == {200: found.arrived}
    assert 6.0 < found.recovery < 7.0


def test_an_idle_deployment_has_no_replica_until_a_request_comes() -> None:
    policy = Policy(0, 2, 4.0, scale_in_after=10.0)
    plan = one(0, 100, arrivals=np.array([50.0, 50.5, 80.0]), policy=policy)
    found = simulate(Scenario((plan,), seconds=100))
    assert found.statuses == {200: 3}
    assert [replicas for _, _, replicas in found.scaled] == [0, 1, 0, 1, 0]
    assert found.took[0] == pytest.approx(2.3, abs=0.5)
    assert found.replica_seconds < 60


def test_replicas_follow_the_load() -> None:
    times = np.concatenate([np.arange(0, 60, 0.05), np.arange(60, 180, 0.005), np.arange(180, 400, 0.05)])
    policy = Policy(1, 8, 2.0, scale_in_after=30.0)
    found = simulate(Scenario((one(0, 1, arrivals=times, policy=policy),), seconds=400))
    most = max(replicas for _, _, replicas in found.scaled)
    assert 4 <= most <= 8
    assert found.scaled[-1][2] == 1
    assert found.answered > 0.99 * found.arrived


def test_what_does_not_fit_is_not_started() -> None:
    machines = (MachinePlan("m0", memory=2**30),)
    plan = one(1, 30, replicas=4, memory=2**29)
    found = simulate(Scenario((plan,), machines, 30))
    assert found.replica_seconds == pytest.approx(60, rel=0.01)


@given(exponent=st.floats(0.5, 2.5), deployments=st.integers(1, 3000))
@settings(max_examples=40, deadline=None)
def test_popularity_is_shares_that_fall(exponent: float, deployments: int) -> None:
    shares = arrivals.popularity(deployments, exponent)
    assert shares.sum() == pytest.approx(1)
    assert (np.diff(shares) <= 0).all()


@given(seed=st.integers(0, 1000), rate=st.floats(0.1, 50))
@settings(max_examples=25, deadline=None)
def test_arrivals_lie_in_their_order_within_the_time(seed: int, rate: float) -> None:
    numbers = np.random.default_rng(seed)
    rates = arrivals.crowd(arrivals.day(rate, 600, numbers, length=600), at=300, times=5)
    times = arrivals.requests(rates, numbers)
    assert (np.diff(times) >= 0).all()
    assert not len(times) or (times[0] >= 0 and times[-1] < 600)
    assert len(times) == pytest.approx(rates.sum(), abs=6 * np.sqrt(rates.sum()) + 6)


def test_a_day_has_its_mean_and_its_peak() -> None:
    numbers = np.random.default_rng(1)
    rates = arrivals.day(10, 86_400, numbers, noise=0.0)
    assert rates.mean() == pytest.approx(10, rel=0.01)
    assert rates.min() / rates.max() == pytest.approx(0.5, rel=0.01)
    assert arrivals.bursts(10, 50_000, numbers).mean() == pytest.approx(10, rel=0.25)


@given(deployments=st.integers(1, 2000), rate=st.floats(0.01, 1000))
@settings(max_examples=40, deadline=None)
def test_no_more_are_awake_than_there_are_or_than_requests_came(deployments: int, rate: float) -> None:
    found = awake(deployments, rate, kept=60.0)
    assert 0 <= found <= deployments * (1 + 1e-9)
    assert found <= rate * 60.0 * (1 + 1e-9)


def test_what_is_awake_is_what_a_simulation_finds() -> None:
    numbers, shares, rate, kept = np.random.default_rng(1), arrivals.popularity(300), 2.0, 60.0
    moments = np.arange(200, 4000, 50.0)
    seen = np.zeros(len(moments))
    for share in shares:
        times = arrivals.requests(arrivals.steady(float(rate * share), 4000), numbers)
        before = np.searchsorted(times, moments)
        seen += [place > 0 and moment - times[place - 1] < kept for place, moment in zip(before, moments, strict=True)]
    assert awake(300, rate, kept) == pytest.approx(seen.mean(), rel=0.05)
