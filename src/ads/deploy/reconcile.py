"""What to do next about one deployment. Pure: no clock, no input or output; the same question, the same answer.

The rules, in short:

* Replicas of the serving revision stay until those of the wanted revision are all ready; then the wanted one becomes
  the serving one, and only after the gateways know it do the old replicas stop.
* A rollout may hold the wanted revision back (``hold``) with as many replicas as its step needs (``candidates``), and
  may let replicas take each other's place one at a time (``gradual``).
* A wanted revision that can't become ready fails as a whole. With an older one serving, that one goes on.
* Replicas of the serving revision that die are replaced for ever; with none left the deployment needs attention.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = [
    "Action",
    "Actual",
    "Desired",
    "Fail",
    "GiveUp",
    "Kill",
    "Phase",
    "Prepare",
    "Promote",
    "ReplicaView",
    "Settle",
    "Start",
    "Stop",
    "reconcile",
]

Phase = Literal["starting", "ready", "failed", "lost"]
"""``lost``: it worked, was killed from outside, and nothing speaks against starting it again at once."""


@dataclass(frozen=True)
class Desired:
    """What the catalog says. ``state`` is the lifecycle state that clients see."""

    target: Literal["ACTIVE", "INACTIVE", "DELETED"]
    state: str
    revision: int
    replicas: int
    serving_revision: int = 0
    serving_replicas: int = 0
    hold: bool = False
    candidates: int | None = None
    gradual: bool = False


@dataclass(frozen=True)
class ReplicaView:
    """One replica as the engine sees it: which revision, which of its places, how far."""

    revision: int
    slot: int
    phase: Phase
    cause: str = ""


@dataclass(frozen=True)
class Actual:
    """What there is. ``prepared`` are revisions whose environment and artifact are in place; ``broken`` those whose
    preparation failed, with the cause.
    """

    replicas: tuple[ReplicaView, ...] = ()
    prepared: frozenset[int] = frozenset()
    broken: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Prepare:
    """Put the environment and the artifact of a revision in place."""

    revision: int


@dataclass(frozen=True)
class Start:
    """Start the replica of this revision in this place."""

    revision: int
    slot: int


@dataclass(frozen=True)
class Stop:
    """Stop a replica for good. Gateways must not know of it any more."""

    revision: int
    slot: int


@dataclass(frozen=True)
class Kill:
    """Let the supervisor replace a replica of the serving revision that failed."""

    revision: int
    slot: int


@dataclass(frozen=True)
class Promote:
    """Make this revision the serving one."""

    revision: int


@dataclass(frozen=True)
class GiveUp:
    """Remember why the wanted revision can't become ready, while its replicas are stopped."""

    cause: str


@dataclass(frozen=True)
class Fail:
    """Say that the wanted revision failed, for this reason. Nothing of it runs any more."""

    cause: str


@dataclass(frozen=True)
class Settle:
    """The deployment has arrived in this state."""

    state: str
    details: str = ""


Action: TypeAlias = "Prepare | Start | Stop | Kill | Promote | GiveUp | Fail | Settle"


def reconcile(desired: Desired, actual: Actual) -> list[Action]:
    """Return what to do now, in this order; nothing when the deployment is as it should be, or has to be waited for."""
    if desired.state in ("DELETED", "FAILED") or desired.target != "ACTIVE":
        return _towards_nothing(desired, actual)
    wanted = {(desired.revision, slot) for slot in range(desired.replicas)}
    serving = {(desired.serving_revision, slot) for slot in range(desired.serving_replicas)}
    if desired.serving_revision != desired.revision:
        return _towards_new_revision(desired, actual, serving if desired.serving_revision else set())
    return _keep_serving(desired, actual, wanted)


def _towards_nothing(desired: Desired, actual: Actual) -> list[Action]:
    if actual.replicas:
        return [Stop(replica.revision, replica.slot) for replica in actual.replicas]
    if desired.state in ("DELETED", "FAILED") or desired.state == desired.target:
        return []
    return [Settle(desired.target)]


def _towards_new_revision(desired: Desired, actual: Actual, serving: set[tuple[int, int]]) -> list[Action]:
    cause = _cause_of_failure(desired.revision, actual)
    if cause is not None:
        stops = _stops(actual, {(r.revision, r.slot) for r in actual.replicas if r.revision != desired.revision})
        return [GiveUp(cause), *stops] if stops else [Fail(cause)]
    ready = {(r.revision, r.slot) for r in actual.replicas if r.phase == "ready"}
    wanted = {(desired.revision, slot) for slot in range(desired.replicas)}
    # Without a replica nothing is proven: a deployment that has none at the moment gets one for as long as this takes.
    wanted = wanted or {(desired.revision, 0)}
    if wanted <= ready and not desired.hold:
        return [Promote(desired.revision)]
    if desired.candidates is not None:
        wanted = {place for place in wanted if place[1] < desired.candidates}
    if desired.gradual and serving:
        left = max(1, len(serving) - len(wanted & ready))
        serving = {place for place in serving if place[1] < left}
    return [
        *_stops(actual, wanted | serving),
        *_losses(actual, serving),
        *_kills(actual, serving),
        *_starts(actual, serving),
        *_starts(actual, wanted),
    ]


def _keep_serving(desired: Desired, actual: Actual, wanted: set[tuple[int, int]]) -> list[Action]:
    ready = sum(1 for r in actual.replicas if r.phase == "ready" and (r.revision, r.slot) in wanted)
    stops = [*_stops(actual, wanted), *_losses(actual, wanted)]
    cause = _cause_of_failure(desired.revision, actual)
    moving = desired.state in ("CREATING", "UPDATING")
    if moving and not desired.replicas and not stops:
        return [Settle("ACTIVE")]
    if moving and desired.replicas != desired.serving_replicas:
        if cause is not None:
            return [Fail(cause)]
        if ready == desired.replicas and not stops:
            return [Settle("ACTIVE")]
    elif ready and desired.state != "ACTIVE" and not (moving and stops):
        return [Settle("ACTIVE")]
    elif not ready and cause is not None and desired.state != "NEEDS_ATTENTION":
        return [Settle("NEEDS_ATTENTION", cause), *_kills(actual, wanted)]
    return [*stops, *_kills(actual, wanted), *_starts(actual, wanted)]


def _cause_of_failure(revision: int, actual: Actual) -> str | None:
    for broken, cause in actual.broken:
        if broken == revision:
            return cause
    for replica in actual.replicas:
        if replica.revision == revision and replica.phase == "failed":
            return replica.cause
    return None


def _stops(actual: Actual, keep: set[tuple[int, int]]) -> list[Action]:
    return [Stop(r.revision, r.slot) for r in actual.replicas if (r.revision, r.slot) not in keep]


def _losses(actual: Actual, of: set[tuple[int, int]]) -> list[Action]:
    """Stop what was lost: it is missing then, and started afresh, without the back-off that crashes earn."""
    return [Stop(r.revision, r.slot) for r in actual.replicas if r.phase == "lost" and (r.revision, r.slot) in of]


def _kills(actual: Actual, of: set[tuple[int, int]]) -> list[Action]:
    return [Kill(r.revision, r.slot) for r in actual.replicas if r.phase == "failed" and (r.revision, r.slot) in of]


def _starts(actual: Actual, wanted: set[tuple[int, int]]) -> list[Action]:
    there = {(r.revision, r.slot) for r in actual.replicas}
    missing = sorted(wanted - there)
    if not missing:
        return []
    revision = missing[0][0]
    if revision not in actual.prepared:
        return [Prepare(revision)]
    return [Start(*place) for place in missing]
