"""New rows without the work of a session: for what is written often, and read by nobody in the same transaction."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import Insert, Table, insert
from sqlalchemy.orm import Session

from ads.registry.tables import Base

__all__ = ["insert_row"]

Row = TypeVar("Row", bound=Base)


def insert_row(session: Session, row: Row) -> Row:
    """Return the new row once it is in the database, with its defaults and its number. The session doesn't know it.

    What changes of the object afterwards stays there. Raises IntegrityError, which the database's session translates.
    """
    table, statement = _insertion(type(row))
    values: dict[str, Any] = {}
    numbered = ""
    for column in table.columns:
        value = getattr(row, column.key)
        if value is None and column.default is not None:
            value = column.default.arg(None) if column.default.is_callable else column.default.arg  # type: ignore[attr-defined]
            setattr(row, column.key, value)
        if value is None and column is table.autoincrement_column:
            numbered = column.key
        else:
            values[column.key] = value
    result = session.connection().execute(statement, values)
    key = result.inserted_primary_key
    if numbered and key is not None:
        setattr(row, numbered, key[0])
    return row


@cache
def _insertion(kind: type[Base]) -> tuple[Table, Insert]:
    table = cast("Table", kind.__table__)
    return table, insert(table)
