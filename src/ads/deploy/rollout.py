"""What happens next in a rollout. Pure: no clock, no input or output.

A rollout takes a deployment from the revision that serves to the one that is wanted:

* ``rolling``: the wanted replicas take over as soon as they are ready, all at once or one at a time within a spare.
* ``canary``: they get a share of the requests that grows step by step; each step is baked for a while.
* ``shadow``: they get copies of requests, their answers are compared and thrown away.

A candidate that breaks a gate, or whose replicas can't become or stay ready, is rolled back, whatever the strategy.
Gates are judged once the candidate has answered enough requests, and no step ends before that.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import ceil, sqrt
from typing import Any, Literal, TypeAlias, cast

from ads.errors import InputError

__all__ = [
    "BOUNDS",
    "Advance",
    "Arm",
    "Begin",
    "Gates",
    "Progress",
    "Promote",
    "RollBack",
    "RolloutPlan",
    "RolloutState",
    "Signals",
    "Step",
    "Strategy",
    "Wait",
    "candidates",
    "parse_plan",
    "plan",
    "weight",
]

Strategy = Literal["rolling", "canary", "shadow"]
RolloutState = Literal["STARTING", "BAKING", "SUCCEEDED", "ROLLED_BACK", "ABORTED"]
"""``STARTING``: the replicas of the present step are awaited; ``BAKING``: they have their share of the requests."""

BOUNDS: tuple[float, ...] = tuple(0.0005 * 1.25**number for number in range(54))
"""Upper bounds of the latency buckets in seconds: from half a millisecond to more than a minute, a quarter apart."""

_MOST_STEPS = 20
_LONGEST_BAKE = 7 * 24 * 3600.0
_NOISE_SECONDS = 0.005
_MOST_OF_THEM = 0.95
_STEPS_EXAMPLE = "For example [5, 25, 100]."


@dataclass(frozen=True)
class Gates:
    """What a candidate must keep to, compared with the revision that serves.

    ``error_rate``: how much larger its share of errors may be. ``p95_ratio``: how many times slower it may be.
    ``disagreement``: the largest share of different answers as a shadow, None for any. ``least_requests``: it isn't
    judged before it has answered so many.
    """

    least_requests: int = 20
    error_rate: float = 0.01
    p95_ratio: float = 2.0
    disagreement: float | None = None


@dataclass(frozen=True)
class RolloutPlan:
    """How a rollout is to go. ``steps``: percent of the requests; ``spare``: replicas beyond the wanted number, None
    for as many again. ``sample``: percent of the requests that a shadow gets; ``promote``: whether one that kept to
    its gates takes over by itself.
    """

    strategy: Strategy = "rolling"
    steps: tuple[int, ...] = ()
    bake_seconds: float = 0.0
    gates: Gates = field(default_factory=Gates)
    spare: int | None = None
    sample: int = 100
    promote: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as the API writes it; :func:`parse_plan` reads it."""
        gates = self.gates
        return {
            "strategy": self.strategy,
            "steps": list(self.steps),
            "bakeSeconds": self.bake_seconds,
            "gates": {
                "leastRequests": gates.least_requests,
                "errorRate": gates.error_rate,
                "p95Ratio": gates.p95_ratio,
                "disagreement": gates.disagreement,
            },
            "spare": self.spare,
            "sample": self.sample,
            "promote": self.promote,
        }


@dataclass(frozen=True)
class Arm:
    """What gateways counted of one revision: ``latency`` has a number for each bucket of BOUNDS and one above."""

    requests: int = 0
    errors: int = 0
    latency: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)

    @property
    def error_rate(self) -> float:
        """The share of errors."""
        return self.errors / self.requests if self.requests else 0.0

    def slower_than(self, seconds: float) -> int:
        """Return how many requests surely took longer."""
        return sum(self.latency[bisect_left(BOUNDS, seconds) + 1 :])

    @property
    def p95(self) -> float | None:
        """The time in seconds that 95 of 100 requests stay below, None without any."""
        total = sum(self.latency)
        if not total:
            return None
        rank, seen = ceil(total * _MOST_OF_THEM), 0
        for number, count in enumerate(self.latency):
            seen += count
            if seen >= rank:
                return BOUNDS[min(number, len(BOUNDS) - 1)]
        return BOUNDS[-1]

    def observed(self, seconds: float, *, error: bool = False) -> Arm:
        """Return the arm with one more request."""
        latency = list(self.latency)
        latency[bisect_left(BOUNDS, seconds)] += 1
        return Arm(self.requests + 1, self.errors + error, tuple(latency))

    def __add__(self, other: Arm) -> Arm:
        latency = tuple(a + b for a, b in zip(self.latency, other.latency, strict=True))
        return Arm(self.requests + other.requests, self.errors + other.errors, latency)

    def since(self, earlier: Arm) -> Arm:
        """Return what came after an earlier look at the same counts."""
        latency = tuple(max(0, a - b) for a, b in zip(self.latency, earlier.latency, strict=True))
        return Arm(max(0, self.requests - earlier.requests), max(0, self.errors - earlier.errors), latency)


