"""Who may touch whose credentials: everybody their own, an administrator all, and no token makes a wider one."""

from __future__ import annotations

from fastapi import Request

from ads.api.context import caller_of, context_of, permissions_of
from ads.errors import NotPermitted
from ads.identity.access import Verb
from ads.registry.lookups import not_found

__all__ = ["require_whole_scope", "user_meant"]


def user_meant(request: Request, user_id: str | None, verb: Verb = "manage") -> str:
    """Return whose credentials the request is about. Raises NotFound for another user's unless the caller may."""
    own = caller_of(request).principal
    if user_id is None or user_id == own:
        return own
    if not permissions_of(request).allows(verb, context_of(request).defaults.tenancy_id):
        raise not_found("user", user_id, related=True)
    return user_id


def require_whole_scope(request: Request, why: str) -> None:
    """Return when the credential carries all of its user's rights, for ever. Raises NotPermitted."""
    if not permissions_of(request).scope.whole:
        raise NotPermitted(
            f"{why}; the token of this request is limited.",
            hint="Use a token without scope and expiry, or a key.",
        )
