"""The database of the catalog: one engine, sessions for reading and for writing.

SQLite runs with a write-ahead log and ``synchronous=FULL``: a commit that returned survives a power cut. Writes start
with ``BEGIN IMMEDIATE`` and are serialised by one lock in this process: a write can't fail half-way because somebody
else wrote first, and no write ever races a checkpoint, which SQLite before 3.51.3 could answer with a damaged file.

PostgreSQL keeps the same promise for all processes that share it: a write begins by taking one advisory lock. So what
a write reads stays true until it commits, nothing has to be tried again, and the numbers of events are in the order in
which they became visible: who reads the feed after the last number misses none. Reads never wait.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ads.errors import ServiceUnavailable, SettingError
from ads.home import Home
from ads.registry.group_commit import Writers
from ads.registry.outages import translated
from ads.registry.postgres import engine_arguments, prepare
from ads.settings import Settings

__all__ = ["Database", "database_url", "open_database"]

logger = logging.getLogger(__name__)

_BUSY_TIMEOUT = 5.0
_WRITE = "openads_write"
_CONNECTIONS = 40


class _Listeners:
    """Who is told of commits, by the database's URL."""

    def __init__(self) -> None:
        self._callbacks: dict[str, list[Callable[[], None]]] = {}
        self._lock = threading.Lock()

    def add(self, url: str, callback: Callable[[], None]) -> Callable[[], None]:
        with self._lock:
            self._callbacks.setdefault(url, []).append(callback)

        def remove() -> None:
            with self._lock:
                callbacks = self._callbacks.get(url, [])
                if callback in callbacks:
                    callbacks.remove(callback)

        return remove

    def call(self, url: str) -> None:
        with self._lock:
            callbacks = list(self._callbacks.get(url, ()))
        for callback in callbacks:
            callback()


_listeners = _Listeners()


class Database:
    """An engine and its sessions. ``failed`` is set once a write could not be made durable: no other is tried."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.failed = threading.Event()
        self._writers = Writers(
            engine.execution_options(**{_WRITE: True}),
            self.failed,
            _BUSY_TIMEOUT * 2,
            lambda: _listeners.call(str(engine.url)),
        )
        # A read has several statements: they see one state on SQLite by nature, on PostgreSQL at this level.
        self._reading = engine if self.is_sqlite else engine.execution_options(isolation_level="REPEATABLE READ")

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file on this machine."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that sees one state of the catalog. What it changes is thrown away.

        Raises ServiceUnavailable when the database can't be reached.
        """
        with translated(self.failed), Session(self._reading, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session whose changes are durable when the block ends, or gone when it raises.

        Only one writer at a time is inside, of all processes; those of this process that wait for each other share a
        commit. Keep it short: no network, no hashing. Don't nest it.
        Raises ServiceUnavailable when somebody else holds the database for longer than 5 s, when it can't be reached,
        when its disk is full, or after a write could not be made durable; Conflict when a row is there already. A
        connection that is lost during the commit leaves open whether it happened: retry tokens tell.
        """
        with self._writers.write() as session:
            yield session

    def when_committed(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have this called after each commit of this process to the same database; return what ends that.

        It is called in the committing thread, and must not block.
        """
        return _listeners.add(str(self.engine.url), callback)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def database_url(settings: Settings, home: Home) -> URL:
    """Return the URL of the catalog. Raises SettingError for one that names neither SQLite nor PostgreSQL."""
    try:
        parsed = make_url(settings.database_url or f"sqlite:///{home.database}")
    except (ValueError, SQLAlchemyError) as error:
        raise _unusable(error) from error
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        raise _unusable(f"{parsed.drivername!r} is neither SQLite nor PostgreSQL")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise _unusable("it names no file")
    return parsed


def open_database(settings: Settings, home: Home) -> Database:
    """Return the database that the settings name, without looking at its schema.

    Raises SettingError for a URL that can't be used, ServiceUnavailable when SQLite can't work safely on this disk.
    """
    url = database_url(settings, home)
    sqlite = url.get_backend_name() == "sqlite"
    try:
        engine = create_engine(url, **(_sqlite_arguments() if sqlite else engine_arguments(url, _BUSY_TIMEOUT)))
    except (ImportError, ValueError, SQLAlchemyError) as error:
        raise _unusable(error, "pip install 'openads[postgres]'" if isinstance(error, ImportError) else "") from error
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        logger.info("SQLite %s, writes serialised", sqlite3.sqlite_version)
        Path(str(url.database)).touch(mode=0o600, exist_ok=True)
    else:
        prepare(engine, _WRITE, _BUSY_TIMEOUT)
    return Database(engine)


def _unusable(reason: object, hint: str = "") -> SettingError:
    return SettingError(
        f"database_url can't be used: {reason}",
        hint=hint or "Leave it empty for SQLite, or give postgresql+psycopg://user:password@host/database.",
    )


def _sqlite_arguments() -> dict[str, Any]:
    # Enough for every thread that serves requests: making a connection takes longer than a read. The last one used is
    # used next, for it has read pages already.
    return {
        "connect_args": {"timeout": _BUSY_TIMEOUT},
        "pool_size": _CONNECTIONS,
        "max_overflow": _CONNECTIONS,
        "pool_timeout": _BUSY_TIMEOUT,
        "pool_use_lifo": True,
    }


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's "begin" event starts transactions, not the driver
    cursor = connection.cursor()
    mode = cursor.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={int(_BUSY_TIMEOUT * 1000)}")
    cursor.close()
    if mode != "wal":
        raise ServiceUnavailable(
            f"SQLite can't keep a write-ahead log on this disk (journal mode is {mode!r}).",
            hint="Move OPENADS_HOME to a local disk.",
        )


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITE, False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        driver: Any = connection.connection.driver_connection
        driver.execute("BEGIN")  # it looks at no file yet, so it can't fail: SQLAlchemy's way takes ten times as long
