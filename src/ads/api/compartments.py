"""``/openads/v1/compartments``: the tree in which everything has its place."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints
from sqlalchemy import select

from ads.api.answers import answer, no_content, timestamp
from ads.api.context import caller_of, context_of
from ads.api.fields import Description, ExactBody, OcidText, if_match_of
from ads.api.listing import limit_of, page_of_query
from ads.registry import compartments
from ads.registry.grants import visible_compartments
from ads.registry.tables import Compartment

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1/compartments", tags=["compartments"])

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")]


class UpdateCompartment(ExactBody):
    """What may change."""

    name: Name | None = None
    description: Description | None = None


class NewCompartment(ExactBody):
    """A new compartment in the one that ``compartmentId`` names."""

    compartment_id: OcidText
    name: Name
    description: Description = ""


def _compartment_json(row: Compartment) -> dict[str, Any]:
    return {
        "id": row.id,
        "compartmentId": row.parent_id,
        "name": row.name,
        "description": row.description,
        "lifecycleState": row.lifecycle_state,
        "timeCreated": timestamp(row.time_created),
    }


@router.post("")
def create(body: NewCompartment, request: Request) -> Response:
    """Create a compartment."""
    context = context_of(request)
    with context.database.write() as session:
        row = compartments.create_compartment(
            session, caller_of(request), body.compartment_id, body.name, body.description
        )
    context.identities.publish()
    return answer(_compartment_json(row), etag=row.etag)


@router.get("")
def list_(request: Request) -> Response:
    """List the compartments that the caller may see, by name; ``compartmentId`` keeps those in one."""
    parent = request.query_params.get("compartmentId")
    statement = select(Compartment).where(Compartment.lifecycle_state == "ACTIVE")
    if parent is not None:
        statement = statement.where(Compartment.parent_id == parent)
    order = (Compartment.name, Compartment.seq)
    with context_of(request).database.read() as session:
        seen = visible_compartments(session, caller_of(request))
        statement = statement.where(Compartment.id.in_(seen))
        page = page_of_query(request, session, statement, {"parent": parent or ""}, order, limit_of(request))
    return answer({"items": [_compartment_json(row) for row in page.rows]}, next_page=page.next_token)


@router.get("/{compartment_id}")
def get(compartment_id: str, request: Request) -> Response:
    """Get a compartment, also a deleted one."""
    with context_of(request).database.read() as session:
        row = compartments.get_compartment(session, compartment_id)
    return answer(_compartment_json(row), etag=row.etag)


@router.put("/{compartment_id}")
def update(compartment_id: str, body: UpdateCompartment, request: Request) -> Response:
    """Change its name or description."""
    with context_of(request).database.write() as session:
        row = compartments.update_compartment(
            session, caller_of(request), compartment_id, body.given(), if_match_of(request)
        )
    return answer(_compartment_json(row), etag=row.etag)


@router.delete("/{compartment_id}")
def delete(compartment_id: str, request: Request) -> Response:
    """Delete an empty compartment, and the grants in it."""
    context = context_of(request)
    with context.database.write() as session:
        compartments.delete_compartment(session, caller_of(request), compartment_id, if_match_of(request))
    context.identities.publish()
    return no_content()
