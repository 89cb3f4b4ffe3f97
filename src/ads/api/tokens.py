"""``/openads/v1/tokens``: bearer tokens, of the caller or, for an administrator, of any user."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from ads.api.answers import answer, no_content, timestamp
from ads.api.context import caller_of, context_of, permissions_of
from ads.api.fields import ExactBody, OcidText
from ads.api.own_credentials import user_meant
from ads.api.slices import slice_of
from ads.errors import InputError, NotPermitted
from ads.identity.access import Scope, Verb
from ads.registry.deployments import get_deployment
from ads.registry.lookups import not_found, require_compartment
from ads.registry.tables import Token, now
from ads.registry.tokens import create_token, revoke_token, tokens_of
from ads.registry.users import get_user

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1/tokens", tags=["tokens"])

_LONGEST = timedelta(days=10 * 366)
_MOST_DEPLOYMENTS = 100


class NewScope(ExactBody):
    """What a token carries of its user's rights: up to a verb, in a compartment, on some deployments."""

    verb: Verb
    compartment_id: OcidText | None = None
    deployment_ids: Annotated[list[OcidText], Field(min_length=1, max_length=_MOST_DEPLOYMENTS)] | None = None


class NewToken(ExactBody):
    """A bearer token to make. It ends at ``expires`` (RFC 3339) or after so many seconds, if either is given."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    user_id: OcidText | None = None
    expires: Annotated[str, StringConstraints(max_length=40)] | None = None
    expires_in_seconds: Annotated[int, Field(gt=0, le=int(_LONGEST.total_seconds()))] | None = None
    scope: NewScope | None = None


def token_json(token: Token) -> dict[str, Any]:
    """Return a token's record as clients see it: everything but the token."""
    return {
        "id": str(token.seq),
        "name": token.name,
        "userId": token.user_id,
        "scope": token.scope,
        "timeCreated": timestamp(token.time_created),
        "timeExpires": timestamp(token.time_expires),
    }


@router.post("")
def create(body: NewToken, request: Request) -> Response:
    """Make a bearer token. This answer is the only one that shows it."""
    context, caller = context_of(request), caller_of(request)
    user_id = user_meant(request, body.user_id)
    expires = _expiry(body)
    scope = _scope(body.scope, expires)
    with context.database.write() as session:
        get_user(session, user_id, related=True)
        _require_narrower(session, request, scope)
        text, row = create_token(session, caller, user_id, body.name, expires, scope)
    context.identities.publish()
    return answer({**token_json(row), "token": text})


@router.get("")
def list_(request: Request) -> Response:
    """List the tokens of the caller, or of the user that ``userId`` names, without the tokens themselves."""
    user_id = user_meant(request, request.query_params.get("userId"), "inspect")
    with context_of(request).database.read() as session:
        rows, next_page = slice_of(request, tokens_of(session, user_id))
    return answer({"items": [token_json(token) for token in rows]}, next_page=next_page)


@router.delete("/{token_id}")
def revoke(token_id: str, request: Request) -> Response:
    """Revoke a token of the caller, or of the user that ``userId`` names; it is refused from now on."""
    context, caller = context_of(request), caller_of(request)
    user_id = user_meant(request, request.query_params.get("userId"))
    with context.database.write() as session:
        revoke_token(session, caller, user_id, token_id)
    context.identities.publish()
    return no_content()


def _expiry(body: NewToken) -> datetime | None:
    if body.expires is None:
        return None if body.expires_in_seconds is None else now() + timedelta(seconds=body.expires_in_seconds)
    if body.expires_in_seconds is not None:
        raise InputError("The token has both expires and expiresInSeconds.", hint="Give one of them.")
    try:
        time = datetime.fromisoformat(body.expires.strip().replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        raise InputError("expires is not a time as RFC 3339 writes it.", hint="As in 2027-01-31T00:00:00Z.") from None
    time = time.astimezone(timezone.utc) if time.tzinfo else time.replace(tzinfo=timezone.utc)
    if not now() < time <= now() + _LONGEST:
        raise InputError("expires must be in the future, by at most ten years.")
    return time


def _scope(given: NewScope | None, expires: datetime | None) -> Scope:
    until = None if expires is None else expires.timestamp()
    if given is None:
        return Scope(expires=until)
    ids = None if given.deployment_ids is None else frozenset(given.deployment_ids)
    return Scope(given.verb, given.compartment_id, ids, until)


def _require_narrower(session: Session, request: Request, scope: Scope) -> None:
    """Return when the caller can do all that the scope names. Raises NotFound, NotPermitted."""
    permissions = permissions_of(request)
    if scope.compartment_id is not None:
        require_compartment(session, scope.compartment_id)
        if not permissions.allows("inspect", scope.compartment_id):
            raise not_found("compartment", scope.compartment_id, related=True)
    for deployment_id in sorted(scope.deployment_ids or ()):
        place = get_deployment(session, deployment_id).compartment_id
        if not permissions.allows(scope.verb, place, deployment_id):
            raise not_found("deployment", deployment_id)
    if not permissions.scope.covers(scope, permissions.tree):
        raise NotPermitted(
            "The new token would be able to do more, or for longer, than the one that asks for it.",
            hint="Give it a narrower scope and an earlier expiry, or use another credential.",
        )