@dataclass(frozen=True)
class Signals:
    """What is known now. ``ready``: all replicas that the present step needs answer. ``failure``: why they can't.

    ``candidate`` counts since the step began, ``serving`` since the rollout did.
    """

    ready: bool
    failure: str = ""
    serving: Arm = field(default_factory=Arm)
    candidate: Arm = field(default_factory=Arm)
    compared: int = 0
    disagreed: int = 0


@dataclass(frozen=True)
class Progress:
    """Where a rollout stands. ``since`` is when the present state of the present step began, in seconds."""

    plan: RolloutPlan
    state: RolloutState = "STARTING"
    step: int = 0
    since: float = 0.0
    paused: bool = False


@dataclass(frozen=True)
class Wait:
    """Nothing to do; ``why`` says what is waited for."""

    why: str


@dataclass(frozen=True)
class Begin:
    """The replicas of the present step are ready: give them their share."""


@dataclass(frozen=True)
class Advance:
    """Go on to this step."""

    step: int


@dataclass(frozen=True)
class Promote:
    """Let the candidate serve alone."""


@dataclass(frozen=True)
class RollBack:
    """Return to the revision that served, for this reason."""

    reason: str


Step: TypeAlias = "Wait | Begin | Advance | Promote | RollBack"


def plan(progress: Progress, now: float, signals: Signals) -> Step:
    """Return what to do now."""
    if progress.state not in ("STARTING", "BAKING"):
        return Wait("The rollout has ended.")
    if signals.failure:
        return RollBack(signals.failure)
    broken = _broken_gate(progress.plan, signals)
    if broken:
        return RollBack(broken)
    if progress.state == "STARTING":
        return _after_start(progress, signals)
    if progress.paused:
        return Wait("The rollout is paused.")
    left = progress.since + progress.plan.bake_seconds - now
    if left > 0:
        return Wait(f"The step is baked for {left:.0f} s more.")
    return _after_bake(progress, signals)


def candidates(progress: Progress, wanted: int, serving: int, ready: int) -> int:
    """Return how many replicas of the candidate the present step needs.

    ``wanted`` is the number at the end, ``serving`` that of the running revision, ``ready`` those of the candidate that
    answer.
    """
    found = progress.plan
    if found.strategy == "canary" and found.steps:
        return min(wanted, max(1, ceil(wanted * found.steps[progress.step] / 100)))
    if found.strategy == "shadow":
        return min(wanted, 1)
    if found.spare is None or serving == 0:
        return wanted
    return min(wanted, ready + found.spare)


def weight(progress: Progress) -> int:
    """Return the candidate's share of the requests in percent: that of the present step once its replicas are ready."""
    found = progress.plan
    if found.strategy != "canary":
        return 0
    if progress.state == "BAKING":
        return found.steps[progress.step]
    return found.steps[progress.step - 1] if progress.step else 0


def _after_start(progress: Progress, signals: Signals) -> Step:
    if not signals.ready:
        return Wait("The replicas are starting.")
    return Promote() if progress.plan.strategy == "rolling" else Begin()


def _after_bake(progress: Progress, signals: Signals) -> Step:
    found = progress.plan
    seen = signals.compared if found.strategy == "shadow" else signals.candidate.requests
    if seen < found.gates.least_requests:
        return Wait(f"The candidate has answered {seen} of the {found.gates.least_requests} requests that are needed.")
    if found.strategy == "shadow":
        return Promote() if found.promote else Wait("The shadow kept to its gates: promote it, or abort.")
    if progress.step + 1 < len(found.steps):
        return Advance(progress.step + 1)
    return Promote()


def _broken_gate(found: RolloutPlan, signals: Signals) -> str:
    """Return which gate the candidate broke, empty when none is."""
    gates, new, old = found.gates, signals.candidate, signals.serving
    enough = signals.compared >= max(gates.least_requests, 1)
    if found.strategy == "shadow" and gates.disagreement is not None and enough:
        share = signals.disagreed / signals.compared
        if share > gates.disagreement:
            return (
                f"Gate disagreement: {signals.disagreed} of {signals.compared} answers ({share:.1%}) differ from those "
                f"of the running version; at most {gates.disagreement:.1%} are allowed."
            )
    if new.requests < gates.least_requests:
        return ""
    if _surely_fails_more(new, old, gates.error_rate):
        return (
            f"Gate error rate: {new.errors} of {new.requests} requests failed ({new.error_rate:.1%}); the running "
            f"version fails {old.error_rate:.1%}, and at most {gates.error_rate:.1%} more are allowed."
        )
    slow, usual = new.p95, old.p95
    if slow is None or usual is None or old.requests < gates.least_requests:
        return ""
    allowed = usual * gates.p95_ratio
    if slow > allowed and slow - usual > _NOISE_SECONDS and _surely_slower(new, allowed):
        return (
            f"Gate p95: 95 % of the requests take up to {slow * 1000:.0f} ms; with the running version it is "
            f"{usual * 1000:.0f} ms, and at most {gates.p95_ratio:g} times that is allowed."
        )
    return ""


