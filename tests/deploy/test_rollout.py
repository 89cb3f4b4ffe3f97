"""The rollout's rules under every history that hypothesis thinks of, and each gate's words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.deploy.rollout import (
    Advance,
    Arm,
    Begin,
    Gates,
    Progress,
    Promote,
    RollBack,
    RolloutPlan,
    Signals,
    Wait,
    candidates,
    parse_plan,
    plan,
)
from ads.errors import InputError


def arm(requests: int, errors: int = 0, seconds: float = 0.01) -> Arm:
    return replace(Arm().observed(seconds), requests=requests, errors=errors) if requests else Arm()


arms = st.builds(
    lambda good, bad, seconds: arm(good + bad, bad, seconds),
    st.integers(0, 200),
    st.integers(0, 200),
    st.floats(0.0001, 5),
)
plans = st.one_of(
    st.just(RolloutPlan()),
    st.builds(
        RolloutPlan,
        strategy=st.sampled_from(["canary", "shadow"]),
        steps=st.sampled_from([(5, 25, 100), (100,), (1, 2), (50,)]),
        bake_seconds=st.floats(0, 100),
        gates=st.builds(Gates, least_requests=st.integers(0, 50), disagreement=st.none() | st.floats(0, 1)),
        promote=st.booleans(),
    ),
)
signals = st.builds(
    Signals,
    ready=st.booleans(),
    failure=st.sampled_from(["", "", "", "died"]),
    serving=arms,
    candidate=arms,
    compared=st.integers(0, 100),
    disagreed=st.integers(0, 100),
)


@given(plans, st.lists(st.tuples(signals, st.floats(0, 60)), max_size=30))
def test_shares_only_grow_and_nothing_is_promoted_unready_or_unbaked(
    rollout: RolloutPlan, history: list[tuple[Signals, float]]
) -> None:
    progress, now = Progress(rollout), 0.0
    for seen, passed in history:
        now += passed
        step = plan(progress, now, seen)
        if seen.failure:
            assert step == RollBack("died")
        if isinstance(step, RollBack):
            assert step.reason
            return
        if isinstance(step, Promote):
            if rollout.strategy == "rolling":
                assert seen.ready
            else:
                assert progress.state == "BAKING"
                assert now - progress.since >= rollout.bake_seconds
                answered = seen.compared if rollout.strategy == "shadow" else seen.candidate.requests
                assert answered >= rollout.gates.least_requests
                assert rollout.strategy == "shadow" or progress.step == len(rollout.steps) - 1
            return
        if isinstance(step, Begin):
            assert seen.ready
            progress = replace(progress, state="BAKING", since=now)
        elif isinstance(step, Advance):
            assert step.step == progress.step + 1
            progress = replace(progress, state="STARTING", step=step.step, since=now)
        else:
            assert isinstance(step, Wait)
            assert step.why


@given(plans, signals, st.floats(0, 1000))
def test_a_paused_rollout_goes_on_by_itself_in_one_way_only_back(
    rollout: RolloutPlan, seen: Signals, now: float
) -> None:
    step = plan(Progress(rollout, "BAKING", paused=True), now, seen)
    assert isinstance(step, (Wait, RollBack))


def test_a_shadow_that_needs_no_requests_and_has_compared_none_keeps_to_its_gates() -> None:
    rollout = RolloutPlan("shadow", bake_seconds=0.0, gates=Gates(least_requests=0, disagreement=0.0), promote=True)
    assert isinstance(plan(Progress(rollout, "BAKING"), 1.0, Signals(True)), Promote)


@given(
    st.sampled_from(["rolling", "canary", "shadow"]),
    st.integers(1, 20),
    st.integers(0, 20),
    st.integers(0, 20),
    st.none() | st.integers(1, 4),
)
def test_a_step_needs_at_least_one_and_at_most_all_of_the_wanted_replicas(
    strategy: str, wanted: int, serving: int, ready: int, spare: int | None
) -> None:
    rollout = RolloutPlan(strategy, (5, 50, 100) if strategy == "canary" else (), spare=spare)  # type: ignore[arg-type]
    found = candidates(Progress(rollout), wanted, serving, ready)
    assert 1 <= found <= wanted


CANARY = RolloutPlan("canary", (10, 100), 30.0)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (Signals(True, serving=arm(100), candidate=arm(20, 2)), "Gate error rate: 2 of 20 requests failed"),
        (Signals(True, serving=arm(100), candidate=arm(20, seconds=0.2)), "Gate p95"),
        (Signals(True, failure="The replica died."), "The replica died."),
    ],
)
def test_a_broken_gate_rolls_back_at_once_and_says_why(seen: Signals, said: str) -> None:
    step = plan(Progress(CANARY, "BAKING"), 1.0, seen)
    assert isinstance(step, RollBack)
    assert said in step.reason


@pytest.mark.parametrize(
    "seen",
    [
        Signals(True, serving=arm(100), candidate=arm(19, 19)),  # too few to judge
        Signals(True, serving=arm(100, 10), candidate=arm(20, 2)),  # no worse than what serves
        Signals(True, serving=arm(100, seconds=0.001), candidate=arm(20, seconds=0.004)),  # noise
        Signals(True, serving=arm(5), candidate=arm(20, seconds=3)),  # nothing to compare with
    ],
)
def test_a_candidate_that_is_no_worse_or_not_known_well_stays(seen: Signals) -> None:
    assert isinstance(plan(Progress(CANARY, "BAKING"), 1.0, seen), Wait)


def with_late(late: int, total: int) -> Arm:
    found = Arm()
    for number in range(total):
        found = found.observed(0.2 if number < late else 0.005)
    return replace(found, requests=total)


@pytest.mark.parametrize(
    ("late", "total", "broken"), [(2, 20, False), (8, 20, True), (30, 500, False), (50, 500, True)]
)
def test_a_few_late_answers_by_chance_break_no_gate(late: int, total: int, broken: bool) -> None:
    seen = Signals(True, serving=with_late(0, 100), candidate=with_late(late, total))
    assert isinstance(plan(Progress(CANARY, "BAKING"), 1.0, seen), RollBack if broken else Wait)


@pytest.mark.parametrize(
    ("errors", "total", "broken"), [(1, 20, False), (2, 20, True), (8, 400, False), (14, 400, True)]
)
def test_a_few_failures_by_chance_break_no_gate(errors: int, total: int, broken: bool) -> None:
    seen = Signals(True, serving=arm(1000, 5), candidate=arm(total, errors))
    step = plan(Progress(CANARY, "BAKING"), 1.0, seen)
    assert isinstance(step, RollBack if broken else Wait)


def test_without_any_allowance_one_failure_breaks_the_gate_where_nothing_fails() -> None:
    rollout = RolloutPlan("canary", (10, 100), 30.0, Gates(error_rate=0.0, least_requests=0))
    for candidate, broken in ((arm(0), False), (arm(20), False), (arm(20, 1), True)):
        step = plan(Progress(rollout, "BAKING"), 1.0, Signals(True, serving=arm(100), candidate=candidate))
        assert isinstance(step, RollBack if broken else Wait)


def test_a_shadow_that_disagrees_too_often_is_given_up() -> None:
    shadow = RolloutPlan("shadow", gates=Gates(disagreement=0.1))
    step = plan(Progress(shadow, "BAKING"), 1.0, Signals(True, compared=40, disagreed=5))
    assert isinstance(step, RollBack)
    assert "5 of 40" in step.reason


def test_the_p95_is_the_bound_that_95_of_100_stay_below() -> None:
    found = Arm()
    for number in range(100):
        found = found.observed(0.010 if number < 95 else 1.0)
    assert found.p95 == pytest.approx(0.010, rel=0.25)
    assert found.observed(1.0).p95 == pytest.approx(1.0, rel=0.25)


def test_a_plan_is_read_as_it_is_written() -> None:
    body = {"strategy": "canary", "steps": [1, 50], "bakeSeconds": 5, "gates": {"p95Ratio": 3, "leastRequests": 0}}
    found = parse_plan(body)
    assert found.steps == (1, 50)
    assert found.gates == Gates(least_requests=0, p95_ratio=3.0)
    assert parse_plan(found.to_dict()) == found
    assert parse_plan({}, found.to_dict()) == found


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"strategy": "magic"}, "strategy is 'magic'"),
        ({"step": [1]}, "no 'step'"),
        ({"strategy": "canary", "steps": [50, 20]}, "larger than the one before"),
        ({"strategy": "canary", "steps": [True]}, "percentages"),
        ({"strategy": "canary", "steps": [101]}, "0 to 100"),
        ({"bakeSeconds": -1}, "bakeSeconds"),
        ({"gates": {"latency": 1}}, "no gate 'latency'"),
        ({"gates": {"errorRate": "x"}}, "errorRate"),
        ({"spare": 0}, "spare"),
        ({"promote": 1}, "promote"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_by_name(body: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_plan(body)
