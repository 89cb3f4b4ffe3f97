"""``/20160918/users``: who made something, as older clients ask."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ads.api.answers import answer, timestamp
from ads.api.context import context_of
from ads.registry.identities import get_user

__all__ = ["router"]

router = APIRouter(prefix="/20160918/users", tags=["identity"])


@router.get("/{user_id}")
def get(user_id: str, request: Request) -> Response:
    """Get a user."""
    with context_of(request).database.read() as session:
        user = get_user(session, user_id)
    return answer(
        {
            "id": user.id,
            "compartmentId": user.tenancy_id,
            "name": user.name,
            "description": user.description,
            "timeCreated": timestamp(user.time_created),
            "lifecycleState": user.lifecycle_state,
        }
    )
