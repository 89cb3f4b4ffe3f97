"""A run of rows of one file: what a request for them carries, and what of them goes into the output."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ARROW", "JSON", "Body", "Chunk", "RecordChunk", "TableChunk"]

JSON, ARROW = 0, 4
"""Forms of a body, by their numbers in the worker's frames."""


@dataclass(frozen=True)
class Body:
    """What a replica is asked: JSON text or an Arrow stream."""

    kind: int
    content: bytes


class Chunk:
    """Rows ``first`` (counted from 0) up to ``first + len(chunk)`` of the file called ``source``."""

    def __init__(self, source: str, first: int) -> None:
        self.source = source
        self.first = first

    def __len__(self) -> int:
        raise NotImplementedError

    def number(self, row: int) -> int:
        """Return what people call a row of this chunk: the first one is 1, or 2 where a line of names comes first."""
        return self.first + row + 1

    def part(self, start: int, stop: int) -> Chunk:
        """Return some of the rows."""
        raise NotImplementedError

    def body(self, *, composed: bool, arrow: bool) -> Body:
        """Return the request for all rows. ``composed``: prepare() wrote the script that reads it."""
        raise NotImplementedError

    def names(self) -> list[str]:
        """Return the names of the columns; none where rows have no names."""
        raise NotImplementedError

    def columns(self, names: Sequence[str]) -> dict[str, list[Any]]:
        """Return the values of some columns, as Python has them."""
        raise NotImplementedError

    def texts(self, names: Sequence[str]) -> dict[str, list[Any]]:
        """Return the values of some columns for a CSV file: as they were written where they were."""
        return self.columns(names)

    def table(self, names: Sequence[str]) -> pa.Table:
        """Return some columns as an Arrow table."""
        import pyarrow as pa

        return pa.table(self.columns(names))


class TableChunk(Chunk):
    """Rows that have types of their own, as Parquet has them."""

    def __init__(self, source: str, first: int, table: pa.Table) -> None:
        super().__init__(source, first)
        self._table = table

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def part(self, start: int, stop: int) -> Chunk:
        """Return some of the rows."""
        return TableChunk(self.source, self.first + start, self._table.slice(start, stop - start))

    def body(self, *, composed: bool, arrow: bool) -> Body:
        """Return the request: Arrow where that is read, else the frame in its lossless form in JSON."""
        if composed and arrow:
            import pyarrow as pa

            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, self._table.schema) as writer:
                writer.write_table(self._table)
            return Body(ARROW, sink.getvalue())
        from ads.schema.wire import frame_to_wire

        frame = self._table.to_pandas(ignore_metadata=True)
        return Body(JSON, json.dumps(frame_to_wire(frame)).encode())

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return list(self._table.column_names)

    def columns(self, names: Sequence[str]) -> dict[str, list[Any]]:
        """Return the values of some columns."""
        return {name: self._table.column(name).to_pylist() for name in names}

    def table(self, names: Sequence[str]) -> pa.Table:
        """Return some columns, with their types."""
        found = self._table.select(list(names))
        return found if list(names) == self.names() else found.replace_schema_metadata(None)


class RecordChunk(Chunk):
    """Rows as JSON has them. ``written`` are the texts of a CSV file's cells, row by row."""

    def __init__(
        self, source: str, first: int, records: Sequence[Any], written: Sequence[Mapping[str, str]] | None = None
    ) -> None:
        super().__init__(source, first)
        self._records = records
        self._written = written

    def __len__(self) -> int:
        return len(self._records)

    def part(self, start: int, stop: int) -> Chunk:
        """Return some of the rows."""
        written = None if self._written is None else self._written[start:stop]
        return RecordChunk(self.source, self.first + start, self._records[start:stop], written)

    def body(self, *, composed: bool, arrow: bool) -> Body:  # noqa: ARG002 - as every kind of chunk
        """Return the request: the rows as a list."""
        return Body(JSON, json.dumps(self._records, ensure_ascii=False).encode())

    def number(self, row: int) -> int:
        """Return what people call a row."""
        return super().number(row) + (self._written is not None)

    def names(self) -> list[str]:
        """Return the names of all rows' columns, in the order in which they come; none for rows without names."""
        if not all(isinstance(record, dict) for record in self._records):
            return []
        return list(dict.fromkeys(name for record in self._records for name in record))

    def columns(self, names: Sequence[str]) -> dict[str, list[Any]]:
        """Return the values of some columns; None where a row has no such."""
        return {name: [record.get(name) for record in self._records] for name in names}

    def texts(self, names: Sequence[str]) -> dict[str, list[Any]]:
        """Return the cells as they were written."""
        if self._written is None:
            return self.columns(names)
        return {name: [row[name] for row in self._written] for name in names}
