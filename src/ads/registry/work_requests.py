"""Work requests: what a long operation is about, how far it is, its log and its errors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Literal

from sqlalchemy import ForeignKey, Select, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ads.identity.ocid import new_ocid
from ads.registry.lookups import not_found
from ads.registry.tables import Base, Sequence, now

__all__ = [
    "Status",
    "WorkRequest",
    "WorkRequestEntry",
    "accept_work_request",
    "add_log",
    "entries_of",
    "fail_left",
    "finish_work_request",
    "get_work_request",
    "progress_work_request",
    "select_work_requests",
    "workers_of",
]

Status = Literal["ACCEPTED", "IN_PROGRESS", "FAILED", "SUCCEEDED", "CANCELING", "CANCELED"]

_FINAL = frozenset({"FAILED", "SUCCEEDED", "CANCELED"})
_ALMOST = 99  # clients stop waiting at 100, so it comes together with the final status only


class WorkRequest(Base):
    """One long operation on one resource."""

    __tablename__ = "work_requests"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(String(255), unique=True)
    compartment_id: Mapped[str] = mapped_column(String(255))
    operation_type: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(32), default="ACCEPTED")
    percent_complete: Mapped[int] = mapped_column(default=0)
    resource_id: Mapped[str] = mapped_column(String(255), index=True)
    entity_type: Mapped[str] = mapped_column(String(64))
    action_type: Mapped[str] = mapped_column(String(32))
    time_accepted: Mapped[datetime] = mapped_column(default=now)
    time_started: Mapped[datetime | None]
    time_finished: Mapped[datetime | None]
    member: Mapped[str | None] = mapped_column(String(64))
    """The member of a cluster that does it; None for one that any leader goes on with."""

    @property
    def finished(self) -> bool:
        """Whether nothing of it will change any more."""
        return self.status in _FINAL


class WorkRequestEntry(Base):
    """One line of a work request's log; with a ``code`` it is an error."""

    __tablename__ = "work_request_entries"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    work_request_id: Mapped[str] = mapped_column(ForeignKey("work_requests.id"), index=True)
    code: Mapped[str | None] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(Text)
    time: Mapped[datetime] = mapped_column(default=now)


def accept_work_request(
    session: Session,
    operation_type: str,
    resource_id: str,
    compartment_id: str,
    *,
    entity_type: str,
    action_type: str,
    message: str,
    member: str = "",
) -> WorkRequest:
    """Return a new work request whose log begins with ``message``. ``member`` is who does it, where it can't move."""
    request = WorkRequest(
        id=new_ocid("datascienceworkrequest"),
        operation_type=operation_type,
        resource_id=resource_id,
        compartment_id=compartment_id,
        entity_type=entity_type,
        action_type=action_type,
        member=member or None,
    )
    session.add(request)
    session.flush()
    add_log(session, request.id, message)
    return request


def get_work_request(session: Session, work_request_id: str) -> WorkRequest:
    """Return a work request. Raises NotFound."""
    found = session.scalar(select(WorkRequest).where(WorkRequest.id == work_request_id))
    if found is None:
        raise not_found("work request", work_request_id)
    return found


def select_work_requests(filters: Mapping[str, str]) -> Select[WorkRequest]:
    """Return the query for the work requests whose columns have these values."""
    return select(WorkRequest).where(*(getattr(WorkRequest, name) == value for name, value in filters.items()))


def add_log(session: Session, work_request_id: str, message: str, *, code: str | None = None) -> None:
    """Add a line to the log, or an error when it has a code. An error's text is the last line of the log, too."""
    session.add(WorkRequestEntry(work_request_id=work_request_id, message=message))
    if code is not None:
        session.add(WorkRequestEntry(work_request_id=work_request_id, message=message, code=code))
    session.flush()


def progress_work_request(session: Session, work_request_id: str, percent: int, message: str) -> None:
    """Note how far the operation is. Nothing happens to one that is finished; the percentage never goes back."""
    request = get_work_request(session, work_request_id)
    if request.finished:
        return
    if request.status == "ACCEPTED":
        request.status = "IN_PROGRESS"
        request.time_started = now()
    request.percent_complete = max(request.percent_complete, min(percent, _ALMOST))
    add_log(session, work_request_id, message)


def finish_work_request(
    session: Session, work_request_id: str, status: Status, message: str, *, code: str | None = None
) -> None:
    """End the operation with its last words. Nothing happens to one that is finished."""
    request = get_work_request(session, work_request_id)
    if request.finished:
        return
    request.time_started = request.time_started or now()
    request.time_finished = now()
    request.status = status
    request.percent_complete = 100
    add_log(session, work_request_id, message, code=code)


def fail_left(session: Session, operation_type: str, message: str, members: Collection[str] | None = None) -> int:
    """Fail the operations of this kind that nobody does any more; return how many.

    Without ``members`` those of everybody: there is one service. Else those of these members of a cluster.
    """
    statement = select(WorkRequest).where(
        WorkRequest.operation_type == operation_type, WorkRequest.status.in_(("ACCEPTED", "IN_PROGRESS"))
    )
    if members is not None:
        statement = statement.where(WorkRequest.member.in_(members))
    left = list(session.scalars(statement))
    for work in left:
        finish_work_request(session, work.id, "FAILED", message, code="Interrupted")
    return len(left)


def workers_of(session: Session) -> set[str]:
    """Return the members of a cluster that have something to do that can't move to another one."""
    statement = select(WorkRequest.member).where(
        WorkRequest.member.is_not(None), WorkRequest.status.in_(("ACCEPTED", "IN_PROGRESS"))
    )
    return {member for member in session.scalars(statement) if member}


def entries_of(session: Session, work_request_id: str, *, errors: bool) -> list[WorkRequestEntry]:
    """Return the log of a work request, or its errors, oldest first. Raises NotFound."""
    get_work_request(session, work_request_id)
    statement = select(WorkRequestEntry).where(
        WorkRequestEntry.work_request_id == work_request_id,
        WorkRequestEntry.code.is_not(None) if errors else WorkRequestEntry.code.is_(None),
    )
    return list(session.scalars(statement.order_by(WorkRequestEntry.seq)))
