"""Bearer tokens in the catalog: made, listed, revoked. Only their hashes are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.errors import Conflict, InputError
from ads.identity.access import EVERYTHING, Scope
from ads.identity.tokens import hash_token, new_token
from ads.registry.events import Caller, record
from ads.registry.lookups import not_found
from ads.registry.tables import Token

__all__ = ["ADMIN_TOKEN", "create_token", "revoke_token", "tokens_of"]

ADMIN_TOKEN = "admin-token"  # noqa: S105 - a name, not a secret
"""The name of the token that the first start writes to a file."""

_MOST_TOKENS = 1000


def create_token(
    session: Session,
    caller: Caller,
    user_id: str,
    name: str,
    expires: datetime | None = None,
    scope: Scope = EVERYTHING,
) -> tuple[str, Token]:
    """Return a new token of the user and its record. The token itself can't be read again.

    Raises InputError for the service's own name, Conflict when the user has too many.
    """
    if name == ADMIN_TOKEN:
        raise InputError(f"The name {ADMIN_TOKEN!r} is the service's own.", hint="Choose another name.")
    if len(tokens_of(session, user_id)) >= _MOST_TOKENS:
        raise Conflict(f"The user has {_MOST_TOKENS} tokens already.", hint="Revoke those that nobody uses.")
    text = new_token()
    stored = scope.as_json()
    whole = stored == EVERYTHING.as_json()
    row = Token(
        sha256=hash_token(text), user_id=user_id, name=name, time_expires=expires, scope=None if whole else stored
    )
    session.add(row)
    session.flush()
    record(session, caller, "token.create", user_id, new=_shown(row))
    return text, row


def tokens_of(session: Session, user_id: str) -> list[Token]:
    """Return the records of the user's tokens, oldest first."""
    return list(session.scalars(select(Token).where(Token.user_id == user_id).order_by(Token.seq)))


def revoke_token(session: Session, caller: Caller, user_id: str, token_id: str) -> None:
    """Remove one token of the user; ``token_id`` is its ``seq`` as text. Raises NotFound."""
    row = next((token for token in tokens_of(session, user_id) if str(token.seq) == token_id), None)
    if row is None:
        raise not_found("token", token_id)
    session.delete(row)
    record(session, caller, "token.delete", user_id, old=_shown(row))


def _shown(row: Token) -> dict[str, Any]:
    """Return a token as events tell of it: nothing that it could be guessed from."""
    expires = row.time_expires.isoformat() if row.time_expires else None
    return {"name": row.name, "scope": row.scope or EVERYTHING.as_json(), "timeExpires": expires}
