"""``/openads/v1``: what OCI has no path for: the service itself, the caller's keys and tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints

from ads import __version__
from ads.api.answers import answer, no_content, timestamp
from ads.api.context import caller_of, context_of
from ads.api.fields import Body
from ads.registry import identities
from ads.registry.tables import ApiKey, Token, now

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1", tags=["service"])


class NewKey(Body):
    """A public key to register."""

    public_key: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]


class NewToken(Body):
    """A bearer token to make."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    expires_in_seconds: Annotated[int, Field(gt=0, le=10 * 366 * 86_400)] | None = None


def _key_json(key: ApiKey) -> dict[str, Any]:
    return {"keyId": key.key_id, "fingerprint": key.fingerprint, "timeCreated": timestamp(key.time_created)}


def _token_json(token: Token) -> dict[str, Any]:
    return {
        "id": str(token.seq),
        "name": token.name,
        "timeCreated": timestamp(token.time_created),
        "timeExpires": timestamp(token.time_expires),
    }


@router.get("/service")
def service(request: Request) -> Response:
    """Tell the version and the defaults."""
    defaults = context_of(request).defaults
    return answer(
        {
            "version": __version__,
            "compartmentId": defaults.compartment_id,
            "projectId": defaults.project_id,
            "tenancyId": defaults.tenancy_id,
            "userId": caller_of(request).principal,
            "region": identities.CLIENT_REGION,
        }
    )


@router.post("/keys")
def register_key(body: NewKey, request: Request) -> Response:
    """Register a public key of the caller; registering it again changes nothing."""
    context, caller = context_of(request), caller_of(request)
    with context.database.write() as session:
        key = identities.register_key(session, caller, caller.principal, body.public_key)
        user = identities.get_user(session, caller.principal)
    context.identities.publish()
    return answer(
        {
            "tenancy": user.tenancy_id,
            "user": user.id,
            "fingerprint": key.fingerprint,
            "region": identities.CLIENT_REGION,
        }
    )


@router.get("/keys")
def list_keys(request: Request) -> Response:
    """List the caller's keys."""
    with context_of(request).database.read() as session:
        keys = identities.keys_of(session, caller_of(request).principal)
    return answer({"items": [_key_json(key) for key in keys]})


@router.delete("/keys/{fingerprint}")
def remove_key(fingerprint: str, request: Request) -> Response:
    """Remove one of the caller's keys; it is refused from now on."""
    context, caller = context_of(request), caller_of(request)
    with context.database.write() as session:
        identities.remove_key(session, caller, caller.principal, fingerprint)
    context.identities.publish()
    return no_content()


@router.post("/tokens")
def create_token(body: NewToken, request: Request) -> Response:
    """Make a bearer token for the caller. This answer is the only one that shows it."""
    context, caller = context_of(request), caller_of(request)
    expires = None if body.expires_in_seconds is None else now() + timedelta(seconds=body.expires_in_seconds)
    with context.database.write() as session:
        text, row = identities.create_token(session, caller, caller.principal, body.name, expires)
    context.identities.publish()
    return answer({**_token_json(row), "token": text})


@router.get("/tokens")
def list_tokens(request: Request) -> Response:
    """List the caller's tokens, without the tokens themselves."""
    with context_of(request).database.read() as session:
        tokens = identities.tokens_of(session, caller_of(request).principal)
    return answer({"items": [_token_json(token) for token in tokens]})


@router.delete("/tokens/{token_id}")
def revoke_token(token_id: str, request: Request) -> Response:
    """Revoke one of the caller's tokens; it is refused from now on."""
    context, caller = context_of(request), caller_of(request)
    with context.database.write() as session:
        identities.revoke_token(session, caller, caller.principal, token_id)
    context.identities.publish()
    return no_content()
