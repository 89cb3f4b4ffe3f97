"""What every member goes by, as it stands in the database: put there by one, waited for until all have it."""

from __future__ import annotations

import threading
import time

from sqlalchemy.orm import Session

from ads.cluster.members import live_members
from ads.registry.cluster_tables import Published
from ads.registry.database import Database
from ads.registry.notices import notify

__all__ = ["ACKNOWLEDGED", "CONTROL_METRICS", "IDENTITIES", "LEADER", "PUBLISHED", "ROUTES", "Board"]

ROUTES, IDENTITIES, CONTROL_METRICS, LEADER = "routes", "identities", "control.metrics", "leader"
"""The names of what is published."""
PUBLISHED, ACKNOWLEDGED = "published", "acknowledged"
"""The notices: something was published, somebody has it."""
_WITHIN = 2.0
_LOOK = 0.05
_DOORS = frozenset({"all", "gateway"})
_READERS = {IDENTITIES: _DOORS | {"control"}}
"""Whose members are waited for: control planes check credentials, but only show routes."""


class Board:
    """Everything published. :meth:`heard` is for whoever hears of acknowledgements."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._acknowledged = threading.Condition()

    def put(self, session: Session, name: str, content: str) -> int:
        """Publish in the transaction of the session; return the generation."""
        row = session.get(Published, name)
        if row is None:
            row = Published(name=name, generation=0, content="")
            session.add(row)
        row.generation, row.content = row.generation + 1, content
        session.flush()
        notify(session, PUBLISHED)
        return row.generation

    def publish(self, name: str, content: str) -> int:
        """Publish in a transaction of its own; return the generation once every member that is there has it.

        One that doesn't acknowledge it within two seconds is passed over: it has it once it looks again.
        """
        with self._database.write() as session:
            generation = self.put(session, name, content)
        self.wait(name, generation)
        return generation

    def wait(self, name: str, generation: int, seconds: float = _WITHIN) -> bool:
        """Wait until all members have a generation; tell whether they do."""
        deadline = time.monotonic() + seconds
        readers = _READERS.get(name, _DOORS)
        while True:
            with self._database.read() as session:
                members = live_members(session)
            if all(each.acknowledged.get(name, 0) >= generation for each in members if each.role in readers):
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            with self._acknowledged:
                self._acknowledged.wait(min(left, _LOOK))

    def heard(self) -> None:
        """Look again: somebody acknowledged something."""
        with self._acknowledged:
            self._acknowledged.notify_all()
