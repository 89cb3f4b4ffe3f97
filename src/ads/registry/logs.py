"""Log groups and logs: names under which the records of deployments are found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ads.errors import Conflict
from ads.identity.ocid import new_ocid
from ads.registry.events import Caller, record
from ads.registry.lookups import not_found, require_compartment
from ads.registry.retry_tokens import Attempt, earlier_outcome, remember_outcome
from ads.registry.tables import Base, JsonObject, Sequence, new_etag, now
from ads.registry.work_requests import accept_work_request, finish_work_request

__all__ = [
    "Log",
    "LogGroup",
    "create_log",
    "create_log_group",
    "get_log",
    "get_log_group",
    "select_log_groups",
    "select_logs",
]


class LogGroup(Base):
    """A group of logs. Its name is unique in its compartment."""

    __tablename__ = "log_groups"
    __table_args__ = (Index(None, "compartment_id", "display_name", unique=True),)

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(String(255), unique=True)
    compartment_id: Mapped[str] = mapped_column(ForeignKey("compartments.id"))
    display_name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    lifecycle_state: Mapped[str] = mapped_column(String(32), default="ACTIVE")
    freeform_tags: Mapped[JsonObject] = mapped_column(default=dict)
    defined_tags: Mapped[JsonObject] = mapped_column(default=dict)
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)
    time_created: Mapped[datetime] = mapped_column(default=now)


class Log(Base):
    """A log of a group. Deployments write to it by naming it in ``categoryLogDetails``."""

    __tablename__ = "logs"
    __table_args__ = (Index(None, "log_group_id", "display_name", unique=True),)

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(String(255), unique=True)
    log_group_id: Mapped[str] = mapped_column(ForeignKey("log_groups.id"))
    compartment_id: Mapped[str] = mapped_column(String(255))
    display_name: Mapped[str] = mapped_column(String(255))
    log_type: Mapped[str] = mapped_column(String(32))
    is_enabled: Mapped[bool] = mapped_column(default=True)
    retention_duration: Mapped[int] = mapped_column(default=30)
    configuration: Mapped[JsonObject | None]
    lifecycle_state: Mapped[str] = mapped_column(String(32), default="ACTIVE")
    freeform_tags: Mapped[JsonObject] = mapped_column(default=dict)
    defined_tags: Mapped[JsonObject] = mapped_column(default=dict)
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)
    time_created: Mapped[datetime] = mapped_column(default=now)


def create_log_group(
    session: Session, caller: Caller, values: Mapping[str, Any], attempt: Attempt | None = None
) -> str:
    """Return the finished work request that made the group. Raises NotFound, Conflict for a name that is taken."""
    earlier = earlier_outcome(session, caller, attempt)
    if earlier is not None:
        return earlier
    require_compartment(session, values["compartment_id"])
    taken = select(LogGroup.id).where(
        LogGroup.compartment_id == values["compartment_id"], LogGroup.display_name == values["display_name"]
    )
    _require_free(session, taken, values["display_name"])
    row = LogGroup(id=new_ocid("loggroup"), **values)
    session.add(row)
    return _done(session, caller, "log-group", row, attempt)


def create_log(
    session: Session, caller: Caller, group_id: str, values: Mapping[str, Any], attempt: Attempt | None = None
) -> str:
    """Return the finished work request that made the log. Raises NotFound, Conflict for a name that is taken."""
    earlier = earlier_outcome(session, caller, attempt)
    if earlier is not None:
        return earlier
    group = get_log_group(session, group_id)
    taken = select(Log.id).where(Log.log_group_id == group_id, Log.display_name == values["display_name"])
    _require_free(session, taken, values["display_name"])
    row = Log(id=new_ocid("log"), log_group_id=group_id, compartment_id=group.compartment_id, **values)
    session.add(row)
    return _done(session, caller, "log", row, attempt)


def get_log_group(session: Session, group_id: str) -> LogGroup:
    """Return the group. Raises NotFound."""
    row = session.scalar(select(LogGroup).where(LogGroup.id == group_id))
    if row is None:
        raise not_found("log group", group_id)
    return row


def get_log(session: Session, group_id: str, log_id: str) -> Log:
    """Return the log of this group. Raises NotFound."""
    get_log_group(session, group_id)
    row = session.scalar(select(Log).where(Log.id == log_id, Log.log_group_id == group_id))
    if row is None:
        raise not_found("log", log_id)
    return row


def select_log_groups(filters: Mapping[str, str]) -> Select[LogGroup]:
    """Return the query for the groups whose columns have these values."""
    return select(LogGroup).where(*(getattr(LogGroup, name) == value for name, value in filters.items()))


def select_logs(filters: Mapping[str, str]) -> Select[Log]:
    """Return the query for the logs whose columns have these values."""
    return select(Log).where(*(getattr(Log, name) == value for name, value in filters.items()))


def _require_free(session: Session, taken: Select[str], name: str) -> None:
    found = session.scalar(taken)
    if found is not None:
        raise Conflict(f"The name {name!r} is taken by {found}.", hint="Choose another name.")


def _done(session: Session, caller: Caller, kind: str, row: LogGroup | Log, attempt: Attempt | None) -> str:
    session.flush()
    work = accept_work_request(
        session,
        f"CREATE_{kind.upper().replace('-', '_')}",
        row.id,
        row.compartment_id,
        entity_type=kind,
        action_type="CREATED",
        message=f"Creating {row.display_name}",
    )
    finish_work_request(session, work.id, "SUCCEEDED", f"{row.display_name} is there")
    new = {"displayName": row.display_name}
    record(session, caller, f"{kind}.create", row.id, row.compartment_id, resource_name=row.display_name, new=new)
    remember_outcome(session, caller, attempt, work.id)
    return work.id
