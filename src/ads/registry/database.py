"""The database of the catalog: one engine, sessions for reading and for writing.

SQLite runs with a write-ahead log and ``synchronous=FULL``: a commit that returned survives a power cut. Writes start
with ``BEGIN IMMEDIATE`` and are serialised by one lock in this process: a write can't fail half-way because somebody
else wrote first, and no write ever races a checkpoint, which SQLite before 3.51.3 could answer with a damaged file.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from ads.errors import ServiceUnavailable, SettingError
from ads.home import Home
from ads.settings import Settings

__all__ = ["Database", "open_database"]

logger = logging.getLogger(__name__)

_BUSY_TIMEOUT = 5.0
_WRITE = "openads_write"
_DISK_FULL = 13  # SQLITE_FULL
_IO_ERROR = 10  # SQLITE_IOERR, the low byte of all its variants
_BUSY = frozenset({5, 6})  # SQLITE_BUSY, SQLITE_LOCKED


class Database:
    """An engine and its sessions. ``failed`` is set once a write could not be made durable: no other is tried."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.failed = threading.Event()
        self._writing = engine.execution_options(**{_WRITE: True})
        self._write_lock = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that sees one state of the catalog. What it changes is thrown away."""
        with _translated(self), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session whose changes are durable when the block ends, or gone when it raises.

        Only one thread at a time is inside. Keep it short: no network, no hashing. Don't nest it.
        Raises ServiceUnavailable when another process holds the database for longer than 5 s, when the disk is full,
        or after a write could not be made durable.
        """
        if not self._write_lock.acquire(timeout=_BUSY_TIMEOUT * 2):
            raise ServiceUnavailable("The catalog is busy.", retry_after=2.0, hint="Try again in a moment.")
        try:
            if self.failed.is_set():
                raise ServiceUnavailable("The catalog can't be written: its disk failed.", retry_after=5.0)
            with _translated(self), Session(self._writing, expire_on_commit=False) as session, session.begin():
                yield session
        finally:
            self._write_lock.release()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_database(settings: Settings, home: Home) -> Database:
    """Return the database that the settings name, without looking at its schema.

    Raises SettingError for a URL that can't be used, ServiceUnavailable when SQLite can't work safely on this disk.
    """
    url = settings.database_url or f"sqlite:///{home.database}"
    try:
        parsed = make_url(url)
        sqlite = parsed.get_backend_name() == "sqlite"
        arguments: dict[str, Any] = {"connect_args": {"timeout": _BUSY_TIMEOUT}} if sqlite else {"pool_pre_ping": True}
        engine = create_engine(parsed, **arguments)
    except (ImportError, ValueError, SQLAlchemyError) as error:
        raise SettingError(
            f"database_url can't be used: {error}", hint="Leave it empty for SQLite, or give a SQLAlchemy URL."
        ) from error
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        logger.info("SQLite %s, writes serialised", sqlite3.sqlite_version)
        home.database.touch(mode=0o600, exist_ok=True)
    return Database(engine)


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
    writing = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def _translated(database: Database) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        code = getattr(error.orig, "sqlite_errorcode", None)  # Python 3.11; its text says the same in 3.10
        text = str(error.orig)
        if code in _BUSY or "database is locked" in text:
            raise ServiceUnavailable("The catalog is busy.", retry_after=2.0, hint="Try again in a moment.") from error
        if code == _DISK_FULL or "disk is full" in text:
            raise ServiceUnavailable("The disk of the catalog is full.", retry_after=30.0) from error
        if (code is not None and code & 0xFF == _IO_ERROR) or "disk I/O error" in text:
            # After a failed fsync nobody knows what is on disk: never try again in this process.
            database.failed.set()
            raise ServiceUnavailable("The catalog can't be written: its disk failed.", retry_after=5.0) from error
        raise
