"""The rows of a file, chunk by chunk: no more of it is held than a few chunks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO

from ads.batch.chunk import Chunk, RecordChunk, TableChunk
from ads.batch.places import Place
from ads.errors import InputError
from ads.schema.cells import typed_cells
from ads.schema.json_lines import json_rows

__all__ = ["chunks", "count_rows"]

_ROWS = 10_000
_MOST_ROWS = 65_536
_BYTES = 16 * 1024 * 1024
_BYTES_A_CELL = 8


def chunks(place: Place, dtypes: Mapping[str, str], rows: int | None) -> Iterator[Chunk]:
    """Yield the rows of a file in their order; the same file always gives the same chunks.

    ``dtypes`` says what the model's columns are, ``rows`` how many a chunk has. Raises
    :class:`~ads.errors.InputError` naming file and row for what can't be read.
    """
    with place.reading() as file:
        if place.suffix == ".parquet":
            yield from _parquet(place, file, rows)
        elif place.suffix == ".csv":
            yield from _csv(place, file, dtypes, rows or _ROWS)
        else:
            yield from _lines(place, file, rows or _ROWS)


def count_rows(place: Place) -> int | None:
    """Return how many rows a file says it has; None where only reading it tells."""
    if place.suffix != ".parquet":
        return None
    with place.reading() as file:
        return int(_opened(place, file).metadata.num_rows)


def _opened(place: Place, file: BinaryIO) -> Any:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise InputError(
            f"{place} can't be read: Parquet files need pyarrow, which isn't installed.", hint="pip install pyarrow"
        ) from error
    try:
        return pq.ParquetFile(file)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{place} is not a Parquet file: {error}.", hint="Give a .csv or .jsonl file.") from error


def _parquet(place: Place, file: BinaryIO, rows: int | None) -> Iterator[Chunk]:
    import pyarrow as pa

    opened = _opened(place, file)
    wanted = _BYTES // (_BYTES_A_CELL * max(len(opened.schema_arrow), 1))
    first = 0
    for batch in opened.iter_batches(batch_size=rows or max(min(wanted, _MOST_ROWS), 1)):
        if batch.num_rows:
            yield TableChunk(str(place), first, pa.Table.from_batches([batch]))
            first += batch.num_rows


def _lines(place: Place, file: BinaryIO, rows: int) -> Iterator[Chunk]:
    found: list[Any] = []
    first = 0
    for row in json_rows(io.TextIOWrapper(file, "utf-8-sig"), str(place)):
        found.append(row)
        if len(found) == rows:
            yield RecordChunk(str(place), first, found)
            first, found = first + rows, []
    if found:
        yield RecordChunk(str(place), first, found)


def _csv(place: Place, file: BinaryIO, dtypes: Mapping[str, str], rows: int) -> Iterator[Chunk]:
    lines = (line for line in csv.reader(io.TextIOWrapper(file, "utf-8-sig", newline="")) if line)
    try:
        header = next(lines, [])
        if len(set(header)) != len(header):
            twice = next(name for name in header if header.count(name) > 1)
            raise InputError(f"{place}: the column {twice!r} occurs twice.", hint="Give each column a name of its own.")
        first = 0
        while taken := list(islice(lines, rows)):
            yield _csv_chunk(place, header, taken, first, dtypes)
            if not first:  # what the first rows are is what all are: a column must not change its kind on the way
                dtypes = {**_guessed(header, taken), **dtypes}
            first += len(taken)
    except UnicodeDecodeError as error:
        raise InputError(f"{place} is not text in UTF-8.", hint="Save it as UTF-8.") from error
    except csv.Error as error:
        raise InputError(f"{place} is not CSV: {error}.", hint="Put values with a comma in double quotes.") from error


def _csv_chunk(place: Place, header: list[str], lines: list[list[str]], first: int, dtypes: Mapping[str, str]) -> Chunk:
    for number, line in enumerate(lines, start=first + 2):
        if len(line) != len(header):
            raise InputError(
                f"{place}: row {number} has {len(line)} values, but the header names {len(header)} columns.",
                hint="Put values that contain a comma in double quotes.",
            )
    cells = [
        typed_cells(name, list(values), dtypes.get(name, ""), str(place), first + 2)
        for name, values in zip(header, zip(*lines, strict=True), strict=True)
    ]
    records = [dict(zip(header, row, strict=True)) for row in zip(*cells, strict=True)]
    written = [dict(zip(header, line, strict=True)) for line in lines]
    return RecordChunk(str(place), first, records, written)


def _guessed(header: list[str], lines: list[list[str]]) -> dict[str, str]:
    """Return what the columns of the first rows turned out to be."""
    kinds: dict[str, str] = {}
    for name, values in zip(header, zip(*lines, strict=True), strict=True):
        found = {type(cell) for cell in typed_cells(name, list(values), "", "", 1) if cell is not None}
        kinds[name] = {bool: "bool", int: "float64", float: "float64"}.get(_only(found), "str")
    return kinds


def _only(kinds: set[Any]) -> Any:
    return next(iter(kinds)) if len(kinds) == 1 else str
