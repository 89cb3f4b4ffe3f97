"""Who does what must be done once in the cluster: the control plane that holds one advisory lock of the database.

The lock belongs to a connection of its own and is free as soon as that ends, however it ends. Where a leader hangs, and
so does not even beat, the others end its connection. Each leader has an epoch, a number in the database that only
grows. Every write of a leader's loop looks at it in its own transaction: one that was slow to notice that another leads
writes nothing any more.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from ads.cluster.board import LEADER, Board
from ads.cluster.members import NOW
from ads.errors import AdsError, ServiceUnavailable
from ads.registry.cluster_tables import Published
from ads.registry.database import Database
from ads.registry.postgres import lone_connection

__all__ = ["FencedDatabase", "Leadership", "LeadershipLost"]

logger = logging.getLogger(__name__)

_LOCK = 0x6F70656E6C656164
"""The number of the leader's advisory lock: the bytes of ``openlead``."""
_SILENT_SECONDS = 10
_SILENT_LEADER = f"""
SELECT l.pid FROM pg_locks l JOIN published p ON p.name = '{LEADER}' JOIN members m ON m.id = p.content
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = {_LOCK >> 32} AND l.objid = {_LOCK & 0xFFFFFFFF}
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND m.seen < {NOW} - {_SILENT_SECONDS * 1_000_000}
"""  # noqa: S608 - only constants
"""The connection of a leader that hangs: it stands as long as its machine does. To be ended by a statement of its own,
for the conditions of one statement are asked in any order.
"""
_LOOK_SECONDS = 0.5
_CHECK_SECONDS = 1.0
_PATIENCE = 3.0


class LeadershipLost(ServiceUnavailable):
    """Another control plane leads the cluster: this one may not write what only the leader writes."""

    code = "leadership-lost"


class Leadership:
    """Tries to lead until :meth:`stop`. ``gained`` begins what only the leader does, ``lost`` ends it.

    Both return soon, and are called by one thread, in turns. ``epoch`` is 0 as long as somebody else leads.
    """

    def __init__(
        self, url: URL, member: str, database: Database, gained: Callable[[], None], lost: Callable[[], None]
    ) -> None:
        self._url = url
        self._member = member
        self._database = database
        self._board = Board(database)
        self._gained = gained
        self._lost = lost
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leadership", daemon=True)
        self.epoch = 0

    def start(self) -> None:
        """Begin to try."""
        self._thread.start()

    def stop(self) -> None:
        """Lead no more; the next one may as soon as this returns."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(15)

    def require(self, session: Session) -> None:
        """Return where this process leads, as the session's transaction sees it. Raises LeadershipLost."""
        epoch = self.epoch
        if not epoch or session.scalar(select(Published.generation).where(Published.name == LEADER)) != epoch:
            raise LeadershipLost("Another control plane leads the cluster now; nothing was changed.", retry_after=1.0)

    def _run(self) -> None:
        import psycopg

        while not self._over.is_set():
            try:
                with lone_connection(self._url, "openads leader", _PATIENCE) as connection:
                    if self._wait_for_lock(connection):
                        self._lead(connection)
            except (psycopg.Error, AdsError) as error:
                logger.warning("this control plane can't lead now: %s", error)
            except Exception:  # the thread's boundary: whatever it was, another may lead, and this one again
                logger.exception("leading failed")
            self._over.wait(_LOOK_SECONDS)

    def _wait_for_lock(self, connection: Any) -> bool:
        while not self._over.is_set():
            (mine,) = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
            if mine:
                return True
            for (pid,) in connection.execute(_SILENT_LEADER).fetchall():
                logger.warning("the leader has been silent for %s s; its connection %s is ended", _SILENT_SECONDS, pid)
                connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
            self._over.wait(_LOOK_SECONDS)
        return False

    def _lead(self, connection: Any) -> None:
        """Lead until the connection with the lock ends, or until told to stop."""
        with self._database.write() as session:
            epoch = self._board.put(session, LEADER, self._member)
        self.epoch = epoch
        logger.warning("this control plane leads the cluster (epoch %s)", epoch)
        try:
            self._gained()
            while not self._over.wait(_CHECK_SECONDS):
                connection.execute("SELECT 1")
        finally:
            self.epoch = 0
            logger.warning("this control plane leads no more (epoch %s)", epoch)
            self._lost()


class FencedDatabase(Database):
    """The same database for what only the leader writes: each write begins by looking whether it still leads."""

    def __init__(self, database: Database, require: Callable[[Session], None]) -> None:
        self.__dict__.update(database.__dict__)
        self._require = require

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session as :meth:`Database.write` does. Raises LeadershipLost before anything else is done."""
        with super().write() as session:
            self._require(session)
            yield session
