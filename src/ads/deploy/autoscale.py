"""How many replicas a deployment should have. Pure: no clock, no input or output.

Two ways to decide, and they may be combined (the larger answer counts):

* *in flight*: so many replicas that each has about ``target_in_flight`` requests at a time, waiting ones included. It
  grows at once and shrinks only to what was needed at most during ``scale_in_after``. With ``minimum`` 0 an idle
  deployment ends its last replica; the first request that comes starts one again.
* *thresholds*, OCI's: one replica more while processors or memory are used beyond one threshold, one less while they
  are used below the other, and then nothing for the cool-down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from ads.errors import InputError

__all__ = ["Policy", "Sample", "Scale", "autoscale", "parse_autoscaling", "parse_threshold_policy"]

_LATELY = 3.0
_MEASURED = 30.0
_GROWTH = 2
_DEFAULT_COOL_DOWN = 600.0
_DEFAULT_SCALE_IN = 60.0
_MOST_REPLICAS = 64
_LONGEST = 24 * 3600.0


@dataclass(frozen=True)
class Policy:
    """The rules. ``cpu`` and ``memory`` are percentages: below the first one less, above the second one more."""

    minimum: int
    maximum: int
    target_in_flight: float | None = None
    cpu: tuple[float, float] | None = None
    memory: tuple[float, float] | None = None
    cool_down: float = _DEFAULT_COOL_DOWN
    scale_in_after: float = _DEFAULT_SCALE_IN
    initial: int = 1


@dataclass(frozen=True)
class Sample:
    """One look: requests waiting and in flight, and use in percent (None: not measured)."""

    time: float
    in_flight: float
    cpu: float | None = None
    memory: float | None = None


@dataclass(frozen=True)
class Scale:
    """How many replicas, and why it is another number than before (empty: it is not)."""

    replicas: int
    reason: str = ""


def autoscale(policy: Policy, window: Sequence[Sample], replicas: int, changed: float, now: float) -> Scale:
    """Return how many replicas there should be.

    ``window`` holds samples, oldest first; ``replicas`` is the present number, wanted since ``changed``.
    """
    if replicas < policy.minimum:
        return Scale(policy.minimum, f"{policy.minimum} is the minimum")
    if replicas > policy.maximum:
        return Scale(policy.maximum, f"{policy.maximum} is the maximum")
    answers = []
    if policy.target_in_flight is not None:
        answers.append(_by_load(policy, policy.target_in_flight, window, replicas, changed, now))
    if (policy.cpu or policy.memory) and replicas:
        answers.append(_by_thresholds(policy, window, replicas, changed, now))
    found = max(answers, key=lambda scale: scale.replicas, default=Scale(replicas))
    bounded = min(max(found.replicas, policy.minimum), policy.maximum)
    return Scale(bounded, found.reason if bounded != replicas else "")


def _by_load(
    policy: Policy, target: float, window: Sequence[Sample], replicas: int, changed: float, now: float
) -> Scale:
    lately = [sample.in_flight for sample in window if now - sample.time <= _LATELY]
    if not lately:
        return Scale(replicas)
    if not replicas:
        if lately[-1] > 0:
            return Scale(min(max(1, ceil(lately[-1] / target)), policy.maximum), "a request came")
        return Scale(0)
    mean = sum(lately) / len(lately)
    need = ceil(mean / target)
    if need > replicas:
        reason = f"{mean:.1f} requests in flight, {target:g} for each replica"
        return Scale(min(need, replicas * _GROWTH), reason) if now - changed >= _LATELY else Scale(replicas)
    begin = now - policy.scale_in_after
    if changed > begin or not window or window[0].time > begin:
        return Scale(replicas)
    peak = max(sample.in_flight for sample in window if sample.time >= begin)
    least = 0 if peak == 0 else max(1, ceil(peak / target))
    least = max(least, policy.minimum)
    if least < replicas:
        return Scale(least, f"at most {peak:.1f} requests in flight for {policy.scale_in_after:g} s")
    return Scale(replicas)


def _by_thresholds(policy: Policy, window: Sequence[Sample], replicas: int, changed: float, now: float) -> Scale:
    if now - changed < policy.cool_down:
        return Scale(replicas)
    low = True
    for name, bounds in (("cpu", policy.cpu), ("memory", policy.memory)):
        if bounds is None:
            continue
        used = [
            value
            for sample in window
            if now - sample.time <= _MEASURED and (value := getattr(sample, name)) is not None
        ]
        if not used:
            return Scale(replicas)
        mean = sum(used) / len(used)
        if mean > bounds[1]:
            return Scale(min(replicas + 1, policy.maximum), f"{name} is used to {mean:.0f} %, above {bounds[1]:g} %")
        low = low and mean < bounds[0]
    # The last replica is never ended for being idle: its processor says nothing once it is gone.
    if low and replicas > max(1, policy.minimum):
        return Scale(replicas - 1, "processors and memory are used below their thresholds")
    return Scale(replicas)


# -- reading what callers send


def parse_autoscaling(content: Mapping[str, Any]) -> Policy:
    """Return the policy of ``PUT …/autoscaling``. Raises InputError."""
    known = ("minimum", "maximum", "targetInFlight", "scaleInAfterSeconds")
    unknown = sorted(set(content) - set(known))
    if unknown:
        raise InputError(f"Autoscaling has no {unknown[0]!r}.", hint=f"Known: {', '.join(known)}.")
    minimum = _whole(content, "minimum", 1, 0)
    maximum = _whole(content, "maximum", max(1, minimum), 1)
    if minimum > maximum:
        raise InputError(f"minimum is {minimum}, maximum {maximum}.", hint="minimum can't be above maximum.")
    return Policy(
        minimum=minimum,
        maximum=maximum,
        target_in_flight=_number(content, "targetInFlight", 4.0, 0.1, 10_000.0),
        scale_in_after=_number(content, "scaleInAfterSeconds", _DEFAULT_SCALE_IN, 1.0, _LONGEST),
        initial=max(1, minimum),
    )


def parse_threshold_policy(policy: Mapping[str, Any]) -> Policy | None:
    """Return what a ``scalingPolicy`` of type AUTOSCALING asks for, None where it is switched off.

    Raises InputError naming the attribute that is missing or wrong.
    """
    entries = policy.get("autoScalingPolicies")
    if not isinstance(entries, Sequence) or isinstance(entries, str) or len(entries) != 1:
        raise InputError("scalingPolicy.autoScalingPolicies must hold exactly one policy.")
    entry = entries[0]
    if not isinstance(entry, Mapping) or entry.get("autoScalingPolicyType") != "THRESHOLD":
        raise InputError("autoScalingPolicyType must be THRESHOLD.")
    minimum = _whole(entry, "minimumInstanceCount", None, 1)
    maximum = _whole(entry, "maximumInstanceCount", None, 1)
    initial = _whole(entry, "initialInstanceCount", None, 1)
    if not minimum <= initial <= maximum:
        raise InputError(
            f"minimumInstanceCount {minimum}, initialInstanceCount {initial} and maximumInstanceCount {maximum} are "
            "not in this order."
        )
    thresholds: dict[str, tuple[float, float]] = {}
    rules = entry.get("rules")
    if not isinstance(rules, Sequence) or isinstance(rules, str) or not rules:
        raise InputError("autoScalingPolicies.rules must hold a rule.")
    for rule in rules:
        name, bounds = _rule(rule)
        thresholds[name] = bounds
    enabled = policy.get("isEnabled")
    found = Policy(
        minimum=minimum,
        maximum=maximum,
        cpu=thresholds.get("cpu"),
        memory=thresholds.get("memory"),
        cool_down=_number(policy, "coolDownInSeconds", _DEFAULT_COOL_DOWN, 0.0, _LONGEST),
        initial=initial,
    )
    return None if enabled is False else found


def _rule(rule: Any) -> tuple[str, tuple[float, float]]:
    if not isinstance(rule, Mapping) or rule.get("metricExpressionRuleType") != "PREDEFINED_EXPRESSION":
        raise InputError("metricExpressionRuleType must be PREDEFINED_EXPRESSION.")
    name = {"CPU_UTILIZATION": "cpu", "MEMORY_UTILIZATION": "memory"}.get(str(rule.get("metricType")))
    if name is None:
        raise InputError("metricType must be CPU_UTILIZATION or MEMORY_UTILIZATION.")
    bounds = []
    for key in ("scaleInConfiguration", "scaleOutConfiguration"):
        part = rule.get(key)
        if not isinstance(part, Mapping):
            raise InputError(f"{key} is missing.")
        if part.get("scalingConfigurationType", "THRESHOLD") != "THRESHOLD":
            raise InputError(f"{key}.scalingConfigurationType must be THRESHOLD.")
        bounds.append(_number(part, "threshold", None, 0.0, 100.0))
    if bounds[0] >= bounds[1]:
        raise InputError(f"The threshold to scale in, {bounds[0]:g}, must be below that to scale out, {bounds[1]:g}.")
    return name, (bounds[0], bounds[1])


def _whole(content: Mapping[str, Any], key: str, default: int | None, least: int) -> int:
    value = content.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _MOST_REPLICAS:
        raise InputError(f"{key} must be a whole number from {least} to {_MOST_REPLICAS}.")
    return value


def _number(content: Mapping[str, Any], key: str, default: float | None, least: float, most: float) -> float:
    value = content.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not least <= value <= most:
        raise InputError(f"{key} must be a number from {least:g} to {most:g}.")
    return float(value)
