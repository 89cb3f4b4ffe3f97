"""From what the catalog and the engine say of a deployment to what gateways need to know. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from ads.deploy.course import progress_of
from ads.deploy.engines.base import ReplicaId, ReplicaReport
from ads.deploy.rollout import Progress, weight
from ads.deploy.routes import ReplicaRoute
from ads.registry.deployments import Deployment
from ads.registry.rollouts import Rollout

__all__ = ["Traffic", "shares_of", "traffic_of"]

_ALL = 100
_SERVING = frozenset({"CREATING", "ACTIVE", "UPDATING", "NEEDS_ATTENTION"})


@dataclass(frozen=True)
class Traffic:
    """Who gets which requests."""

    serving: bool
    replicas: tuple[ReplicaRoute, ...] = ()
    shadow: int | None = None
    shadow_percent: int = _ALL
    rules: tuple[dict[str, Any], ...] = ()
    sticky: str = ""
    rate_limit: float | None = None
    weights: dict[int, int] = field(default_factory=dict)


def traffic_of(
    row: Deployment,
    rollout: Rollout | None,
    reports: Sequence[ReplicaReport],
    stopping: Collection[tuple[int, int]],
    socket: Callable[[ReplicaId], str],
) -> Traffic:
    """Return who gets the deployment's requests. ``stopping`` are replicas that are about to be stopped.

    A replica that has told no address is at the one that ``socket`` gives; where that is empty, it isn't reached yet.
    """
    if row.target != "ACTIVE" or row.serving_revision == 0 or row.lifecycle_state not in _SERVING:
        return Traffic(serving=False)
    usable = [r for r in sorted(reports, key=lambda r: r.id.slot) if (r.id.revision, r.id.slot) not in stopping]
    progress = None
    if rollout is not None and rollout.revision == row.revision != row.serving_revision:
        progress = progress_of(rollout)
        if progress.plan.strategy == "rolling":  # only who answers: there is no lane of their own for the others
            usable = [
                r for r in usable if r.id.revision != rollout.revision or (r.status or {}).get("state") == "ready"
            ]
    shares = shares_of(row, progress, [r.id.revision for r in usable])
    rules = row.rules or {}
    shadow = progress is not None and progress.plan.strategy == "shadow" and progress.state == "BAKING"
    return Traffic(
        serving=True,
        replicas=tuple(
            ReplicaRoute(str(r.id), address, r.id.revision, shares[r.id.revision], r.key)
            for r in usable
            if r.id.revision in shares and (address := r.address or socket(r.id))
        ),
        shadow=row.revision if shadow else None,
        shadow_percent=progress.plan.sample if progress is not None else _ALL,
        rules=tuple(rule for rule in rules.get("headers") or () if rule["revision"] in shares),
        sticky=rules.get("sticky") or "",
        rate_limit=rules.get("rateLimit"),
        weights=shares,
    )


def shares_of(row: Deployment, progress: Progress | None, revisions: Sequence[int]) -> dict[int, int]:
    """Return the percentage of the requests for each revision that gets any, or may get some. ``revisions`` has one
    entry for each replica.
    """
    serving, candidate = row.serving_revision, row.revision
    if progress is None:
        return {serving: _ALL}
    if progress.plan.strategy == "rolling":
        new, old = revisions.count(candidate), revisions.count(serving)
        if progress.plan.spare is None or not new:
            return {serving: _ALL}
        share = round(_ALL * new / (new + old))
    else:
        share = weight(progress)
    return {serving: _ALL - share, candidate: share}
