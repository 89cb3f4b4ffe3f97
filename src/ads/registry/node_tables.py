"""The tables through which the leader gives orders to nodes, and nodes tell of their replicas: only the present."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from ads.registry.tables import Base

__all__ = ["NodeReport", "OrderRow"]


class OrderRow(Base):
    """What is to run where. Whatever a node runs and is not ordered, it stops."""

    __tablename__ = "replica_orders"

    replica: Mapped[str] = mapped_column(String(128), primary_key=True)
    number: Mapped[str] = mapped_column(String(32))
    """Another one for each start: what an earlier start of the same replica told says nothing of this one."""
    node: Mapped[str] = mapped_column(String(64), index=True)
    """Empty as long as no node has room."""
    kills: Mapped[int] = mapped_column(default=0)
    """How often its process was to be killed since it was ordered."""
    time: Mapped[int] = mapped_column(BigInteger)
    """When it was ordered, in seconds since 1970 by the leader's clock."""
    content: Mapped[dict[str, Any]] = mapped_column(JSON)


class NodeReport(Base):
    """What a node told last: what it has, and how its replicas are."""

    __tablename__ = "node_reports"

    node: Mapped[str] = mapped_column(String(64), primary_key=True)
    machine: Mapped[dict[str, Any]] = mapped_column(JSON)
    replicas: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    pieces: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """What its replicas printed in the last seconds, by deployment; each piece has a number that grows."""
