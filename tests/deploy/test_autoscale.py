"""How many replicas: bounds hold always, and each rule does what it says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.deploy.autoscale import Policy, Sample, autoscale, parse_autoscaling, parse_threshold_policy
from ads.errors import InputError

LOAD = Policy(0, 5, target_in_flight=2.0, scale_in_after=10.0)


def window(*in_flight: float, until: float = 100.0, **used: float) -> list[Sample]:
    """One sample a second, the last one at ``until``."""
    begin = until - len(in_flight) + 1
    return [Sample(begin + number, value, **used) for number, value in enumerate(in_flight)]


policies = st.builds(
    lambda low, more, target, cpu: Policy(low, max(1, low + more), target, (30.0, 70.0) if cpu else None, cool_down=5),
    st.integers(0, 3),
    st.integers(0, 5),
    st.none() | st.floats(0.1, 10),
    st.booleans(),
)


@given(policies, st.lists(st.floats(0, 100), max_size=90), st.integers(0, 12), st.floats(0, 100), st.floats(0, 100))
def test_the_bounds_hold_and_every_change_has_a_reason(
    policy: Policy, load: list[float], replicas: int, changed: float, cpu: float
) -> None:
    found = autoscale(policy, window(*load, cpu=cpu), replicas, changed, 100.0)
    assert policy.minimum <= found.replicas <= policy.maximum
    assert bool(found.reason) == (found.replicas != replicas)


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=90), st.integers(1, 5))
def test_a_busy_deployment_never_loses_its_last_replica(load: list[float], replicas: int) -> None:
    assert autoscale(LOAD, window(*load), replicas, 0.0, 100.0).replicas >= 1


def test_it_grows_at_once_and_shrinks_to_what_was_needed_at_most() -> None:
    assert autoscale(LOAD, window(8, 8, 8), 2, 0.0, 100.0).replicas == 4
    assert autoscale(LOAD, window(8, 8, 8), 1, 0.0, 100.0).replicas == 2  # at most twice as many at a time
    assert autoscale(LOAD, window(8, 8, 8), 2, 99.0, 100.0).replicas == 2  # those just asked for are starting
    assert autoscale(LOAD, window(1, *[8] * 4, *[0] * 12), 4, 0.0, 100.0).replicas == 0
    assert autoscale(LOAD, window(1, *[0] * 8, *[3] * 1, *[0] * 8), 4, 0.0, 100.0).replicas == 2
    assert autoscale(LOAD, window(*[0] * 5), 4, 0.0, 100.0).replicas == 4  # not looked at for long enough
    assert autoscale(LOAD, window(*[0] * 20), 4, 95.0, 100.0).replicas == 4  # changed a moment ago


def test_an_idle_one_ends_and_the_first_request_starts_it() -> None:
    assert autoscale(LOAD, window(*[0] * 20), 1, 0.0, 100.0).replicas == 0
    assert autoscale(LOAD, window(*[0] * 20), 0, 0.0, 100.0).replicas == 0
    assert autoscale(LOAD, window(0, 1), 0, 99.9, 100.0).replicas == 1


THRESHOLDS = Policy(1, 3, cpu=(30.0, 70.0), memory=(20.0, 90.0), cool_down=10.0)


@pytest.mark.parametrize(
    ("cpu", "memory", "replicas", "expected"),
    [(80, 10, 1, 2), (80, 10, 3, 3), (10, 95, 1, 2), (10, 10, 2, 1), (10, 50, 2, 2), (10, 10, 1, 1), (50, 10, 2, 2)],
)
def test_thresholds_add_and_take_one_replica(cpu: float, memory: float, replicas: int, expected: int) -> None:
    samples = window(0, 0, 0, cpu=cpu, memory=memory)
    assert autoscale(THRESHOLDS, samples, replicas, 0.0, 100.0).replicas == expected
    assert autoscale(THRESHOLDS, samples, replicas, 95.0, 100.0).replicas == replicas  # it cools down


OCI = {
    "policyType": "AUTOSCALING",
    "coolDownInSeconds": 650,
    "isEnabled": True,
    "autoScalingPolicies": [
        {
            "autoScalingPolicyType": "THRESHOLD",
            "minimumInstanceCount": 1,
            "maximumInstanceCount": 4,
            "initialInstanceCount": 2,
            "rules": [
                {
                    "metricExpressionRuleType": "PREDEFINED_EXPRESSION",
                    "metricType": "CPU_UTILIZATION",
                    "scaleInConfiguration": {"scalingConfigurationType": "THRESHOLD", "threshold": 10},
                    "scaleOutConfiguration": {"scalingConfigurationType": "THRESHOLD", "threshold": 65},
                }
            ],
        }
    ],
}


def test_the_policy_of_oci_is_read() -> None:
    found = parse_threshold_policy(OCI)
    assert found == Policy(1, 4, cpu=(10.0, 65.0), cool_down=650.0, initial=2)
    assert parse_threshold_policy({**OCI, "isEnabled": False}) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"minimumInstanceCount": 3}, "in this order"),
        ({"maximumInstanceCount": None}, "maximumInstanceCount"),
        ({"autoScalingPolicyType": "OTHER"}, "THRESHOLD"),
        ({"rules": []}, "rules"),
        ({"rules": [{**OCI["autoScalingPolicies"][0]["rules"][0], "metricType": "DISK"}]}, "metricType"),  # type: ignore[index]
    ],
)
def test_a_broken_policy_is_refused_by_name(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_threshold_policy({**OCI, "autoScalingPolicies": [{**OCI["autoScalingPolicies"][0], **change}]})  # type: ignore[dict-item, index]


def test_our_own_policy_is_read_strictly() -> None:
    found = parse_autoscaling({"minimum": 0, "maximum": 3, "targetInFlight": 8, "scaleInAfterSeconds": 5})
    assert found == Policy(0, 3, target_in_flight=8.0, scale_in_after=5.0)
    for body, said in (
        ({"minimum": 4, "maximum": 2}, "above maximum"),
        ({"max": 2}, "no 'max'"),
        ({"targetInFlight": 0}, "targetInFlight"),
    ):
        with pytest.raises(InputError, match=said):
            parse_autoscaling(body)  # type: ignore[arg-type]
