"""Who is there: what members tell of themselves, and who was heard of lately. SQL of PostgreSQL, by its clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ads._version import __version__
from ads.cluster.membership import Me
from ads.deploy.presence import GONE_AFTER

__all__ = ["NOW", "Seen", "beat", "join", "leave", "live_members", "members_seen"]

NOW = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
_LIVE = f"""
SELECT id, role, version, control, gateway, acknowledged, {NOW} - seen, {NOW} - started FROM members
WHERE seen > {NOW} - {int(GONE_AFTER * 1_000_000)} ORDER BY id
"""  # noqa: S608 - only constants


@dataclass(frozen=True)
class Seen:
    """A member that is there. ``silent`` and ``up`` are seconds."""

    id: str
    role: str
    version: str
    control: str
    gateway: str
    acknowledged: Mapping[str, int] = field(default_factory=dict)
    silent: float = 0.0
    up: float = 0.0


def join(connection: Any, me: Me) -> None:
    """Enter this member, or enter it anew."""
    connection.execute(
        f"INSERT INTO members (id, role, version, control, gateway, started, seen, acknowledged) "  # noqa: S608
        f"VALUES (%s, %s, %s, %s, %s, {NOW}, {NOW}, '{{}}') ON CONFLICT (id) DO UPDATE SET role = excluded.role, "
        "version = excluded.version, control = excluded.control, gateway = excluded.gateway, "
        "started = excluded.started, seen = excluded.seen, acknowledged = excluded.acknowledged",
        (me.id, me.role, __version__, me.control, me.gateway),
    )


def beat(connection: Any, me: Me, acknowledged: Mapping[str, int]) -> bool:
    """Say that this member is there; return False where nobody knows it any more."""
    done = connection.execute(
        f"UPDATE members SET seen = {NOW}, acknowledged = %s WHERE id = %s",  # noqa: S608
        (json.dumps(acknowledged), me.id),
    )
    return bool(done.rowcount)


def leave(connection: Any, me: Me) -> None:
    """Take this member away: it ends in good order."""
    connection.execute("DELETE FROM members WHERE id = %s", (me.id,))


def members_seen(connection: Any) -> list[Seen]:
    """Return the members that are there, asked on a connection of psycopg."""
    return [_seen(row) for row in connection.execute(_LIVE).fetchall()]


def live_members(session: Session) -> list[Seen]:
    """Return the members that are there."""
    return [_seen(tuple(row)) for row in session.execute(text(_LIVE))]


def _seen(row: tuple[Any, ...]) -> Seen:
    id_, role, version, control, gateway, acknowledged, silent, up = row
    known = acknowledged if isinstance(acknowledged, dict) else json.loads(acknowledged or "{}")
    return Seen(id_, role, version, control, gateway, known, max(0.0, silent / 1e6), up / 1e6)
