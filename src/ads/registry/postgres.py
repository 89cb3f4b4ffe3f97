"""How a catalog in PostgreSQL is connected to: durable, one writer at a time, and never waiting for ever.

psycopg waits for an answer as long as the connection stands. A server that was stopped or cut off in the middle would
hold every thread of the control plane, so a connection that is silent for too long is given up.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, Engine

__all__ = ["be_patient", "engine_arguments", "lone_connection", "prepare"]

_CONNECT_TIMEOUT = 5
_PATIENCE = 15.0
"""Seconds that a statement may take: those of the catalog take milliseconds."""
_POOL = {"pool_size": 10, "max_overflow": 30, "pool_recycle": 1800, "pool_pre_ping": True}
_WRITE_LOCK = 0x6F70656E616473
"""The number of the advisory lock of writers: the bytes of ``openads``."""

_WATCHED = {"keepalives_idle": 1, "keepalives_interval": 1, "keepalives_count": 3, "tcp_user_timeout": 3000}
_WATCHED_BY_SERVER = {
    "tcp_keepalives_idle": "1",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "4000",
    "synchronous_commit": "off",  # it says who is there now: nothing that has to outlive the server
}

_Result = TypeVar("_Result")


def engine_arguments(url: URL, busy_timeout: float) -> dict[str, Any]:
    """Return what ``create_engine`` needs besides the URL, which may say otherwise."""
    wanted = {"connect_timeout": _CONNECT_TIMEOUT, "application_name": "openads"}
    said = {name: value for name, value in wanted.items() if name not in url.query}
    return {**_POOL, "pool_timeout": busy_timeout, "connect_args": said}


def prepare(engine: Engine, write_option: str, busy_timeout: float) -> None:
    """Have every connection set up, and every transaction with the option ``write_option`` take the writers' lock."""

    def connect(_dialect: object, _record: object, arguments: list[Any], named: dict[str, Any]) -> Any:
        return _connection_class().connect(*arguments, **named)

    def set_up(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", (f"{busy_timeout:g}s",))
        # A control plane that hangs within a write must not hold up the others.
        cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', '60s', false)")
        if cursor.execute("SHOW synchronous_commit").fetchone()[0] == "off":
            cursor.execute("SET synchronous_commit = on")  # what was acknowledged must survive the server
        connection.commit()
        cursor.close()

    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get(write_option, False):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")

    def calm_down(connection: Any, _record: object) -> None:
        if connection is not None:
            connection.patience = _PATIENCE

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "checkin", calm_down)
    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", begin)


def lone_connection(url: URL, name: str, patience: float) -> Any:
    """Return a connection of psycopg that belongs to no pool, each statement a transaction of its own.

    It notices within seconds that the server is gone, and the server that this process is: what is held on it, such
    as an advisory lock, is free soon after either. Raises psycopg.OperationalError, here and whenever the server is
    silent for longer than ``patience`` seconds.
    """
    _, named = url.get_dialect()().create_connect_args(url)
    about = {"connect_timeout": _CONNECT_TIMEOUT, "application_name": name, **_WATCHED, **named}
    connection = _connection_class().connect(**about, autocommit=True)
    connection.patience = patience
    for setting, value in _WATCHED_BY_SERVER.items():
        connection.execute("SELECT set_config(%s, %s, false)", (setting, value))
    return connection


def be_patient(connection: Connection) -> None:
    """Let the statements on this connection take as long as they do: migrations and whole tables."""
    driver: Any = connection.connection.driver_connection
    if hasattr(driver, "patience"):
        driver.patience = float("inf")


@cache
def _connection_class() -> Any:
    import psycopg

    class PatientConnection(psycopg.Connection[Any]):
        """A connection that ends when the server is silent for longer than ``patience`` seconds."""

        patience = _PATIENCE

        def wait(self, gen: Any, *arguments: Any, **named: Any) -> Any:
            """Return what the conversation with the server ends with. Raises OperationalError when it doesn't end."""
            return super().wait(self._limited(gen), *arguments, **named)

        def _limited(self, conversation: Generator[Any, Any, _Result]) -> Generator[Any, Any, _Result]:
            end = time.monotonic() + self.patience
            try:
                wanted = next(conversation)
                while True:
                    ready = yield wanted
                    if not ready and time.monotonic() > end:
                        self.pgconn.finish()
                        raise psycopg.OperationalError(f"the server was silent for {self.patience:g} s")
                    wanted = conversation.send(ready)
            except StopIteration as ended:
                result: _Result = ended.value
                return result

    return PatientConnection
