"""``/openads/v1/users``, and ``/20160918/users``: who made something, as older clients ask."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints
from sqlalchemy import select

from ads.api.answers import answer, timestamp
from ads.api.context import caller_of, context_of, permissions_of
from ads.api.fields import Description, ExactBody, if_match_of
from ads.api.listing import limit_of, page_of_query
from ads.registry import users
from ads.registry.lookups import not_found
from ads.registry.tables import User

__all__ = ["router"]

router = APIRouter(tags=["identity"])

_PATH = "/openads/v1/users"
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@+-]{1,100}$")]


class UpdateUser(ExactBody):
    """What may change."""

    name: Name | None = None
    description: Description | None = None


class NewUser(ExactBody):
    """A new user."""

    name: Name
    description: Description = ""


def _user_json(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "compartmentId": user.tenancy_id,
        "name": user.name,
        "description": user.description,
        "timeCreated": timestamp(user.time_created),
        "lifecycleState": user.lifecycle_state,
    }


@router.get("/20160918/users/{user_id}")
def get_named(user_id: str, request: Request) -> Response:
    """Get a user. Everybody who knows the id of one may know the name."""
    with context_of(request).database.read() as session:
        user = users.get_user(session, user_id)
    return answer(_user_json(user))


@router.post(_PATH)
def create(body: NewUser, request: Request) -> Response:
    """Create a user, who may do nothing until somebody grants it."""
    context = context_of(request)
    with context.database.write() as session:
        tenancy = context.defaults.tenancy_id
        user = users.create_user(session, caller_of(request), tenancy, body.name, body.description)
    return answer(_user_json(user), etag=user.etag)


@router.get(_PATH)
def list_(request: Request) -> Response:
    """List users by name: all for who may see the tenancy, otherwise the caller alone."""
    statement = select(User)
    if not _sees_all(request):
        statement = statement.where(User.id == caller_of(request).principal)
    with context_of(request).database.read() as session:
        page = page_of_query(request, session, statement, {}, (User.name, User.seq), limit_of(request))
    return answer({"items": [_user_json(user) for user in page.rows]}, next_page=page.next_token)


@router.get(f"{_PATH}/{{user_id}}")
def get(user_id: str, request: Request) -> Response:
    """Get a user: oneself, or anybody for who may see the tenancy."""
    if user_id != caller_of(request).principal and not _sees_all(request):
        raise not_found("user", user_id)
    with context_of(request).database.read() as session:
        user = users.get_user(session, user_id)
    return answer(_user_json(user), etag=user.etag)


@router.put(f"{_PATH}/{{user_id}}")
def update(user_id: str, body: UpdateUser, request: Request) -> Response:
    """Change a user's name or description."""
    with context_of(request).database.write() as session:
        user = users.update_user(session, caller_of(request), user_id, body.given(), if_match_of(request))
    return answer(_user_json(user), etag=user.etag)


@router.post(f"{_PATH}/{{user_id}}/actions/deactivate")
def deactivate(user_id: str, request: Request) -> Response:
    """Refuse all of a user's tokens and keys from now on."""
    return _set_active(user_id, request, active=False)


@router.post(f"{_PATH}/{{user_id}}/actions/activate")
def activate(user_id: str, request: Request) -> Response:
    """Accept a user's tokens and keys again."""
    return _set_active(user_id, request, active=True)


def _set_active(user_id: str, request: Request, *, active: bool) -> Response:
    context = context_of(request)
    with context.database.write() as session:
        user = users.set_active(session, caller_of(request), user_id, active=active, if_match=if_match_of(request))
    context.identities.publish()
    return answer(_user_json(user), etag=user.etag)


def _sees_all(request: Request) -> bool:
    return permissions_of(request).allows("inspect", context_of(request).defaults.tenancy_id)
