"""``ads db``: the catalog's database and its schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ads.cli import exit_codes
from ads.cli.commands import LazyCommand, LazyGroup, command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.output import Column

if TYPE_CHECKING:
    from ads.registry.database import Database

__all__ = ["db", "opened_database", "status", "upgrade"]

db = LazyGroup(
    "db",
    sections={
        "Commands": {
            "status": LazyCommand(
                "ads.cli.db:status", "Say which database it is, and whether its schema is up to date."
            ),
            "upgrade": LazyCommand(
                "ads.cli.db:upgrade", "Bring the schema up to date, as the service does at its start."
            ),
        }
    },
    example="""
        ads db status
        OPENADS_DATABASE_URL=postgresql+psycopg://openads@db/openads ads db upgrade
    """,
    help="Look after the catalog's database.",
)

COLUMNS = (
    Column("database", lambda row: row["database"]),
    Column("schema", lambda row: row["schema"] or "none yet"),
    Column("this version's", lambda row: row["head"]),
    Column("state", lambda row: row["state"], state=True),
)


@contextmanager
def opened_database(invocation: Invocation) -> Iterator[Database]:
    """Give the catalog that the settings name; what goes wrong inside is told as the service would.

    Raises SettingError, ServiceUnavailable.
    """
    from ads.registry.database import open_database
    from ads.registry.outages import translated

    invocation.home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = open_database(invocation.settings, invocation.home)
    try:
        with translated(database.failed):
            yield database
    finally:
        database.close()


@command("status", example="ads db status")
@pass_invocation
def status(invocation: Invocation) -> int:
    """Say which database it is, and whether its schema is up to date.

    Exit status: 0 when it is, 3 when there is none yet, 5 when it is older or newer than this version works with.
    """
    from ads.registry.database import database_url
    from ads.registry.schema import HEAD, KNOWN, current_version

    url = database_url(invocation.settings, invocation.home)
    version = None
    if url.get_backend_name() != "sqlite" or Path(str(url.database)).exists():
        with opened_database(invocation) as database:
            version = current_version(database.engine)
    state = _state(version, HEAD, KNOWN)
    row = {"database": url.render_as_string(), "schema": version, "head": HEAD, "state": state}
    invocation.output.record(row, COLUMNS, id_key="schema")
    if state == "older":
        invocation.output.hint("Bring it up to date: ads db upgrade   (ads serve does so by itself)")
    return {"empty": exit_codes.NOT_FOUND, "ok": exit_codes.OK}.get(state, exit_codes.CONFLICT)


@command("upgrade", example="ads db upgrade")
@pass_invocation
def upgrade(invocation: Invocation) -> None:
    """Bring the schema up to date, all or nothing, as the service does at its start.

    Back up first (ads backup FOLDER): an older version refuses the newer schema.
    """
    from ads.registry.schema import HEAD
    from ads.registry.schema import upgrade as bring_up_to_date

    with opened_database(invocation) as database:
        done = bring_up_to_date(database.engine)
    invocation.output.success(f"The schema is {HEAD} now." if done else f"The schema is {HEAD} already.")


def _state(version: str | None, head: str, known: tuple[str, ...]) -> str:
    if version is None:
        return "empty"
    if version not in known:
        return "newer"
    return "ok" if version == head else "older"
