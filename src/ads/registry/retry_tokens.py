"""Creates that a client may safely send again: the same retry token gives the first outcome, for a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ads.errors import Conflict, InputError
from ads.registry.events import Caller
from ads.registry.tables import RetryToken, now

__all__ = ["RETRY_TOKEN_LIFETIME", "Attempt", "earlier_outcome", "remember_outcome"]

RETRY_TOKEN_LIFETIME = timedelta(hours=24)
_LONGEST = 64


@dataclass(frozen=True)
class Attempt:
    """One try of a create: ``operation`` names it (method and path), ``body_sha256`` is what it was asked to do."""

    operation: str
    token: str
    body_sha256: str


def earlier_outcome(session: Session, caller: Caller, attempt: Attempt | None) -> str | None:
    """Return the id of what an earlier try with this token made, None when this is the first.

    Raises Conflict (service code ``InvalidatedRetryToken``) when the token came with another body, InputError for a
    token that is not 1 to 64 printable ASCII characters. Call it inside the write transaction that makes the thing.
    """
    if attempt is None:
        return None
    if not (0 < len(attempt.token) <= _LONGEST and attempt.token.isascii() and attempt.token.isprintable()):
        raise InputError(f"A retry token must have 1 to {_LONGEST} printable ASCII characters.")
    row = session.get(RetryToken, (caller.principal, attempt.operation, attempt.token))
    if row is None:
        return None
    if now() - row.time_created > RETRY_TOKEN_LIFETIME:
        session.delete(row)
        session.flush()
        return None
    if row.body_sha256 != attempt.body_sha256:
        raise Conflict(
            "This retry token was already used with another request.", service_code="InvalidatedRetryToken", status=409
        )
    return row.resource_id


def remember_outcome(session: Session, caller: Caller, attempt: Attempt | None, resource_id: str) -> None:
    """Keep what this try made, and forget the outcomes older than a day."""
    if attempt is None:
        return
    session.execute(delete(RetryToken).where(RetryToken.time_created < now() - RETRY_TOKEN_LIFETIME))
    session.add(
        RetryToken(
            principal=caller.principal,
            operation=attempt.operation,
            token=attempt.token,
            body_sha256=attempt.body_sha256,
            resource_id=resource_id,
        )
    )
