"""Who is logged in to the console: only hashes of secrets are kept, and sessions hang on the credential behind them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, Text, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from ads.errors import NotAuthenticated
from ads.identity.tokens import hash_token, new_token
from ads.registry.events import Caller, record
from ads.registry.tables import Base, now

__all__ = [
    "LINK_LIFETIME",
    "SESSION_LIFETIME",
    "ConsoleLink",
    "ConsoleSession",
    "close_session",
    "find_session",
    "make_link",
    "open_session",
    "use_link",
]

SESSION_LIFETIME = timedelta(days=7)
LINK_LIFETIME = timedelta(minutes=15)


class ConsoleSession(Base):
    """One browser that is logged in. It ends with the credential that opened it."""

    __tablename__ = "console_sessions"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    credential: Mapped[str] = mapped_column(String(700))
    time_created: Mapped[datetime] = mapped_column(default=now)
    time_expires: Mapped[datetime]


class ConsoleLink(Base):
    """A link that logs in once, with the rights of the credential that made it, and leads to ``place``."""

    __tablename__ = "console_links"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    credential: Mapped[str] = mapped_column(String(700))
    place: Mapped[str] = mapped_column(Text)
    time_created: Mapped[datetime] = mapped_column(default=now)
    time_expires: Mapped[datetime]


def open_session(session: Session, caller: Caller, credential: str) -> str:
    """Return the secret of a new session of the caller; the sessions that are over are forgotten."""
    session.execute(delete(ConsoleSession).where(ConsoleSession.time_expires <= now()))
    secret = new_token()
    session.add(
        ConsoleSession(
            sha256=hash_token(secret),
            user_id=caller.principal,
            credential=credential,
            time_expires=now() + SESSION_LIFETIME,
        )
    )
    record(session, caller, "session.create", caller.principal)
    return secret


def find_session(session: Session, secret: str) -> ConsoleSession | None:
    """Return the session with this secret, None when there is none or it is over."""
    row = session.get(ConsoleSession, hash_token(secret))
    return None if row is None or row.time_expires <= now() else row


def close_session(session: Session, caller: Caller, secret: str) -> None:
    """End the session with this secret, if there is one."""
    row = session.get(ConsoleSession, hash_token(secret))
    if row is not None:
        session.delete(row)
        record(session, caller, "session.delete", row.user_id)


def make_link(session: Session, caller: Caller, credential: str, place: str) -> tuple[str, ConsoleLink]:
    """Return the secret of a new link and its record; links that nobody used in time are forgotten."""
    session.execute(delete(ConsoleLink).where(ConsoleLink.time_expires <= now()))
    secret = new_token()
    link = ConsoleLink(
        sha256=hash_token(secret),
        user_id=caller.principal,
        credential=credential,
        place=place,
        time_expires=now() + LINK_LIFETIME,
    )
    session.add(link)
    record(session, caller, "session.link", caller.principal)
    return secret, link


def use_link(session: Session, secret: str) -> ConsoleLink:
    """Return what the link with this secret says; it can't be used again. Raises NotAuthenticated."""
    link = session.get(ConsoleLink, hash_token(secret))
    if link is None or link.time_expires <= now():
        raise NotAuthenticated(
            "This link was used already, or it is too old.", hint="Make a new one: ads open", status=401
        )
    session.delete(link)
    return link
