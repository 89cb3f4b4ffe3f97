"""What a model answered for a run of rows: a value of each output for every row, and why a row has none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Predictions", "from_bytes", "joined", "to_bytes"]

_ERRORS = b"openads.errors"


@dataclass(frozen=True)
class Predictions:
    """``columns`` has a list or an Arrow column for each output; ``errors`` says by row what was wrong with it."""

    rows: int
    columns: dict[str, Any]
    errors: dict[int, str] = field(default_factory=dict)


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Return the predictions of parts that follow each other."""
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, list[Any]] = {name: [] for part in parts for name in part.columns}
    errors: dict[int, str] = {}
    rows = 0
    for part in parts:
        for name, values in columns.items():
            found = part.columns.get(name)
            values.extend([None] * part.rows if found is None else _listed(found))
        errors |= {rows + row: why for row, why in part.errors.items()}
        rows += part.rows
    return Predictions(rows, columns, errors)


def _listed(values: Any) -> list[Any]:
    found: list[Any] = values if isinstance(values, list) else values.to_pylist()
    return found


def to_bytes(predictions: Predictions) -> bytes:
    """Return the predictions as bytes: an Arrow file where they are Arrow columns, else JSON."""
    errors = {str(row): why for row, why in predictions.errors.items()}
    if predictions.columns and not any(isinstance(values, list) for values in predictions.columns.values()):
        import pyarrow as pa

        table = pa.table(predictions.columns).replace_schema_metadata({_ERRORS: json.dumps(errors)})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        found: bytes = sink.getvalue().to_pybytes()
        return found
    columns = {name: _listed(values) for name, values in predictions.columns.items()}
    return json.dumps({"rows": predictions.rows, "columns": columns, "errors": errors}).encode()


def from_bytes(content: bytes) -> Predictions | None:
    """Return what :func:`to_bytes` made bytes of; None for anything else, such as a part of it."""
    if content[:6] == b"ARROW1":
        import pyarrow as pa

        try:
            table = pa.ipc.open_file(content).read_all()
            errors = json.loads(table.schema.metadata[_ERRORS])
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
            return None
        columns: dict[str, Any] = {name: table.column(name) for name in table.column_names}
        return Predictions(table.num_rows, columns, {int(row): why for row, why in errors.items()})
    try:
        found = json.loads(content)
        errors = {int(row): str(why) for row, why in found["errors"].items()}
        return Predictions(int(found["rows"]), dict(found["columns"]), errors)
    except (ValueError, KeyError, TypeError):
        return None
