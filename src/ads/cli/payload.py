"""What ``ads predict`` sends: JSON as the user wrote it, or rows of a table, typed as the model was trained."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.errors import InputError
from ads.schema.cells import typed_cells
from ads.schema.json_lines import ONE_ROW_A_LINE, json_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Batch", "Table", "dtypes_of", "from_csv", "from_file", "from_json", "from_json_lines", "read_table"]

_MOST_BYTES = 4 * 1024 * 1024
_MOST_ROWS = 10_000
_TABLES = (".csv", ".jsonl", ".ndjson", ".parquet")

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Batch:
    """As many rows as one request carries. ``rows`` is 0 for a body whose rows nobody counted."""

    body: bytes
    rows: int = 0


@dataclass(frozen=True)
class Table:
    """The rows of a file: records, or a frame for a format that has types of its own."""

    records: Sequence[Record] = ()
    frame: pd.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.records) if self.frame is None else len(self.frame)

    def batches(self) -> Iterator[Batch]:
        """Yield the rows in their order, in bodies that the service takes."""
        start, size = 0, min(len(self), _MOST_ROWS)
        while start < len(self):
            body = self._body(start, start + size)
            if len(body) > _MOST_BYTES and size > 1:
                size = max(size * _MOST_BYTES // len(body) * 3 // 4, 1)
                continue
            yield Batch(body, min(size, len(self) - start))
            start += size

    def _body(self, start: int, end: int) -> bytes:
        if self.frame is None:
            return json.dumps(self.records[start:end], ensure_ascii=False).encode()
        from ads.schema.wire import frame_to_wire

        return json.dumps(frame_to_wire(self.frame.iloc[start:end].reset_index(drop=True))).encode()


def dtypes_of(input_schema: str | None) -> dict[str, str]:
    """Return the dtype of each column that a model's input schema names; none when there is no such schema."""
    try:
        attributes = json.loads(input_schema or "{}").get("schema") or []
    except (ValueError, AttributeError):
        return {}
    return {str(attribute.get("name")): str(attribute.get("dtype")) for attribute in attributes}


def is_table(path: Path) -> bool:
    """Return whether :func:`read_table` reads the file: by how its name ends."""
    return path.suffix.lower() in _TABLES


def read_table(path: Path, dtypes: Mapping[str, str]) -> Table:
    """Return the rows of a ``.csv``, ``.jsonl`` or ``.parquet`` file. Raises :class:`~ads.errors.InputError`."""
    if path.suffix.lower() == ".parquet":
        return Table(frame=_parquet(path))
    text = _text(path)
    if path.suffix.lower() == ".csv":
        return Table(records=from_csv(text, str(path), dtypes))
    return Table(records=from_json_lines(text, str(path)))


def from_file(path: Path) -> bytes:
    """Return the JSON of a file as it stands, as a body. Raises :class:`~ads.errors.InputError` when it is none."""
    return from_json(_text(path), str(path))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not text in UTF-8.", hint="Give a .json, .jsonl, .csv or .parquet file."
        ) from error


def from_json(text: str, source: str) -> bytes:
    """Return ``text`` unchanged as a body, once it proved to be JSON: numbers keep every digit that was written."""
    try:
        json.loads(text)
    except ValueError as error:
        raise InputError(
            f"{source} is not JSON: {error}.",
            hint="""Write rows like '[{"age": 42, "plan": "basic"}]', or give a .csv file with --input.""",
        ) from error
    return text.encode()


def from_json_lines(text: str, source: str) -> list[Record]:
    """Return the rows of a file with one JSON value a line; empty lines are skipped."""
    rows = list(json_rows(text.splitlines(), source))
    if not rows:
        raise InputError(f"{source} has no rows.", hint=ONE_ROW_A_LINE)
    return rows


def _parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except ImportError as error:
        raise InputError(
            f"{path} can't be read: Parquet files need pyarrow, which isn't installed.", hint="pip install pyarrow"
        ) from error
    except (ValueError, OSError) as error:
        raise InputError(f"{path} is not a Parquet file: {error}.", hint="Give a .csv or .json file.") from error


def from_csv(text: str, source: str, dtypes: Mapping[str, str] | None = None) -> list[Record]:
    """Return the rows of a CSV table with a header line as records.

    ``dtypes`` says what the model's columns are; a value that can't be one of its column is refused, naming both. Of
    other columns, one whose every value is an integer, a number, or true/false becomes that; others stay text, and so
    do numbers that start with a needless zero, like postal codes. Empty cells become null.
    """
    lines = list(csv.reader(io.StringIO(text)))
    lines = [line for line in lines if line]
    if len(lines) < 2:
        raise InputError(
            f"{source} has no rows below its header.",
            hint="The first line names the columns, each further line is a row.",
        )
    header, rows = lines[0], lines[1:]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise InputError(
                f"{source}: row {number} has {len(row)} values, but the header names {len(header)} columns.",
                hint="Put values that contain a comma in double quotes.",
            )
    columns = [
        typed_cells(name, [row[i] for row in rows], (dtypes or {}).get(name, ""), source, 2)
        for i, name in enumerate(header)
    ]
    return [dict(zip(header, cells, strict=True)) for cells in zip(*columns, strict=True)]
