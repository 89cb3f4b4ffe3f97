"""Notices to every member of a cluster: PostgreSQL carries them, once the transaction that sends one is committed."""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

__all__ = ["CHANNEL", "WAKE", "notify"]

CHANNEL = "openads"
"""The channel of all notices."""
WAKE = "wake"
"""The notice to the leader that it is to look at the deployments."""


def notify(transaction: Session | Connection, what: str) -> None:
    """Have everybody who listens hear of ``what``; SQLite tells nobody."""
    connection = transaction.connection() if isinstance(transaction, Session) else transaction
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_notify(:channel, :what)"), {"channel": CHANNEL, "what": what})
