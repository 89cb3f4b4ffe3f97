"""The rows of all tables as JSON lines: the same text from each database, and readable by each.

The first line of a table names its columns, every other one holds the values of a row. Numbers, texts and truth values
are themselves, bytes are Base64, columns with JSON are the text that the database has.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    cast,
    func,
    select,
    text,
    type_coerce,
)
from sqlalchemy.types import JSON

from ads.errors import AdsError
from ads.registry.cluster_tables import TRANSIENT
from ads.registry.postgres import be_patient

__all__ = ["DumpDamaged", "TableDump", "check_table", "read_tables", "reflected", "write_table"]

_AT_ONCE = 500


class DumpDamaged(AdsError):
    """A file of a backup is missing, or is no longer what was written."""

    code = "backup-damaged"


@dataclass(frozen=True)
class TableDump:
    """What a manifest says of one table: how many rows, and the SHA-256 of its file."""

    rows: int
    sha256: str


def reflected(connection: Connection) -> list[Table]:
    """Return the tables that a backup holds as they are in the database, each after those that it refers to."""
    be_patient(connection)
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name not in {"alembic_version", *TRANSIENT}]


def write_table(connection: Connection, table: Table, path: Path) -> TableDump:
    """Write all rows of the table to a new file, in the order of their keys."""
    statement = select(*(_selected(column) for column in table.columns)).order_by(*table.primary_key.columns)
    digest, count = hashlib.sha256(), -1
    with path.open("xb") as file:
        rows = connection.execute(statement.execution_options(yield_per=_AT_ONCE))
        for count, values in enumerate(_lines(table, rows)):  # noqa: B007 - the first is no row
            line = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            digest.update(line)
            file.write(line)
    return TableDump(count, digest.hexdigest())


def check_table(path: Path, said: TableDump) -> None:
    """Return when the file is what the manifest says. Raises DumpDamaged."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1024 * 1024):
                digest.update(chunk)
    except FileNotFoundError:
        raise DumpDamaged(f"{path} is missing.", hint="Use another snapshot.") from None
    if digest.hexdigest() != said.sha256:
        raise DumpDamaged(f"{path} is not what was written.", hint="Use another snapshot.")


def read_tables(connection: Connection, tables: Iterable[Table], folder: Path) -> int:
    """Replace the rows of these tables by those of the files in a folder; return how many there are now."""
    known = list(tables)
    for table in reversed(known):
        connection.execute(table.delete())
    return sum(_read_table(connection, table, folder / f"{table.name}.jsonl") for table in known)


def _read_table(connection: Connection, table: Table, path: Path) -> int:
    if not path.exists():
        return 0
    count = 0
    with path.open("rb") as file:
        names = json.loads(file.readline())
        columns = [table.columns[name] for name in names]
        statement = table.insert().values({column.name: _bound(column, connection) for column in columns})
        rows = (dict(zip(names, map(_stored, columns, json.loads(line)), strict=True)) for line in file)
        for batch in _batches(_parents_first(table, rows)):
            connection.execute(statement, batch)
            count += len(batch)
    if connection.dialect.name == "postgresql" and "seq" in table.columns and count:
        _continue_numbers(connection, table)
    return count


def _lines(table: Table, rows: Iterable[Any]) -> Iterator[list[Any]]:
    yield [column.name for column in table.columns]
    for row in rows:
        yield [base64.b64encode(value).decode() if isinstance(value, bytes) else value for value in row]


def _is_json(column: Column[Any]) -> bool:
    return isinstance(column.type, JSON)


def _selected(column: Column[Any]) -> Any:
    return cast(column, Text) if _is_json(column) else column


def _bound(column: Column[Any], connection: Connection) -> Any:
    """Return the parameter of a column. Text goes to a JSON column as it is: it is not encoded once more."""
    if not _is_json(column):
        return bindparam(column.name, type_=column.type)
    parameter = bindparam(column.name, type_=Text())
    return cast(parameter, column.type) if connection.dialect.name == "postgresql" else type_coerce(parameter, Text)


def _stored(column: Column[Any], value: Any) -> Any:
    return base64.b64decode(value) if isinstance(column.type, LargeBinary) and value is not None else value


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _AT_ONCE)):
        yield batch


def _parents_first(table: Table, rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Order the rows of a table that refers to itself; any other is passed on row by row."""
    references = [
        (key.parent.name, key.column.name) for key in table.foreign_keys if key.column.table.name == table.name
    ]
    return rows if not references else _ordered(list(rows), references)


def _ordered(rows: list[dict[str, Any]], references: list[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    there: dict[str, set[Any]] = {target: {None} for _, target in references}
    while rows:
        ready = [row for row in rows if all(row[source] in there[target] for source, target in references)]
        if not ready:
            raise DumpDamaged("Rows of a table refer to each other in a circle.", hint="Use another snapshot.")
        yield from ready
        rows = [row for row in rows if row not in ready]
        for target, values in there.items():
            values.update(row[target] for row in ready)


def _continue_numbers(connection: Connection, table: Table) -> None:
    """Let the numbers of new rows go on after those that were read."""
    last = connection.scalar(select(func.max(table.columns["seq"])))
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:name, 'seq')"), {"name": table.name})
    if sequence is not None:
        connection.execute(
            text("SELECT setval(CAST(:sequence AS regclass), :last)"), {"sequence": sequence, "last": last}
        )
