"""The version of the database's schema: brought up to date at the start, and never worked with when it is newer."""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import Engine

from ads.errors import AdsError
from ads.registry.postgres import be_patient

__all__ = ["HEAD", "KNOWN", "SchemaTooNew", "current_version", "migrate", "upgrade"]

logger = logging.getLogger(__name__)

KNOWN = tuple(f"{number:04}" for number in range(1, 16))
"""Every revision in ``migrations/versions``, oldest first."""
HEAD = KNOWN[-1]
"""The revision that this version of the program works with."""


class SchemaTooNew(AdsError):
    """The database was written by a newer version of the program."""

    code = "schema-too-new"


def current_version(engine: Engine) -> str | None:
    """Return the revision of the database, None when it is empty."""
    with engine.connect() as connection:
        return _version_of(connection)


def upgrade(engine: Engine) -> bool:
    """Bring the schema to HEAD; tell whether there was anything to do. Raises SchemaTooNew.

    All steps are one transaction: a crash leaves the old schema. Of two that start at once one waits for the other.
    Alembic is imported only when it has work to do.
    """
    if _is_current(current_version(engine)):
        return False
    with engine.execution_options(openads_write=True).begin() as connection:
        version = _version_of(connection)  # now that nobody else can change it
        if _is_current(version):
            return False
        migrate(connection, HEAD)
    logger.info("The catalog's schema went from %s to %s", version, HEAD)
    return True


def migrate(connection: Connection, revision: str) -> None:
    """Bring the schema to a revision of ``KNOWN``, in the transaction of the connection."""
    from alembic import command
    from alembic.config import Config

    be_patient(connection)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _version_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version


def _is_current(version: str | None) -> bool:
    if version is not None and version not in KNOWN:
        raise SchemaTooNew(
            f"The catalog's schema {version!r} is newer than this version of OpenADS knows ({HEAD!r}).",
            hint="Install the version of OpenADS that wrote it, or a newer one.",
        )
    return version == HEAD
