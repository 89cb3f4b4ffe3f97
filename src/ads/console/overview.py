"""The first page: is anything wrong, how much is there, what happened last."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ads.console.pages import Pages
from ads.console.visit import Visit
from ads.registry.catalog_tables import Webhook
from ads.registry.deployments import Deployment
from ads.registry.labels import ArtifactLabel
from ads.registry.tables import Artifact, Model

__all__ = ["pages"]

pages = Pages()

_LATEST = 12
_WINDOW = 900
_MOST_DEPLOYMENTS = 1000
_MOST_TROUBLES = 10
_MOST_DIGESTS = 200
_ERRORS = 0.01
_FREE = 0.05
_BAD_STATES = ("FAILED", "NEEDS_ATTENTION")
_BAD_VERDICTS = ("suspicious", "dangerous", "invalid")


@pages.page("/", "overview.html", nav="overview")
def overview(visit: Visit) -> dict[str, Any]:
    """Return four numbers, what needs attention, and the latest changes."""
    places = visit.compartments()
    traffic = _traffic(visit)
    with visit.read() as session:
        counted = session.execute(
            select(Deployment.lifecycle_state, func.count())
            .where(Deployment.compartment_id.in_(places), Deployment.lifecycle_state != "DELETED")
            .group_by(Deployment.lifecycle_state)
        )
        states: dict[str, int] = {row[0]: row[1] for row in counted}
        models = session.scalar(
            select(func.count()).where(Model.compartment_id.in_(places), Model.lifecycle_state != "DELETED")
        )
        troubles = [*_broken(session, places), *_failing(traffic), *_suspicious(session, places)]
        if visit.may("inspect"):
            troubles += _unheard(session)
    if visit.may("manage"):
        troubles += _full_disk(visit)
    requests, errors = (sum(one[name] for one in traffic) for name in ("requests", "errors"))
    return {
        "title": "Overview",
        "models": models or 0,
        "deployments": states,
        "live": states.get("ACTIVE", 0) + states.get("UPDATING", 0),
        "requestsPerSecond": round(requests / _WINDOW, 3),
        "errorRate": round(errors / requests, 5) if requests else 0.0,
        "attention": troubles[:_MOST_TROUBLES],
        "events": _latest(visit),
    }


def _latest(visit: Visit) -> list[dict[str, Any]]:
    """Return the latest changes; who came and went is in the activity."""
    found = visit.get("/openads/v1/events", limit=_LATEST * 3, sortOrder="DESC")["items"]
    return [event for event in found if not event["action"].startswith("session.")][:_LATEST]


def _traffic(visit: Visit) -> list[dict[str, Any]]:
    """Return what each deployment answered in the last quarter of an hour."""
    found: list[dict[str, Any]] = visit.get(
        "/openads/v1/metrics/summary", since=int(time.time()) - _WINDOW, step=_WINDOW, limit=_MOST_DEPLOYMENTS
    )["items"]
    return found


def _trouble(what: str, name: str, place: str, reason: str) -> dict[str, str]:
    return {"what": what, "name": name, "place": place, "reason": reason}


def _broken(session: Session, places: Collection[str]) -> list[dict[str, str]]:
    rows = session.scalars(
        select(Deployment)
        .where(Deployment.compartment_id.in_(places), Deployment.lifecycle_state.in_(_BAD_STATES))
        .order_by(Deployment.seq.desc())
        .limit(_MOST_TROUBLES)
    )
    return [
        _trouble(
            "failed" if row.lifecycle_state == "FAILED" else "needs attention",
            row.display_name,
            f"/console/deployments/{row.id}",
            row.lifecycle_details or "",
        )
        for row in rows
    ]


def _failing(traffic: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [
        _trouble(
            f"{one['errors'] / one['requests']:.1%} errors",
            one["displayName"],
            f"/console/deployments/{one['deploymentId']}",
            f"{one['errors']:,} of {one['requests']:,} requests failed in the last 15 minutes.",
        )
        for one in traffic
        if one["requests"] and one["errors"] / one["requests"] > _ERRORS
    ]


def _suspicious(session: Session, places: Collection[str]) -> list[dict[str, str]]:
    # digests first: there are few bad ones, and a join in one go would walk over all models to find them
    bad = list(
        session.scalars(
            select(ArtifactLabel.sha256)
            .where(ArtifactLabel.verdict.in_(_BAD_VERDICTS))
            .order_by(ArtifactLabel.time_created.desc())
            .limit(_MOST_DIGESTS)
        )
    )
    if not bad:
        return []
    rows = session.execute(
        select(Model.id, Model.display_name, ArtifactLabel.verdict, ArtifactLabel.summary)
        .join(Artifact, Artifact.sha256 == ArtifactLabel.sha256)
        .join(Model, Model.id == Artifact.model_id)
        .where(
            ArtifactLabel.sha256.in_(bad),
            ArtifactLabel.verdict.in_(_BAD_VERDICTS),
            Model.compartment_id.in_(places),
            Model.lifecycle_state == "ACTIVE",
        )
        .order_by(Model.seq.desc())
        .limit(_MOST_TROUBLES)
    )
    return [_trouble(row[2], row[1], f"/console/versions/{row[0]}/checks", row[3]) for row in rows]


def _unheard(session: Session) -> list[dict[str, str]]:
    rows = session.scalars(
        select(Webhook).where(Webhook.lifecycle_state != "DELETED", Webhook.attempts > 0).limit(_MOST_TROUBLES)
    )
    place = "/console/settings/webhooks"
    return [
        _trouble("no answer", row.display_name, place, row.lifecycle_details or f"{row.attempts} tries failed.")
        for row in rows
    ]


def _full_disk(visit: Visit) -> list[dict[str, str]]:
    disk = shutil.disk_usage(visit.context.home.root)
    if disk.free >= disk.total * _FREE:
        return []
    reason = f"{disk.free / disk.total:.1%} are free; Storage shows what can be removed."
    return [_trouble("disk nearly full", str(visit.context.home.root), "/console/settings/storage", reason)]
