"""The tables behind aliases, search, lineage and webhooks, as typed classes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Double, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ads.registry.storage_tables import Utf8
from ads.registry.tables import Base, Sequence, new_etag, now

__all__ = ["AliasChange", "Delivery", "LineageEdge", "ModelNumber", "ModelTerm", "VersionAlias", "Webhook"]


class VersionAlias(Base):
    """A movable name for one version of a set."""

    __tablename__ = "version_aliases"
    __table_args__ = (UniqueConstraint("version_set_id", "name"),)

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    version_set_id: Mapped[str] = mapped_column(ForeignKey("model_version_sets.id"))
    name: Mapped[str] = mapped_column(String(63))
    model_id: Mapped[str] = mapped_column(ForeignKey("models.id"), index=True)
    version_id: Mapped[int]
    protected: Mapped[bool] = mapped_column(default=False)
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)
    updated_by: Mapped[str] = mapped_column(String(255))
    time_updated: Mapped[datetime] = mapped_column(default=now)


class AliasChange(Base):
    """One move of an alias; rows are only ever added. No version: it did not exist before, or does not any more."""

    __tablename__ = "alias_changes"
    __table_args__ = (Index(None, "version_set_id", "name", "seq"),)

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    version_set_id: Mapped[str] = mapped_column(ForeignKey("model_version_sets.id"))
    name: Mapped[str] = mapped_column(String(63))
    time: Mapped[datetime] = mapped_column(default=now)
    principal: Mapped[str] = mapped_column(String(255))
    from_model_id: Mapped[str | None] = mapped_column(String(255))
    from_version: Mapped[int | None]
    to_model_id: Mapped[str | None] = mapped_column(String(255))
    to_version: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(Text)


class ModelTerm(Base):
    """That a model has a word, or a value in a field. The key is also the order of search: newest models last."""

    __tablename__ = "model_terms"
    __table_args__ = (Index(None, "model_seq", "term"), {"sqlite_with_rowid": False})

    term: Mapped[str] = mapped_column(Utf8, primary_key=True)
    model_seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class ModelNumber(Base):
    """That a model has a number in a field: a metric, a hyperparameter, its size."""

    __tablename__ = "model_numbers"
    __table_args__ = (Index(None, "field", "number", "model_seq"), {"sqlite_with_rowid": False})

    model_seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(Utf8, primary_key=True)
    number: Mapped[float] = mapped_column(Double)


class LineageEdge(Base):
    """Where a model came from, or where it went: a URI, another model, or a deployment."""

    __tablename__ = "lineage_edges"
    __table_args__ = (UniqueConstraint("model_id", "kind", "other"), Index(None, "other"))

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    model_id: Mapped[str] = mapped_column(ForeignKey("models.id"))
    kind: Mapped[str] = mapped_column(String(32))
    other: Mapped[str] = mapped_column(String(1024))
    time_created: Mapped[datetime] = mapped_column(default=now)


class Webhook(Base):
    """An address that is told of changes. ``cursor`` is the last event that it need not be told of any more."""

    __tablename__ = "webhooks"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(String(255), unique=True)
    compartment_id: Mapped[str] = mapped_column(ForeignKey("compartments.id"), index=True)
    display_name: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    actions: Mapped[list[str]] = mapped_column(JSON, default=list)
    secret: Mapped[str] = mapped_column(String(255))
    lifecycle_state: Mapped[str] = mapped_column(String(32), default="ACTIVE", index=True)
    lifecycle_details: Mapped[str | None] = mapped_column(Text)
    cursor: Mapped[int] = mapped_column(BigInteger, default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    time_failing: Mapped[datetime | None]
    time_next: Mapped[datetime | None]
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)
    created_by: Mapped[str] = mapped_column(String(255))
    time_created: Mapped[datetime] = mapped_column(default=now)
    time_updated: Mapped[datetime] = mapped_column(default=now)


class Delivery(Base):
    """One try of telling a webhook of one event. Only the latest are kept."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (Index(None, "webhook_id", "seq"),)

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id"))
    event_seq: Mapped[int] = mapped_column(BigInteger)
    action: Mapped[str] = mapped_column(String(64))
    time: Mapped[datetime] = mapped_column(default=now)
    attempt: Mapped[int]
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(Text)
    milliseconds: Mapped[int]
