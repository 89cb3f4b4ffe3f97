"""Backups of the catalog, taken while it is written to, and put back into an empty one of either database.

A backup folder has ``blobs/<sha256>``, shared by all its snapshots, and ``snapshots/<time>/`` with ``manifest.json``,
``blobs.json`` and a file per table. The rows come from one transaction, so they are one state of the catalog. A
snapshot gets its name last: what was interrupted is none, and a later run goes on with the blobs that are there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import func, inspect, select

from ads._version import __version__
from ads.errors import Conflict, InputError
from ads.registry.blobs import BlobDamaged, BlobStore
from ads.registry.database import Database
from ads.registry.events import SERVICE, record
from ads.registry.outages import translated
from ads.registry.rows import DumpDamaged, TableDump, check_table, read_tables, reflected, write_table
from ads.registry.schema import HEAD, KNOWN, SchemaTooNew, current_version, migrate, upgrade
from ads.registry.storing import is_blob_used, used_blob_sizes
from ads.registry.tables import Compartment

__all__ = ["BackedUp", "Snapshot", "back_up", "check", "find_snapshot", "restore", "snapshots_in"]

_FORMAT = 1
_CHUNK = 1024 * 1024
_TRIES = 3
Tell = Callable[[str], None]


@dataclass(frozen=True)
class BackedUp:
    """What a backup did: new and earlier blobs, bytes written, and blobs that could not be read."""

    folder: Path
    rows: int
    new_blobs: int
    known_blobs: int
    bytes: int
    damaged: tuple[str, ...]


@dataclass(frozen=True)
class Snapshot:
    """One snapshot in a backup folder, as its manifest describes it."""

    folder: Path
    schema: str
    time: str
    tables: Mapping[str, TableDump]
    blobs: Mapping[str, int]
    damaged: tuple[str, ...]

    @property
    def store(self) -> Path:
        """The folder of the blobs."""
        return self.folder.parent.parent / "blobs"

    @property
    def rows(self) -> int:
        """How many rows all tables have."""
        return sum(table.rows for table in self.tables.values())


class _BlobsGone(Exception):
    """Blobs of the snapshot were removed while it was copied: a new one needs them no more."""


def back_up(database: Database, blobs: BlobStore, target: Path) -> BackedUp:
    """Return what was written to ``target``: one state of the catalog with all bytes that it needs.

    Blobs that an earlier backup brought are not copied again. What can't be read any more is named, in the snapshot
    too. Raises ServiceUnavailable when the database can't be read, OSError for the target.
    """
    for folder in (target, target / "blobs", target / "snapshots"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in (target / "snapshots").glob(".*"):
        shutil.rmtree(left)
    for _ in range(_TRIES):
        with contextlib.suppress(_BlobsGone):
            return _take(database, blobs, target)
    raise Conflict("The catalog's blobs kept changing under the backup.", hint="Don't collect garbage meanwhile.")


def _take(database: Database, blobs: BlobStore, target: Path) -> BackedUp:
    taken = datetime.now(timezone.utc)
    building = target / "snapshots" / f".{secrets.token_hex(6)}"
    building.mkdir(mode=0o700)
    try:
        tables, needed, schema = _write_rows(database, building)
        damaged, new, size = _copy_blobs(database, blobs, needed, target / "blobs")
        _write_json(building / "blobs.json", needed)
        manifest = {
            "format": _FORMAT,
            "version": __version__,
            "schema": schema,
            "time": taken.isoformat(),
            "database": database.engine.dialect.name,
            "tables": {name: asdict(table) for name, table in tables.items()},
            "blobs": {"count": len(needed), "sha256": _digest(building / "blobs.json")},
            "damaged": damaged,
        }
        _write_json(building / "manifest.json", manifest)
        for path in building.iterdir():
            _sync(path)
        _sync(building)
        folder = target / "snapshots" / f"{taken:%Y%m%dT%H%M%S}-{taken.microsecond:06d}Z"
        building.rename(folder)
        _sync(folder.parent)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    rows = sum(table.rows for table in tables.values())
    known = len(needed) - new - len(damaged)
    return BackedUp(folder, rows, new, known, size, tuple(damaged))


def _write_rows(database: Database, folder: Path) -> tuple[dict[str, TableDump], dict[str, int], str]:
    version = current_version(database.engine)
    if version != HEAD:
        raise Conflict(
            f"The catalog's schema is {version or 'not there yet'}, and this version of OpenADS works with {HEAD}.",
            hint="Bring it up to date first: ads db upgrade",
        )
    with database.read() as session:
        connection = session.connection()
        tables = {
            table.name: write_table(connection, table, folder / f"{table.name}.jsonl")
            for table in reflected(connection)
        }
        return tables, used_blob_sizes(session), version


def _copy_blobs(
    database: Database, blobs: BlobStore, needed: Mapping[str, int], store: Path
) -> tuple[list[str], int, int]:
    damaged: list[str] = []
    new = written = 0
    for sha256, size in sorted(needed.items()):
        path = store / sha256
        if path.is_file() and path.stat().st_size == size:
            continue
        try:
            _write_blob(path, blobs.chunks(sha256, size))
        except BlobDamaged:
            with database.read() as session:
                if not is_blob_used(session, sha256):
                    raise _BlobsGone from None
            damaged.append(sha256)
            continue
        new += 1
        written += size
    if new:
        _sync(store)
    return damaged, new, written


def _write_blob(path: Path, chunks: Iterator[bytes]) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)


def snapshots_in(source: Path) -> list[str]:
    """Return the names of the snapshots in a backup folder, the oldest first."""
    return sorted(path.parent.name for path in source.glob("snapshots/[!.]*/manifest.json"))


def find_snapshot(source: Path, name: str = "") -> Snapshot:
    """Return a snapshot of a backup folder, the latest unless one is named. Raises InputError, DumpDamaged."""
    names = snapshots_in(source)
    if not names:
        raise InputError(f"{source} is not a backup, or has no complete snapshot.", hint="Make one: ads backup FOLDER")
    if name and name not in names:
        raise InputError(f"{source} has no snapshot {name!r}.", hint=f"It has: {', '.join(names[-10:])}.")
    folder = source / "snapshots" / (name or names[-1])
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        if manifest["format"] != _FORMAT:
            raise InputError(f"{folder} was written by a newer version.", hint=f"Use OpenADS {manifest['version']}.")
        blobs: dict[str, int] = json.loads((folder / "blobs.json").read_bytes())
        tables = {name: TableDump(**said) for name, said in manifest["tables"].items()}
        snapshot = Snapshot(folder, manifest["schema"], manifest["time"], tables, blobs, tuple(manifest["damaged"]))
        intact = _digest(folder / "blobs.json") == manifest["blobs"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DumpDamaged(f"{folder} can't be read: {error}.", hint="Use another snapshot.") from error
    if not intact:
        raise DumpDamaged(f"{folder / 'blobs.json'} is not what was written.", hint="Use another snapshot.")
    return snapshot


def check(snapshot: Snapshot) -> int:
    """Return how many bytes of blobs were compared with their digests. Raises DumpDamaged for the first difference."""
    for name, said in snapshot.tables.items():
        check_table(snapshot.folder / f"{name}.jsonl", said)
    total = 0
    for sha256, size in snapshot.blobs.items():
        if sha256 not in snapshot.damaged:
            for _ in _checked(snapshot.store / sha256, sha256):
                pass
            total += size
    return total


def restore(database: Database, blobs: BlobStore, snapshot: Snapshot) -> int:
    """Put a snapshot into an empty catalog, and return how many rows it has.

    The blobs come first, each compared with its digest; the rows are one transaction, the last thing done: whatever
    interrupts it, the catalog is empty or whole, and it can be done again. Raises Conflict when the catalog isn't
    empty, DumpDamaged, SchemaTooNew.
    """
    if snapshot.schema not in KNOWN:
        raise SchemaTooNew(
            f"The backup's schema {snapshot.schema!r} is newer than this version of OpenADS knows.",
            hint="Install the version of OpenADS that wrote it, or a newer one.",
        )
    _require_empty(database, snapshot)
    for name, said in snapshot.tables.items():
        check_table(snapshot.folder / f"{name}.jsonl", said)
    there = {entry.sha256: entry.size for entry in blobs.entries()}
    for sha256, size in snapshot.blobs.items():
        if there.get(sha256) != size and sha256 not in snapshot.damaged:
            _put_blob(blobs, snapshot.store / sha256, sha256, size)
    with translated(database.failed), database.engine.execution_options(openads_write=True).begin() as connection:
        _require_empty(database, snapshot)
        if not inspect(connection).has_table("alembic_version"):
            migrate(connection, snapshot.schema)
        rows = read_tables(connection, reflected(connection), snapshot.folder)
    upgrade(database.engine)
    with database.write() as session:
        record(session, SERVICE, "service.restore", "service", taken=snapshot.time, rows=rows)
    return rows


def _require_empty(database: Database, snapshot: Snapshot) -> None:
    version = current_version(database.engine)
    if version is None:
        return
    with database.read() as session:
        used = session.scalar(select(func.count()).select_from(Compartment))
    if used or version != snapshot.schema:
        raise Conflict(
            f"The catalog {database.engine.url.render_as_string()} is not empty.",
            hint="Restore into a new data directory (--home) or a new database (OPENADS_DATABASE_URL).",
        )


def _put_blob(blobs: BlobStore, path: Path, sha256: str, size: int) -> None:
    with blobs.begin(size) as upload:
        for chunk in _checked(path, sha256):
            upload.write(chunk)
        with blobs.keep(upload):
            pass


def _checked(path: Path, sha256: str) -> Iterator[bytes]:
    """Yield a file. Raises DumpDamaged at its end when it isn't what its name says."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                yield chunk
    except FileNotFoundError:
        raise DumpDamaged(f"{path} is missing.", hint="Use another backup.") from None
    if digest.hexdigest() != sha256:
        raise DumpDamaged(f"{path} is damaged.", hint="Use another backup.")


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
