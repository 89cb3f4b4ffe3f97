"""The tables through which several machines are one service, as typed classes.

What is in them is only about the present: who is there, what gateways go by, what they count. None of it is an event,
none of it belongs in a backup. Times are microseconds since 1970 by the database's own clock: those of machines differ.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ads.registry.tables import Base, Sequence

__all__ = ["TRANSIENT", "GatewayLine", "Member", "Published"]

TRANSIENT = frozenset({"gateway_lines", "members", "node_reports", "published", "replica_orders"})
"""Names of tables that no backup holds."""


class Member(Base):
    """One data directory that takes part in the cluster. Who was not seen for some seconds is gone."""

    __tablename__ = "members"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    version: Mapped[str] = mapped_column(String(64))
    control: Mapped[str] = mapped_column(String(300))
    """``host:port`` at which gateways reach its control plane, empty for none."""
    gateway: Mapped[str] = mapped_column(String(300))
    """The address of its gateway, empty for none."""
    started: Mapped[int] = mapped_column(BigInteger)
    seen: Mapped[int] = mapped_column(BigInteger)
    acknowledged: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Which generation of each published thing is in force there."""


class Published(Base):
    """What every member goes by, and the epoch of the leader, each with a number that grows."""

    __tablename__ = "published"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    generation: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[str] = mapped_column(Text)


class GatewayLine(Base):
    """One line that a gateway told, for the leader to count; kept for some seconds."""

    __tablename__ = "gateway_lines"
    __table_args__ = (Index(None, "gateway", "time"),)

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    gateway: Mapped[str] = mapped_column(String(200))
    time: Mapped[int] = mapped_column(BigInteger)
    line: Mapped[str] = mapped_column(Text)
