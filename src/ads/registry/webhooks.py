"""Webhooks: addresses that are told of changes, each with its own place in the feed and a log of what was tried."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.orm import Session

from ads.errors import Conflict, InputError
from ads.identity.ocid import new_ocid
from ads.registry.catalog_tables import Delivery, Webhook
from ads.registry.event_feed import events_json, last_number, select_events
from ads.registry.events import SERVICE, Caller, apply_changes, record
from ads.registry.lookups import changed, not_found, require_match
from ads.registry.tables import Event, now
from ads.registry.webhook_calls import Outcome, check_url, new_secret

__all__ = [
    "GIVE_UP",
    "Tried",
    "check_actions",
    "create_webhook",
    "delete_webhook",
    "due_webhooks",
    "get_webhook",
    "next_events",
    "order_test",
    "select_deliveries",
    "select_webhooks",
    "settle",
    "update_webhook",
]

GIVE_UP = timedelta(days=3)
"""After so much failing a webhook is disabled."""

_MOST = 100
_MOST_ACTIONS = 50
_KEPT = 200
_AT_ONCE = 20
_TEST = "webhook.test"
_ACTION = re.compile(r"\*|[a-z][a-z0-9-]{0,40}\.(?:\*|[a-z][a-z0-9-]{0,40})", re.ASCII)
_PAUSES = (5, 30, 120, 600, 1800, 3600)
_CHANGEABLE = frozenset({"display_name", "url", "actions", "lifecycle_state"})


@dataclass(frozen=True)
class Tried:
    """One call for one event."""

    seq: int
    action: str
    outcome: Outcome
    began: datetime
    milliseconds: int


def check_actions(actions: Sequence[str]) -> list[str]:
    """Return the actions that a webhook wants. Raises InputError."""
    if len(actions) > _MOST_ACTIONS:
        raise InputError(f"A webhook names at most {_MOST_ACTIONS} actions.")
    for action in actions:
        if not _ACTION.fullmatch(action):
            raise InputError(f"{action[:80]!r} is no action.", hint="As model.create, alias.* or *.")
    return sorted(set(actions))


def create_webhook(
    session: Session,
    caller: Caller,
    compartment_id: str,
    *,
    url: str,
    display_name: str,
    actions: Sequence[str],
    allow_private: bool,
) -> Webhook:
    """Return a new webhook, which is told of what happens from now on. Raises InputError, Conflict."""
    if (session.scalar(select(func.count()).select_from(Webhook)) or 0) >= _MOST:
        raise Conflict(f"There are {_MOST} webhooks already.", hint="Delete one that nobody needs.")
    row = Webhook(
        id=new_ocid("webhook"),
        compartment_id=compartment_id,
        display_name=display_name,
        url=check_url(url, allow_private=allow_private),
        actions=check_actions(actions),
        secret=new_secret(),
        cursor=last_number(session),
        created_by=caller.principal,
    )
    session.add(row)
    session.flush()
    shown = {"displayName": row.display_name, "url": row.url, "actions": row.actions}
    record(session, caller, "webhook.create", row.id, compartment_id, resource_name=row.display_name, new=shown)
    return row


def get_webhook(session: Session, webhook_id: str) -> Webhook:
    """Return the webhook. Raises NotFound."""
    row = session.scalar(select(Webhook).where(Webhook.id == webhook_id))
    if row is None:
        raise not_found("webhook", webhook_id)
    return row


def select_webhooks() -> Select[Webhook]:
    """Return the query for all webhooks."""
    return select(Webhook)


def select_deliveries(webhook_id: str) -> Select[Delivery]:
    """Return the query for what was tried lately."""
    return select(Delivery).where(Delivery.webhook_id == webhook_id)


def update_webhook(
    session: Session,
    caller: Caller,
    webhook_id: str,
    changes: Mapping[str, Any],
    *,
    allow_private: bool,
    if_match: str | None = None,
) -> Webhook:
    """Return the webhook with these columns changed; one that is made ACTIVE is called again at once.

    Raises InputError, NotFound, PreconditionFailed.
    """
    row = get_webhook(session, webhook_id)
    require_match(row, if_match)
    if "url" in changes:
        check_url(changes["url"], allow_private=allow_private)
    if "actions" in changes:
        changes = {**changes, "actions": check_actions(changes["actions"])}
    values = apply_changes(row, changes, _CHANGEABLE)
    if "lifecycleState" in values["new"] or "url" in values["new"]:
        row.lifecycle_details, row.attempts, row.time_failing, row.time_next = None, 0, None, None
    row.time_updated = now()
    record(session, caller, "webhook.update", row.id, row.compartment_id, resource_name=row.display_name, **values)
    return changed(row)


def delete_webhook(session: Session, caller: Caller, webhook_id: str, if_match: str | None = None) -> None:
    """Remove the webhook and its log. Raises NotFound, PreconditionFailed."""
    row = get_webhook(session, webhook_id)
    require_match(row, if_match)
    session.execute(delete(Delivery).where(Delivery.webhook_id == webhook_id))
    session.delete(row)
    record(session, caller, "webhook.delete", row.id, row.compartment_id, resource_name=row.display_name)


def order_test(session: Session, caller: Caller, webhook_id: str) -> Webhook:
    """Return the webhook, which is told of a test whatever it wants to hear, at once even while it rests from failures.

    What it has not been told of yet comes first. Raises NotFound; Conflict when it is told of nothing.
    """
    row = get_webhook(session, webhook_id)
    if row.lifecycle_state != "ACTIVE":
        raise Conflict(
            f"The webhook {row.display_name!r} is {row.lifecycle_state}: it is told of nothing.",
            hint='Make it ACTIVE first: PUT {"lifecycleState": "ACTIVE"}.',
        )
    row.time_next = None
    record(session, caller, _TEST, row.id, row.compartment_id, resource_name=row.display_name)
    return row


def due_webhooks(session: Session) -> list[str]:
    """Return the webhooks that have something to be told of and may be called now."""
    waiting = select(Event.seq).where(Event.seq > Webhook.cursor).exists()
    ready = or_(Webhook.time_next.is_(None), Webhook.time_next <= now())
    return list(session.scalars(select(Webhook.id).where(Webhook.lifecycle_state == "ACTIVE", ready, waiting)))


def next_events(session: Session, webhook: Webhook) -> tuple[list[dict[str, Any]], int]:
    """Return what the webhook is to be told of next, and the number that it is then up to date with.

    That is what its maker may see, apart from what happens to the webhook itself but for its tests.
    """
    last = last_number(session)
    statement = select_events(session, Caller(webhook.created_by), webhook.cursor)
    own, tested = Event.resource_id == webhook.id, Event.action == _TEST
    wanted = or_(*(_asked_for(action) for action in webhook.actions or ["*"]))
    statement = statement.where(Event.seq <= last, or_(own & tested, ~own & wanted))
    rows = list(session.scalars(statement.order_by(Event.seq).limit(_AT_ONCE)))
    return events_json(session, rows), rows[-1].seq if len(rows) == _AT_ONCE else last


def settle(session: Session, webhook_id: str, tried: Sequence[Tried], reached: int) -> None:
    """Note what was tried, and go on: after the last success, or the same event once more after a pause."""
    row = session.scalar(select(Webhook).where(Webhook.id == webhook_id))
    if row is None:
        return
    for one in tried:
        row.attempts = row.attempts + 1 if not one.outcome.ok else 0
        session.add(
            Delivery(
                webhook_id=webhook_id,
                event_seq=one.seq,
                action=one.action,
                time=one.began,
                attempt=max(row.attempts, 1),
                status=one.outcome.status,
                error=one.outcome.error,
                milliseconds=one.milliseconds,
            )
        )
        if one.outcome.ok:
            row.cursor, row.time_failing, row.time_next = max(row.cursor, one.seq), None, None
    if tried and not tried[-1].outcome.ok:
        _put_off(session, row, tried[-1])
    else:
        row.cursor = max(row.cursor, reached)
    session.flush()
    _forget_old_deliveries(session, webhook_id)


def _put_off(session: Session, row: Webhook, failed: Tried) -> None:
    row.time_failing = row.time_failing or failed.began
    row.time_next = now() + timedelta(seconds=_PAUSES[min(row.attempts, len(_PAUSES)) - 1])
    if now() - row.time_failing < GIVE_UP or row.lifecycle_state != "ACTIVE":
        return
    row.lifecycle_state = "FAILED"
    row.lifecycle_details = f"Disabled after {GIVE_UP.days} days without success: {failed.outcome.error}"
    changed(row)
    record(
        session,
        SERVICE,
        "webhook.fail",
        row.id,
        row.compartment_id,
        resource_name=row.display_name,
        old={"lifecycleState": "ACTIVE"},
        new={"lifecycleState": "FAILED"},
    )


def _forget_old_deliveries(session: Session, webhook_id: str) -> None:
    oldest = session.scalar(
        select(Delivery.seq)
        .where(Delivery.webhook_id == webhook_id)
        .order_by(Delivery.seq.desc())
        .offset(_KEPT - 1)
        .limit(1)
    )
    if oldest is not None:
        session.execute(delete(Delivery).where(Delivery.webhook_id == webhook_id, Delivery.seq < oldest))


def _asked_for(action: str) -> Any:
    if action == "*":
        return Event.action != ""
    if action.endswith(".*"):
        return Event.action.startswith(action[:-1], autoescape=True)
    return Event.action == action
