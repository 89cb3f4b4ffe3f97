"""The record of every change: who, what, when, from what to what. It is written in the change's own transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic.alias_generators import to_camel
from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from ads.identity.access import Scope
from ads.registry.tables import Event

__all__ = ["SERVICE", "Caller", "apply_changes", "events_of", "record", "shown"]

_LONGEST_SHOWN = 4096
_INSERT = insert(cast("Table", Event.__table__)).inline()


@dataclass(frozen=True)
class Caller:
    """On whose behalf something is done, in which request, and how much of its rights the credential carries."""

    principal: str
    request_id: str = ""
    scope: Scope | None = None


SERVICE = Caller("service")
"""The service itself: what the reconcile loop and the first start do."""


def record(
    session: Session,
    caller: Caller,
    action: str,
    resource_id: str,
    compartment_id: str | None = None,
    *,
    resource_name: str | None = None,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    **details: Any,
) -> None:
    """Add one event to the session's transaction. ``action`` is ``<noun>.<verb>``, as in ``model.create``.

    ``old`` and ``new`` are the values of what changed, before and after. Never give it secrets: whoever may see the
    resource reads them.
    """
    row = {
        "principal": caller.principal,
        "request_id": caller.request_id,
        "action": action,
        "resource_id": resource_id,
        "compartment_id": compartment_id,
        "resource_name": resource_name,
        "old_values": None if old is None else dict(old),
        "new_values": None if new is None else dict(new),
        "details": details,
    }
    session.connection().execute(_INSERT, row)  # a plain row: nobody needs it as an object


def apply_changes(row: object, changes: Mapping[str, Any], allowed: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Set the allowed columns of a row; return ``old`` and ``new`` for :func:`record`: what really changed."""
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for column in sorted(set(allowed) & changes.keys()):
        before, after = getattr(row, column), changes[column]
        if before != after:
            setattr(row, column, after)
            old[to_camel(column)], new[to_camel(column)] = shown(before), shown(after)
    return {"old": old, "new": new}


def shown(value: Any) -> Any:
    """Return a value as events hold it: what is long is cut."""
    text = value if isinstance(value, str) else str(value)
    if len(text) <= _LONGEST_SHOWN:
        return value
    return f"{text[:_LONGEST_SHOWN]}… ({len(text)} characters)"


def events_of(session: Session, resource_id: str) -> list[Event]:
    """Return the events of one resource, oldest first."""
    return list(session.scalars(select(Event).where(Event.resource_id == resource_id).order_by(Event.seq)))
