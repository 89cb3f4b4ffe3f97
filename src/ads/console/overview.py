"""The first page: is anything wrong, how much is there, what happened last."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from ads.console.pages import Pages
from ads.console.visit import Visit
from ads.registry.deployments import Deployment
from ads.registry.tables import Model

__all__ = ["pages"]

pages = Pages()

_LATEST = 12


@pages.page("/", "overview.html", nav="overview")
def overview(visit: Visit) -> dict[str, Any]:
    """Return four numbers, what needs attention, and the latest changes."""
    places = visit.compartments()
    with visit.read() as session:
        models = session.scalar(
            select(func.count()).where(Model.compartment_id.in_(places), Model.lifecycle_state != "DELETED")
        )
        counted = session.execute(
            select(Deployment.lifecycle_state, func.count())
            .where(Deployment.compartment_id.in_(places), Deployment.lifecycle_state != "DELETED")
            .group_by(Deployment.lifecycle_state)
        )
        states: dict[str, int] = {row[0]: row[1] for row in counted}
    events = visit.get("/openads/v1/events", limit=_LATEST, sortOrder="DESC")["items"]
    return {
        "title": "Overview",
        "models": models,
        "deployments": states,
        "events": events,
    }
