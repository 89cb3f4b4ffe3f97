"""Rows and their predictions into one file, chunk by chunk."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from ads.batch.chunk import Chunk
from ads.batch.predictions import Predictions
from ads.errors import InputError

__all__ = ["Layout", "Writer", "writer"]

ERROR = "error"
"""The column that says why a row has no prediction."""


@dataclass(frozen=True)
class Layout:
    """What a row of the output has.

    ``keep``: the input's columns that go along, None for all of them. ``column``: what the output called
    ``prediction`` is called. ``errors``: whether a column says why a row has no prediction.
    """

    keep: tuple[str, ...] | None = None
    column: str = "prediction"
    errors: bool = False

    def kept(self, chunk: Chunk) -> list[str]:
        """Return the input's columns that go along. Raises :class:`~ads.errors.InputError` for unknown ones."""
        names = chunk.names()
        if self.keep is None:
            return names
        missing = [name for name in self.keep if name not in names]
        if missing:
            raise InputError(
                f"{chunk.source} has no column {missing[0]!r} to keep.",
                hint=f"It has: {', '.join(names[:12])}." if names else "Its rows have no names: --keep none",
            )
        return list(self.keep)

    def outputs(self, predictions: Predictions, kept: Sequence[str]) -> dict[str, Any]:
        """Return the columns that are new, by their names. Raises :class:`~ads.errors.InputError` for one twice."""
        named = {self.column if name == "prediction" else name: v for name, v in predictions.columns.items()}
        if self.errors:
            named[ERROR] = [predictions.errors.get(row) for row in range(predictions.rows)]
        twice = [name for name in named if name in kept]
        if twice:
            raise InputError(
                f"The input has a column {twice[0]!r} already.",
                hint="Give the predictions another name with --column, or leave that column out with --keep.",
            )
        return named


class Writer(Protocol):
    """Writes one file."""

    def write(self, chunk: Chunk, predictions: Predictions) -> None:
        """Write the rows of a chunk. Raises :class:`~ads.errors.InputError` for what the format can't hold."""

    def end(self) -> None:
        """Write what comes last; the file stays open."""


def writer(suffix: str, file: BinaryIO, layout: Layout) -> Writer:
    """Return the writer for files that end in ``suffix``."""
    kinds: dict[str, type[_Csv | _Parquet]] = {".csv": _Csv, ".parquet": _Parquet}
    found: Writer = kinds[suffix](file, layout) if suffix in kinds else _Lines(file, layout)
    return found


class _Csv:
    """A line of names, then a line for each row; lists and truth values in JSON, nothing for what is missing."""

    def __init__(self, file: BinaryIO, layout: Layout) -> None:
        self._text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
        self._layout = layout
        self._names: list[str] = []

    def write(self, chunk: Chunk, predictions: Predictions) -> None:
        kept = self._layout.kept(chunk)
        cells = {**chunk.texts(kept), **_lists(self._layout.outputs(predictions, kept))}
        lines = csv.writer(self._text, lineterminator="\n")
        if not self._names:
            self._names = list(cells)
            lines.writerow(self._names)
        surplus = [name for name in cells if name not in self._names]
        if surplus:
            raise InputError(
                f"{chunk.source} has the column {surplus[0]!r}, which rows before did not have.",
                hint="Write .jsonl, whose rows may differ, or choose columns with --keep.",
            )
        nothing = [None] * len(chunk)
        columns = [[_cell(value) for value in cells.get(name, nothing)] for name in self._names]
        lines.writerows(zip(*columns, strict=True))

    def end(self) -> None:
        self._text.flush()
        self._text.detach()


class _Lines:
    """A JSON object for each row."""

    def __init__(self, file: BinaryIO, layout: Layout) -> None:
        self._file = file
        self._layout = layout

    def write(self, chunk: Chunk, predictions: Predictions) -> None:
        kept = self._layout.kept(chunk)
        cells = {**chunk.columns(kept), **_lists(self._layout.outputs(predictions, kept))}
        rows = zip(*cells.values(), strict=True)
        texts = (json.dumps(dict(zip(cells, map(_plain, row), strict=True)), ensure_ascii=False) for row in rows)
        self._file.write("".join(f"{text}\n" for text in texts).encode())

    def end(self) -> None:
        """Nothing comes last."""


class _Parquet:
    """A group of rows for each chunk; the first one decides the types."""

    def __init__(self, file: BinaryIO, layout: Layout) -> None:
        try:
            import pyarrow  # noqa: F401, ICN001
        except ImportError as error:
            raise InputError(
                "Parquet files need pyarrow, which isn't installed.", hint="pip install pyarrow"
            ) from error
        self._file = file
        self._layout = layout
        self._writer: Any = None

    def write(self, chunk: Chunk, predictions: Predictions) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        kept = self._layout.kept(chunk)
        table = chunk.table(kept) if kept else pa.table({})
        try:
            for name, values in self._layout.outputs(predictions, kept).items():
                kind = pa.string() if name == ERROR and self._layout.errors else None
                column = pa.array(values, kind) if isinstance(values, list) else values
                table = table.append_column(name, column) if table.num_columns else pa.table({name: column})
            if self._writer is None:
                self._writer = pq.ParquetWriter(self._file, table.schema, use_dictionary=_repeating(table.schema))
            self._writer.write_table(_as(table, self._writer.schema))
        except pa.ArrowException as error:
            rows = f"rows {chunk.number(0):,} to {chunk.number(len(chunk) - 1):,}"
            raise InputError(
                f"{chunk.source}: {rows} don't fit the columns of the rows before them: {error}.",
                hint="Write .jsonl, whose rows may differ.",
            ) from error

    def end(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _repeating(schema: Any) -> list[str] | bool:
    """Return the columns that are worth a dictionary of their values: not floats, whose values hardly ever repeat."""
    import pyarrow as pa

    return [field.name for field in schema if not pa.types.is_floating(field.type)] or False


def _as(table: Any, schema: Any) -> Any:
    if table.schema.equals(schema):
        return table
    import pyarrow as pa

    nothing = pa.nulls(table.num_rows)
    columns = [table.column(name) if name in table.column_names else nothing for name in schema.names]
    surplus = [name for name in table.column_names if name not in schema.names]
    if surplus:
        raise pa.ArrowInvalid(f"the column {surplus[0]!r} is new")
    return pa.Table.from_arrays(
        [column.cast(field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def _lists(columns: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: found if isinstance(found, list) else found.to_pylist() for name, found in columns.items()}


def _cell(value: Any) -> Any:
    if isinstance(value, (dict, list, bool)):
        return json.dumps(_plain(value), ensure_ascii=False)
    return "" if value is None else value if isinstance(value, (str, int, float)) else _plain(value)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: dates in ISO form, bytes in base64, no number that is none."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else str(value)
