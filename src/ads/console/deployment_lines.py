"""What pages say of deployments: whose model it is, who gets which share, how many replicas answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.api.answers import timestamp
from ads.console.time_chart import small_line, split_bar
from ads.deploy.course import progress_of
from ads.deploy.minutes import Point, Usage
from ads.deploy.rollout import weight
from ads.home import Home
from ads.registry.deployments import Deployment
from ads.registry.rollouts import Rollout, active_rollouts, revision_of
from ads.registry.tables import Model, ModelVersionSet, VersionSetMember

__all__ = ["deployment_lines", "finished", "model_labels", "published_replicas", "usage_in_short"]

_LONGEST_REASON = 300
_Value = TypeVar("_Value")


def model_labels(session: Session, ids: Collection[str], places: Collection[str]) -> dict[str, str]:
    """Return ``name:version`` or the display name of each of these models that the visitor may see."""
    rows = session.execute(
        select(Model.id, Model.display_name, ModelVersionSet.name, VersionSetMember.version_id)
        .outerjoin(VersionSetMember, VersionSetMember.model_id == Model.id)
        .outerjoin(ModelVersionSet, ModelVersionSet.id == VersionSetMember.version_set_id)
        .where(Model.id.in_(set(ids)), Model.compartment_id.in_(places))
    )
    return {id_: f"{name}:{version}" if name else display for id_, display, name, version in rows}


def published_replicas(home: Home) -> dict[str, Counter[int]]:
    """Return how many replicas of each revision gateways were told of, by deployment."""
    try:
        table = json.loads(home.routes_file.read_bytes())["deployments"]
    except (OSError, ValueError, KeyError):
        return {}
    return {entry["id"]: Counter(int(each.get("revision") or 0) for each in entry["replicas"]) for entry in table}


def deployment_lines(
    session: Session,
    home: Home,
    rows: Sequence[Deployment],
    places: Collection[str],
    points: Mapping[str, Sequence[Point]],
    seconds: float,
) -> list[dict[str, Any]]:
    """Return what a table says of each deployment. ``points`` are those of the last ``seconds``, where known."""
    rollouts = active_rollouts(session)
    shares = {row.id: _shares(session, row, rollouts.get(row.id)) for row in rows}
    models = model_labels(session, [model for parts in shares.values() for model, _ in parts], places)
    published = published_replicas(home)
    return [
        {
            "id": row.id,
            "displayName": row.display_name,
            "lifecycleState": row.lifecycle_state,
            "reason": _reason(row),
            "traffic": split_bar([(models.get(model, f"…{model[-8:]}"), share) for model, share in shares[row.id]]),
            "modelId": row.model_id,
            "rollout": row.id in rollouts,
            "replicas": sum(published.get(row.id, Counter()).values()),
            "timeCreated": timestamp(row.time_created),
            **usage_in_short(points.get(row.id, ()), seconds),
        }
        for row in rows
    ]


def usage_in_short(points: Iterable[Point], seconds: float) -> dict[str, Any]:
    """Return requests per second, p95 in milliseconds, the share of errors, and a small line; None where not known."""
    points = list(points)
    total = Usage()
    for point in points:
        total.add(point.usage)
    p95 = total.percentile(0.95)
    return {
        "requests": total.requests,
        "requestsPerSecond": total.requests / seconds,
        "p95Milliseconds": None if p95 is None else p95 * 1000,
        "errorShare": total.errors / total.requests if total.requests else None,
        "spark": small_line(finished([point.usage.requests for point in points])),
    }


def finished(values: Sequence[_Value], busy: Callable[[_Value], object] = bool) -> Sequence[_Value]:
    """Return the values without the last one, whose time is not over and looks like a fall, where others have any."""
    return values[:-1] if any(busy(value) for value in values[:-1]) else values


def _shares(session: Session, row: Deployment, rollout: Rollout | None) -> list[tuple[str, int]]:
    """Return model and share of each revision that gets requests, or will."""
    if rollout is None:
        return [(row.model_id, 100)]
    share = weight(progress_of(rollout))
    found = []
    for revision, part in ((rollout.from_revision, 100 - share), (rollout.revision, share)):
        known = revision_of(session, row.id, revision)
        found.append((row.model_id if known is None else known.model_id, part))
    return found


def _reason(row: Deployment) -> str | None:
    """Return the first line of why a deployment is not well."""
    text = (row.lifecycle_details or "").strip()
    return text.splitlines()[0][:_LONGEST_REASON] if text else None
