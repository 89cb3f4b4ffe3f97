"""The lock of an artifact store that several machines share: names are given together, and taken away alone.

An advisory lock of PostgreSQL, on one connection for each process. As long as somebody in this process gives names it
is held shared, so it costs one question when the first begins and one when the last ends.
"""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy.engine import URL

from ads.errors import ServiceUnavailable
from ads.registry.postgres import lone_connection

__all__ = ["StoreLock"]

_LOCK = 0x6F70656E73746F72
"""The number of the lock: the bytes of ``openstor``."""
_PATIENCE = 15.0
_WAIT = "5s"


class StoreLock:
    """Held by one process, shared or alone. Not for two threads at once: the caller sees to that."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._connection: Any = None
        self._asking = threading.Lock()

    def take(self, *, alone: bool) -> None:
        """Wait for the lock. Raises ServiceUnavailable when it isn't to be had in five seconds, or nobody answers."""
        self._ask("SELECT pg_advisory_lock(%s)" if alone else "SELECT pg_advisory_lock_shared(%s)", again=True)

    def release(self, *, alone: bool) -> None:
        """Give it back. A connection that is lost has given it back already."""
        try:
            self._ask("SELECT pg_advisory_unlock(%s)" if alone else "SELECT pg_advisory_unlock_shared(%s)", again=False)
        except ServiceUnavailable:
            self._forget()

    def close(self) -> None:
        """Let go of everything."""
        with self._asking:
            self._forget()

    def _ask(self, statement: str, *, again: bool) -> None:
        import psycopg

        with self._asking:
            try:
                self._connected().execute(statement, (_LOCK,))
            except psycopg.errors.LockNotAvailable as error:
                raise ServiceUnavailable(
                    "The artifact store is being cleaned up.", retry_after=2.0, hint="Try again in a moment."
                ) from error
            except psycopg.Error as error:
                self._forget()
                if not again:
                    raise ServiceUnavailable("The catalog's database can't be reached.", retry_after=2.0) from error
                try:  # the connection was idle, perhaps since before the server was restarted
                    self._connected().execute(statement, (_LOCK,))
                except psycopg.Error as second:
                    self._forget()
                    raise ServiceUnavailable("The catalog's database can't be reached.", retry_after=2.0) from second

    def _connected(self) -> Any:
        if self._connection is None:
            self._connection = lone_connection(self._url, "openads store", _PATIENCE)
            self._connection.execute("SELECT set_config('lock_timeout', %s, false)", (_WAIT,))
        return self._connection

    def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
