"""``ads backup`` and ``ads restore``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ads.cli import exit_codes
from ads.cli.commands import command, pass_invocation
from ads.cli.db import opened_database
from ads.cli.invocation import Invocation
from ads.cli.moments import moment, size
from ads.cli.output import Column
from ads.errors import Conflict

if TYPE_CHECKING:
    from ads.registry.backup import Snapshot
    from ads.registry.blobs import BlobStore

__all__ = ["backup", "restore"]

FOLDER = click.Path(file_okay=False, path_type=Path)
BACKED_UP = (
    Column("snapshot", lambda row: row["snapshot"]),
    Column("rows", lambda row: row["rows"]),
    Column("new blobs", lambda row: row["newBlobs"]),
    Column("earlier blobs", lambda row: row["earlierBlobs"]),
    Column("written", lambda row: row["bytes"], size),
)
RESTORED = (
    Column("snapshot", lambda row: row["snapshot"]),
    Column("taken", lambda row: row["taken"], moment),
    Column("rows", lambda row: row["rows"]),
    Column("blobs", lambda row: row["blobs"]),
)


@command(
    "backup",
    example="""
        ads backup /mnt/backup/openads
        OPENADS_DATABASE_URL=postgresql+psycopg://openads@db/openads ads backup /mnt/backup/openads
    """,
)
@click.argument("target", type=FOLDER, metavar="FOLDER")
@pass_invocation
def backup(invocation: Invocation, target: Path) -> int:
    """Write one state of the catalog, with the bytes of its models and objects, to a folder. The service goes on.

    Each run adds a snapshot; bytes that an earlier one brought are not written again. -q prints the snapshot's folder.
    Exit status 1 when stored bytes can't be read any more: they are named, everything else is saved.
    """
    from ads.registry.backup import back_up

    with opened_database(invocation) as database:
        done = back_up(database, _blobs(invocation), target.absolute())
    output = invocation.output
    row = {"snapshot": str(done.folder), "rows": done.rows, "newBlobs": done.new_blobs}
    row |= {"earlierBlobs": done.known_blobs, "bytes": done.bytes, "damaged": list(done.damaged)}
    output.record(row, BACKED_UP, id_key="snapshot")
    for name in done.damaged:
        output.warn(f"The stored bytes {name} are missing or damaged, so the backup lacks them.")
    output.hint("Keep it as secret as the data directory. Put it back: ads restore FOLDER --home NEW-FOLDER")
    return exit_codes.FAILED if done.damaged else exit_codes.OK


@command(
    "restore",
    example="""
        ads restore /mnt/backup/openads --check
        ads restore /mnt/backup/openads --home /srv/openads
    """,
)
@click.argument("source", type=FOLDER, metavar="FOLDER")
@click.option("--snapshot", "name", metavar="NAME", default="", help="Not the latest but this one.")
@click.option("--check", "only_check", is_flag=True, help="Only compare everything with its digests.")
@pass_invocation
def restore(invocation: Invocation, source: Path, name: str, only_check: bool) -> None:
    """Put a backup into an empty catalog, of either database, after comparing everything with its digests.

    A catalog that isn't empty is refused. Deployments that were active come back with ads serve. The service makes a
    new administrator token at its next start; other tokens and keys go on to work.
    """
    from ads.registry.backup import check, find_snapshot
    from ads.registry.backup import restore as put_back

    snapshot = find_snapshot(source.absolute(), name)
    if only_check:
        total = check(snapshot)
        invocation.output.record(_row(snapshot), RESTORED, id_key="snapshot")
        invocation.output.success(f"Everything is what was written: {snapshot.rows} rows, {size(total)}.")
    else:
        _require_stopped(invocation)
        invocation.home.create()
        with opened_database(invocation) as database:
            put_back(database, _blobs(invocation), snapshot)
        invocation.output.record(_row(snapshot), RESTORED, id_key="snapshot")
        invocation.output.hint(f"Start it: ads serve --home {invocation.home.root}")
    for blob in snapshot.damaged:
        invocation.output.warn(f"The bytes {blob} were missing or damaged when the backup was made.")


def _row(snapshot: Snapshot) -> dict[str, object]:
    return {
        "snapshot": str(snapshot.folder),
        "taken": snapshot.time,
        "rows": snapshot.rows,
        "blobs": len(snapshot.blobs) - len(snapshot.damaged),
        "damaged": list(snapshot.damaged),
    }


def _require_stopped(invocation: Invocation) -> None:
    from ads.service.lock import is_held

    if is_held(invocation.home.lock_file):
        raise Conflict(f"A service runs on {invocation.home.root}.", hint="Name a new folder: --home FOLDER")


def _blobs(invocation: Invocation) -> BlobStore:
    from ads.registry.blobs import BlobStore

    settings, home = invocation.settings, invocation.home
    return BlobStore(home, settings.max_artifact_bytes, settings.artifact_store, settings.artifact_cache_bytes)
