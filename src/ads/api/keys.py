"""``/openads/v1/keys``: the public keys with which users sign. A user's own, or anybody's for an administrator."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints

from ads.api.answers import answer, no_content, timestamp
from ads.api.context import caller_of, context_of
from ads.api.fields import ExactBody, OcidText
from ads.api.own_credentials import require_whole_scope, user_meant
from ads.api.slices import slice_of
from ads.registry import identities
from ads.registry.tables import ApiKey
from ads.registry.users import get_user

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1/keys", tags=["keys"])


class NewKey(ExactBody):
    """A public key to register, of the caller or of the user that is named."""

    public_key: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
    user_id: OcidText | None = None


def _key_json(key: ApiKey) -> dict[str, Any]:
    return {
        "keyId": key.key_id,
        "userId": key.user_id,
        "fingerprint": key.fingerprint,
        "timeCreated": timestamp(key.time_created),
    }


@router.post("")
def register(body: NewKey, request: Request) -> Response:
    """Register a public key; registering it again changes nothing."""
    context, caller = context_of(request), caller_of(request)
    user_id = user_meant(request, body.user_id)
    require_whole_scope(request, "A key can do whatever its user can, for ever")
    with context.database.write() as session:
        user = get_user(session, user_id, related=True)
        key = identities.register_key(session, caller, user_id, body.public_key)
    context.identities.publish()
    return answer(
        {
            "tenancy": user.tenancy_id,
            "user": user.id,
            "fingerprint": key.fingerprint,
            "region": identities.CLIENT_REGION,
        }
    )


@router.get("")
def list_(request: Request) -> Response:
    """List the keys of the caller, or of the user that ``userId`` names."""
    user_id = user_meant(request, request.query_params.get("userId"), "inspect")
    with context_of(request).database.read() as session:
        rows, next_page = slice_of(request, identities.keys_of(session, user_id))
    return answer({"items": [_key_json(key) for key in rows]}, next_page=next_page)


@router.delete("/{fingerprint}")
def remove(fingerprint: str, request: Request) -> Response:
    """Remove a key of the caller, or of the user that ``userId`` names; it is refused from now on."""
    context, caller = context_of(request), caller_of(request)
    user_id = user_meant(request, request.query_params.get("userId"))
    with context.database.write() as session:
        identities.remove_key(session, caller, user_id, fingerprint)
    context.identities.publish()
    return no_content()
