"""The record of every change: who, what, when. It is written in the same transaction as the change itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.registry.tables import Event

__all__ = ["SERVICE", "Caller", "events_of", "record"]


@dataclass(frozen=True)
class Caller:
    """On whose behalf something is done, and in which request."""

    principal: str
    request_id: str = ""


SERVICE = Caller("service")
"""The service itself: what the reconcile loop and the first start do."""


def record(
    session: Session, caller: Caller, action: str, resource_id: str, compartment_id: str | None = None, **details: Any
) -> None:
    """Add one event to the session's transaction. ``action`` is ``<noun>.<verb>``, as in ``model.create``."""
    session.add(
        Event(
            principal=caller.principal,
            request_id=caller.request_id,
            action=action,
            resource_id=resource_id,
            compartment_id=compartment_id,
            details=details,
        )
    )


def events_of(session: Session, resource_id: str) -> list[Event]:
    """Return the events of one resource, oldest first."""
    return list(session.scalars(select(Event).where(Event.resource_id == resource_id).order_by(Event.seq)))
