"""What the database's own errors mean for a caller: busy, full, gone, or taken by somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ads.errors import AdsError, Conflict, ServiceUnavailable

__all__ = ["translated"]

_DISK_FULL = 13  # SQLITE_FULL
_IO_ERROR = 10  # SQLITE_IOERR, the low byte of all its variants
_BUSY = frozenset({5, 6})  # SQLITE_BUSY, SQLITE_LOCKED
_SQLITE_UNIQUE = frozenset({1555, 2067})  # SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE

# PostgreSQL's SQLSTATE codes.
_UNIQUE = "23505"
_WAITED = frozenset({"55P03", "40P01", "40001", "57014"})  # lock timeout, deadlock, serialization, statement timeout
_ROOM = frozenset({"53100", "53200"})  # disk full, out of memory
_READ_ONLY = "25006"  # a standby, or a server that was set so
_GONE = ("08", "57P", "53300", "25P03", "25P04")  # connection, shutdown and start, too many, ended while idle
_AGAIN = "Try again in a moment; with a retry token it happens once, whether or not this time it did."


@contextmanager
def translated(disk_failed: Event) -> Iterator[None]:
    """Turn the database's errors inside the block into ours; set ``disk_failed`` when nothing may be written again.

    Raises ServiceUnavailable where the same request may work later, Conflict where somebody else was first.
    What can't be answered goes on as it is.
    """
    try:
        yield
    except PoolTimeout as error:
        raise _busy() from error
    except DBAPIError as error:
        found = _meaning(error, disk_failed)
        if found is None:
            raise
        raise found from error


def _meaning(error: DBAPIError, disk_failed: Event) -> AdsError | None:
    if type(error.orig).__module__.partition(".")[0] != "psycopg":
        return _of_sqlite(error, disk_failed)
    state = getattr(error.orig, "sqlstate", None)
    if state is not None and not error.connection_invalidated:
        return _of_postgres(state)
    # What the server had no time to give a code to, or what came after the connection was lost.
    return _gone() if error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError)) else None


def _of_postgres(state: str) -> AdsError | None:
    if state == _UNIQUE:
        return _taken()
    if state in _WAITED:
        return _busy()
    if state in _ROOM:
        return _full()
    if state == _READ_ONLY:
        return ServiceUnavailable("The catalog's database takes no changes now.", retry_after=5.0, hint=_AGAIN)
    return _gone() if state.startswith(_GONE) else None


def _of_sqlite(error: DBAPIError, disk_failed: Event) -> AdsError | None:
    code = getattr(error.orig, "sqlite_errorcode", None)  # Python 3.11; its text says the same in 3.10
    text = str(error.orig)
    if code in _BUSY or "database is locked" in text:
        return _busy()
    if code == _DISK_FULL or "disk is full" in text:
        return _full()
    if (code is not None and code & 0xFF == _IO_ERROR) or "disk I/O error" in text:
        # After a failed fsync nobody knows what is on disk: never try again in this process.
        disk_failed.set()
        return ServiceUnavailable("The catalog can't be written: its disk failed.", retry_after=5.0)
    return _taken() if code in _SQLITE_UNIQUE or text.startswith("UNIQUE constraint failed") else None


def _busy() -> ServiceUnavailable:
    return ServiceUnavailable("The catalog is busy.", retry_after=2.0, hint="Try again in a moment.")


def _full() -> ServiceUnavailable:
    return ServiceUnavailable("The disk of the catalog is full.", retry_after=30.0)


def _gone() -> ServiceUnavailable:
    return ServiceUnavailable("The catalog's database can't be reached.", retry_after=2.0, hint=_AGAIN)


def _taken() -> Conflict:
    return Conflict("Another request made the same thing at the same moment.", hint="Read it, or choose another name.")
