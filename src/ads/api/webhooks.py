"""``/openads/v1/webhooks``: who is told of changes, and what became of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints

from ads.api.answers import answer, no_content, timestamp
from ads.api.context import caller_of, context_of
from ads.api.fields import Body, DisplayName, if_match_of
from ads.api.listing import limit_of, page_of_query
from ads.registry import webhooks
from ads.registry.catalog_tables import Delivery, Webhook

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1/webhooks", tags=["webhooks"])

Url = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
Actions = list[Annotated[str, StringConstraints(max_length=255)]]


class NewWebhook(Body, extra="forbid"):
    """An address to tell. Without actions it is told of everything."""

    url: Url
    display_name: DisplayName | None = None
    actions: Actions | None = None


class UpdateWebhook(Body, extra="forbid"):
    """What may change. ACTIVE is told again, from where it stopped."""

    url: Url | None = None
    display_name: DisplayName | None = None
    actions: Actions | None = None
    lifecycle_state: Literal["ACTIVE", "INACTIVE"] | None = None


def webhook_json(row: Webhook) -> dict[str, Any]:
    """Return a webhook as clients see it, without its secret."""
    return {
        "id": row.id,
        "displayName": row.display_name,
        "url": row.url,
        "actions": row.actions,
        "lifecycleState": row.lifecycle_state,
        "lifecycleDetails": row.lifecycle_details,
        "lastSeq": row.cursor,
        "failures": row.attempts,
        "timeNextAttempt": timestamp(row.time_next),
        "createdBy": row.created_by,
        "timeCreated": timestamp(row.time_created),
        "timeUpdated": timestamp(row.time_updated),
    }


def _delivery_json(row: Delivery) -> dict[str, Any]:
    return {
        "seq": row.event_seq,
        "action": row.action,
        "time": timestamp(row.time),
        "attempt": row.attempt,
        "status": row.status,
        "error": row.error,
        "milliseconds": row.milliseconds,
    }


@router.post("")
def create(body: NewWebhook, request: Request) -> Response:
    """Tell an address from now on. This answer is the only one that shows the secret."""
    context = context_of(request)
    with context.database.write() as session:
        row = webhooks.create_webhook(
            session,
            caller_of(request),
            context.defaults.tenancy_id,
            url=body.url,
            display_name=body.display_name or body.url,
            actions=body.actions or [],
            allow_private=context.settings.webhooks_allow_private,
        )
    return answer({**webhook_json(row), "secret": row.secret}, etag=row.etag)


@router.get("")
def list_(request: Request) -> Response:
    """List webhooks."""
    with context_of(request).database.read() as session:
        order = (Webhook.time_created, Webhook.seq)
        page = page_of_query(request, session, webhooks.select_webhooks(), {}, order, limit_of(request))
    return answer({"items": [webhook_json(row) for row in page.rows]}, next_page=page.next_token)


@router.get("/{webhook_id}")
def get(webhook_id: str, request: Request) -> Response:
    """Get a webhook."""
    with context_of(request).database.read() as session:
        row = webhooks.get_webhook(session, webhook_id)
    return answer(webhook_json(row), etag=row.etag)


@router.put("/{webhook_id}")
def update(webhook_id: str, body: UpdateWebhook, request: Request) -> Response:
    """Change what was sent."""
    context = context_of(request)
    with context.database.write() as session:
        row = webhooks.update_webhook(
            session,
            caller_of(request),
            webhook_id,
            body.given(),
            allow_private=context.settings.webhooks_allow_private,
            if_match=if_match_of(request),
        )
    return answer(webhook_json(row), etag=row.etag)


@router.delete("/{webhook_id}")
def delete(webhook_id: str, request: Request) -> Response:
    """Tell an address no more."""
    with context_of(request).database.write() as session:
        webhooks.delete_webhook(session, caller_of(request), webhook_id, if_match_of(request))
    return no_content()


@router.post("/{webhook_id}/actions/test")
def test(webhook_id: str, request: Request) -> Response:
    """Tell an address of a ``webhook.test`` now, whatever it wants to hear; ``deliveries`` says what became of it."""
    with context_of(request).database.write() as session:
        row = webhooks.order_test(session, caller_of(request), webhook_id)
    return answer(webhook_json(row), etag=row.etag)


@router.get("/{webhook_id}/deliveries")
def deliveries(webhook_id: str, request: Request) -> Response:
    """List what was tried lately, newest first."""
    with context_of(request).database.read() as session:
        webhooks.get_webhook(session, webhook_id)
        statement = webhooks.select_deliveries(webhook_id)
        order = (Delivery.time, Delivery.seq)
        values = {"webhook": webhook_id}
        page = page_of_query(request, session, statement, values, order, limit_of(request), newest_first=True)
    return answer({"items": [_delivery_json(row) for row in page.rows]}, next_page=page.next_token)