def _surely_fails_more(new: Arm, old: Arm, more: float) -> bool:
    """Return whether so much more of the requests fail, by three standard deviations: one of twenty may by chance."""
    if not new.errors:
        return False
    allowed = min(1.0, old.error_rate + more)
    chance = allowed * (1 - allowed) / new.requests
    if old.requests:
        chance += old.error_rate * (1 - old.error_rate) / old.requests
    return new.error_rate > allowed + 3 * sqrt(chance)


def _surely_slower(arm: Arm, seconds: float) -> bool:
    """Return whether more than 5 of 100 requests take longer, by three standard deviations: two of twenty may."""
    total, late = sum(arm.latency), arm.slower_than(seconds)
    expected = total * (1 - _MOST_OF_THEM)
    return late > expected + 3 * sqrt(expected * _MOST_OF_THEM)


# -- reading what callers send


def parse_plan(content: Mapping[str, Any], default: Mapping[str, Any] | None = None) -> RolloutPlan:
    """Return the plan that a body describes; what it leaves out comes from ``default``. Raises InputError."""
    merged: dict[str, Any] = {**(default or {}), **content}
    known = set(RolloutPlan().to_dict())
    unknown = sorted(set(merged) - known)
    if unknown:
        raise InputError(f"A rollout has no {unknown[0]!r}.", hint=f"Known: {', '.join(sorted(known))}.")
    strategy = merged.get("strategy", "rolling")
    if strategy not in ("rolling", "canary", "shadow"):
        raise InputError(f"strategy is {strategy!r}.", hint="It is rolling, canary or shadow.")
    steps = _steps(merged.get("steps"), strategy)
    return RolloutPlan(
        strategy=cast("Strategy", strategy),
        steps=steps,
        bake_seconds=_number(merged, "bakeSeconds", 60.0 if strategy != "rolling" else 0.0, _LONGEST_BAKE),
        gates=_gates(merged.get("gates")),
        spare=_whole(merged.get("spare"), "spare", 1, 64),
        sample=_whole(merged.get("sample"), "sample", 1, 100) or 100,
        promote=_flag(merged, "promote"),
    )


def _steps(value: Any, strategy: str) -> tuple[int, ...]:
    if strategy != "canary":
        return ()
    if value is None or value == []:
        return (5, 25, 100)
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > _MOST_STEPS:
        raise InputError(
            f"steps must be a list of at most {_MOST_STEPS} percentages.", hint="For example [5, 25, 100]."
        )
    for before, percent in zip((-1, *value), value, strict=False):
        if not isinstance(percent, int) or isinstance(percent, bool) or not before < percent <= 100:
            raise InputError(
                "steps must be whole percentages from 0 to 100, each larger than the one before.",
                hint=_STEPS_EXAMPLE,
            )
    return tuple(value)


def _gates(value: Any) -> Gates:
    if value is None:
        return Gates()
    if not isinstance(value, Mapping):
        raise InputError("gates must be an object.")
    known = ("leastRequests", "errorRate", "p95Ratio", "disagreement")
    unknown = sorted(set(value) - set(known))
    if unknown:
        raise InputError(f"There is no gate {unknown[0]!r}.", hint=f"Gates: {', '.join(known)}.")
    defaults = asdict(Gates())
    disagreement = value.get("disagreement")
    least = _whole(value.get("leastRequests"), "gates.leastRequests", 0, 1_000_000)
    return Gates(
        least_requests=defaults["least_requests"] if least is None else least,
        error_rate=_number(value, "errorRate", defaults["error_rate"], 1.0),
        p95_ratio=_number(value, "p95Ratio", defaults["p95_ratio"], 1000.0),
        disagreement=None if disagreement is None else _number(value, "disagreement", 0.0, 1.0),
    )


def _number(content: Mapping[str, Any], key: str, default: float, most: float) -> float:
    value = content.get(key)
    if value is None:
        return default
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= most:
        raise InputError(f"{key} must be a number from 0 to {most:g}.")
    return float(value)


def _whole(value: Any, key: str, least: int, most: int) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InputError(f"{key} must be a whole number from {least} to {most}.")
    return value


def _flag(content: Mapping[str, Any], key: str) -> bool:
    value = content.get(key)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise InputError(f"{key} must be true or false.")
    return value
