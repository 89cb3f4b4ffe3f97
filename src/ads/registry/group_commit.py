"""Writers of one process that wait for each other share a transaction, and with it the wait for the disk.

One writer at a time is inside. Who leaves while others wait leaves the transaction open for the next one, which works
behind a savepoint: what it does can be undone without touching the rest. The last one commits for all, and only then
any of them goes on. So nothing is acknowledged before it is durable, and what one writer does wrong is its own affair;
only where the transaction itself is lost, by a full disk or a database that went away, all of it is lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ads.errors import AdsError, ServiceUnavailable
from ads.registry.outages import translated

__all__ = ["Writers"]

_MOST = 32
_LONGEST = 0.02
"""Seconds after which a shared transaction takes no further writers: the first one waits that much longer."""
_ALONE = 0.02


class _Shared:
    """One transaction of several writers, and how it ended."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.transaction = connection.begin()
        self.writers = 0
        self.began = time.monotonic()
        self.over = threading.Event()
        self.error: Exception | None = None

    @property
    def alive(self) -> bool:
        """Whether the database still knows the transaction: SQLite ends it by itself when the disk is full."""
        if self.connection.closed or self.connection.invalidated or not self.transaction.is_active:
            return False
        driver = self.connection.connection.driver_connection
        return bool(getattr(driver, "in_transaction", True))

    def full(self) -> bool:
        return self.writers >= _MOST or time.monotonic() - self.began > _LONGEST


class Writers:
    """Who writes to one database in this process. ``failed`` is set once a write could not be made durable."""

    def __init__(self, engine: Engine, failed: threading.Event, patience: float, committed: Callable[[], None]) -> None:
        self._engine = engine
        self._failed = failed
        self._patience = patience
        self._committed = committed
        self._turn = threading.Lock()
        self._counting = threading.Lock()
        self._waiting = 0
        self._shared: _Shared | None = None

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session whose changes are durable when the block ends, or gone when it raises.

        Raises what the database can't do as ServiceUnavailable and Conflict.
        """
        shared: _Shared | None = None
        failure: BaseException | None = None
        self._take_turn()
        try:
            shared = self._join()
            with translated(self._failed), _session(shared) as session:
                yield session
        except BaseException as error:  # noqa: BLE001 - it is raised again once it is known what became of the others
            failure = error
        finally:
            self._leave(shared, failure)
        if shared is not None:
            self._wait(shared)
            if shared.error is not None and shared.error is not failure:
                raise shared.error from failure
        if failure is not None:
            raise failure

    def _take_turn(self) -> None:
        with self._counting:
            self._waiting += 1
        try:
            if not self._turn.acquire(timeout=self._patience):
                raise ServiceUnavailable("The catalog is busy.", retry_after=2.0, hint="Try again in a moment.")
        finally:
            with self._counting:
                self._waiting -= 1

    def _join(self) -> _Shared:
        if self._failed.is_set():
            raise ServiceUnavailable("The catalog can't be written: its disk failed.", retry_after=5.0)
        if self._shared is None:
            with translated(self._failed):
                connection = self._engine.connect()
                try:
                    self._shared = _Shared(connection)
                except BaseException:
                    connection.close()
                    raise
        self._shared.writers += 1
        return self._shared

    def _leave(self, shared: _Shared | None, failure: BaseException | None) -> None:
        """Give the turn to the next one, after the commit unless others are to share it."""
        try:
            if shared is not None and not shared.alive:
                self._end(shared, failure)
            elif self._shared is not None and (self._waiting == 0 or self._shared.full() or self._failed.is_set()):
                self._end(self._shared, None)
        finally:
            self._turn.release()

    def _wait(self, shared: _Shared) -> None:
        """Return when the transaction is over. Those for whom it was left open may have given up: then it ends here."""
        while not shared.over.wait(_ALONE):
            if self._waiting == 0 and self._turn.acquire(blocking=False):
                try:
                    if self._shared is shared:
                        self._end(shared, None)
                finally:
                    self._turn.release()

    def _end(self, shared: _Shared, failure: BaseException | None) -> None:
        """Commit, or note for all writers why that could not be."""
        self._shared = None
        try:
            if failure is None or shared.alive:
                with translated(self._failed):
                    shared.transaction.commit()
                self._committed()
            elif shared.writers > 1:
                shared.error = failure if isinstance(failure, AdsError) else _lost()
        except Exception as error:  # noqa: BLE001 - it belongs to every writer of the transaction, in its own thread
            shared.error = error
        finally:
            with suppress(SQLAlchemyError):
                shared.transaction.close()
            with suppress(SQLAlchemyError):
                shared.connection.close()
            shared.over.set()


@contextmanager
def _session(shared: _Shared) -> Iterator[Session]:
    """Give a session in the transaction. The first writer may end all of it: there is nothing else in it yet."""
    mode = "rollback_only" if shared.writers == 1 else "create_savepoint"
    with (
        Session(shared.connection, expire_on_commit=False, join_transaction_mode=mode) as session,  # type: ignore[arg-type]
        session.begin(),
    ):
        session.connection()  # begin now: the first statement may be late
        yield session


def _lost() -> ServiceUnavailable:
    return ServiceUnavailable(
        "The catalog's transaction was lost.", retry_after=1.0, hint="Nothing was written. Try again in a moment."
    )
