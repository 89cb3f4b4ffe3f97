"""``/openads/v1/grants``: who may do what where."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import or_, select

from ads.api.answers import answer, no_content, timestamp
from ads.api.context import caller_of, context_of, permissions_of
from ads.api.fields import ExactBody, OcidText
from ads.api.listing import limit_of, page_of_query
from ads.identity.access import Verb
from ads.registry.grants import Grant, add_grant, remove_grant, visible_compartments

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1/grants", tags=["grants"])


class NewGrant(ExactBody):
    """A verb of a user, in a compartment and those below."""

    user_id: OcidText
    verb: Verb
    compartment_id: OcidText


def _grant_json(grant: Grant) -> dict[str, Any]:
    return {
        "id": grant.id,
        "userId": grant.user_id,
        "verb": grant.verb,
        "compartmentId": grant.compartment_id,
        "createdBy": grant.created_by,
        "timeCreated": timestamp(grant.time_created),
    }


@router.post("")
def create(body: NewGrant, request: Request) -> Response:
    """Grant a verb; a second grant of a user in a compartment replaces the first."""
    context = context_of(request)
    with context.database.write() as session:
        grant = add_grant(session, caller_of(request), body.user_id, body.verb, body.compartment_id)
    context.identities.publish()
    return answer(_grant_json(grant))


@router.get("")
def list_(request: Request) -> Response:
    """List grants, oldest first: the caller's own, those where the caller may manage, all for who sees the tenancy."""
    context, caller = context_of(request), caller_of(request)
    statement = select(Grant)
    if not permissions_of(request).allows("inspect", context.defaults.tenancy_id):
        with context.database.read() as session:
            managed = visible_compartments(session, caller, "manage")
        statement = statement.where(or_(Grant.user_id == caller.principal, Grant.compartment_id.in_(managed)))
    values: dict[str, str] = {}
    for name, column in (("userId", Grant.user_id), ("compartmentId", Grant.compartment_id)):
        if name in request.query_params:
            values[name] = request.query_params[name]
            statement = statement.where(column == values[name])
    with context.database.read() as session:
        page = page_of_query(request, session, statement, values, (Grant.time_created, Grant.seq), limit_of(request))
    return answer({"items": [_grant_json(grant) for grant in page.rows]}, next_page=page.next_token)


@router.delete("/{grant_id}")
def remove(grant_id: str, request: Request) -> Response:
    """Take a grant away; the user's next request feels it."""
    context = context_of(request)
    with context.database.write() as session:
        remove_grant(session, caller_of(request), grant_id)
    context.identities.publish()
    return no_content()
