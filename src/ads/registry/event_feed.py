"""The record of changes as a feed: read from a number on, by whom it may concern, and told of news at once.

Numbers are in the order of commits, in every database: a reader that goes on after the last one it saw misses none.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from ads.identity.ocid import is_ocid, parse_ocid
from ads.registry.database import Database
from ads.registry.deployments import Deployment
from ads.registry.events import SERVICE, Caller
from ads.registry.grants import permissions_of, visible_compartments
from ads.registry.storage_tables import Bucket
from ads.registry.tables import Compartment, Event, Model, ModelVersionSet, Project, User

__all__ = ["News", "event_json", "events_json", "last_number", "select_events"]

_NAMED: Mapping[str, Any] = {
    "bucket": Bucket.name,
    "compartment": Compartment.name,
    "datasciencemodel": Model.display_name,
    "datasciencemodeldeployment": Deployment.display_name,
    "datasciencemodelversionset": ModelVersionSet.name,
    "datascienceproject": Project.display_name,
    "tenancy": Compartment.name,
    "user": User.name,
}
"""What names a resource, by the type in its OCID."""


def select_events(
    session: Session, caller: Caller, after: int = 0, filters: Mapping[str, str] | None = None
) -> Select[Event]:
    """Return the query for the events after a number that the caller may see.

    ``filters``: ``resource_id``, ``principal``, ``compartment_id``, and ``action``, which may end in ``.*``. What
    belongs to no compartment (users, credentials) is for those who may manage the tenancy.
    """
    statement = select(Event).where(Event.seq > after)
    for name, value in (filters or {}).items():
        column = getattr(Event, name)
        family = name == "action" and value.endswith(".*")
        statement = statement.where(column.startswith(value[:-1], autoescape=True) if family else column == value)
    if caller is SERVICE:
        return statement
    permissions = permissions_of(session, caller)
    if permissions.unlimited:
        return statement
    return statement.where(Event.compartment_id.in_(visible_compartments(session, caller)))


def last_number(session: Session) -> int:
    """Return the number of the latest event, 0 without any."""
    return session.scalar(select(func.max(Event.seq))) or 0


def events_json(session: Session, events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return the events as clients see them, with names as they are now where the event has none."""
    names = _names(session, events)
    return [event_json(row, names) for row in events]


def event_json(row: Event, names: Mapping[str, str]) -> dict[str, Any]:
    """Return one event as clients see it; ``names`` are those of resources and users by their OCIDs."""
    time = row.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "seq": row.seq,
        "time": time,
        "principal": row.principal,
        "principalName": names.get(row.principal, row.principal if row.principal == SERVICE.principal else None),
        "action": row.action,
        "resourceId": row.resource_id,
        "resourceName": row.resource_name or names.get(row.resource_id),
        "compartmentId": row.compartment_id,
        "from": row.old_values,
        "to": row.new_values,
        "details": row.details,
        "requestId": row.request_id,
    }


def _names(session: Session, events: Sequence[Event]) -> dict[str, str]:
    wanted: dict[str, set[str]] = {}
    for row in events:
        for id_ in (row.principal, None if row.resource_name else row.resource_id):
            if id_ is not None and is_ocid(id_):
                wanted.setdefault(parse_ocid(id_).type, set()).add(id_)
    found: dict[str, str] = {}
    for type_, ids in wanted.items():
        column = _NAMED.get(type_)
        if column is not None:
            rows = session.execute(select(column.class_.id, column).where(column.class_.id.in_(ids)))
            found.update({row[0]: row[1] for row in rows})
    return found


class News:
    """Tells waiting readers of each commit of this process. Other processes' commits are found by looking again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._end: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self._waiting: set[asyncio.Future[None]] = set()
        self._callbacks: list[Callable[[], None]] = []
        self.generation = 0
        self.over = False

    def open(self) -> None:
        """Begin to listen."""
        self._end = self._database.when_committed(self._wake)

    def close(self) -> None:
        """Wake everybody for the last time: the service ends."""
        with self._lock:
            self.over = True
        if self._end is not None:
            self._end()
        self._wake()

    def call(self, callback: Callable[[], None]) -> None:
        """Have this called after each commit, in the committing thread. It must not block."""
        self._callbacks.append(callback)

    async def wait(self, generation: int, seconds: float) -> None:
        """Return when there was a commit since this generation, when it is over, or after some seconds."""
        future = asyncio.get_running_loop().create_future()
        with self._lock:
            if self.over or self.generation != generation:
                return
            self._waiting.add(future)
        try:
            await asyncio.wait_for(future, seconds)
        except (asyncio.TimeoutError, TimeoutError):
            pass
        finally:
            with self._lock:
                self._waiting.discard(future)

    def _wake(self) -> None:
        with self._lock:
            self.generation += 1
            waiting, self._waiting = self._waiting, set()
        for future in waiting:
            with suppress(RuntimeError):  # its loop has ended
                future.get_loop().call_soon_threadsafe(_finish, future)
        for callback in self._callbacks:
            callback()


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
