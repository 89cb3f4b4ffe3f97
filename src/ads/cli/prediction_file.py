"""What ``ads predict --output`` writes: the answer, or the rows that were sent with their predictions beside them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from ads.cli.payload import Table
from ads.errors import InputError

__all__ = ["joined", "lists_of", "write"]


def lists_of(answer: Any) -> dict[str, list[Any]] | None:
    """Return the lists of an answer, such as ``prediction``, if there is nothing else and all are equally long."""
    if not isinstance(answer, dict) or not answer or not all(isinstance(value, list) for value in answer.values()):
        return None
    return answer if len({len(value) for value in answer.values()}) == 1 else None


def joined(answers: list[Any]) -> Any:
    """Return one answer for those of several batches: their lists put together, or all of them in a list."""
    if len(answers) == 1:
        return answers[0]
    lists = [lists_of(answer) for answer in answers]
    keys = set(answers[0]) if lists[0] is not None else set()
    if any(found is None or set(found) != keys for found in lists):
        return answers
    return {key: [value for answer in answers for value in answer[key]] for key in answers[0]}


def write(path: Path, answer: Any, table: Table | None) -> None:
    """Write to a ``.json``, ``.jsonl``, ``.csv`` or ``.parquet`` file; the last two need one prediction for each row.

    Raises :class:`~ads.errors.InputError` for another ending, and an answer that is no table.
    """
    kind = path.suffix.lower()
    if kind == ".json":
        path.write_text(json.dumps(answer, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    elif kind in {".jsonl", ".ndjson"}:
        rows = _rows(path, answer, None)
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    elif kind == ".csv":
        _write_csv(path, _rows(path, answer, table))
    elif kind == ".parquet":
        _write_parquet(path, answer, table)
    else:
        require_known(path)


def require_known(path: Path) -> None:
    """Raise :class:`~ads.errors.InputError` unless the name of the file ends in a way that is known."""
    if path.suffix.lower() not in {".json", ".jsonl", ".ndjson", ".csv", ".parquet"}:
        raise InputError(
            f"{path} is to be written, but its name doesn't say as what.",
            hint="Let it end in .csv, .json, .jsonl or .parquet.",
        )


def _rows(path: Path, answer: Any, table: Table | None) -> list[dict[str, Any]]:
    columns = lists_of(answer)
    if columns is None:
        raise InputError(f"The answer is not one prediction for each row, so {path} can't hold it.", hint="Use .json.")
    count = len(next(iter(columns.values())))
    predictions = [{key: values[i] for key, values in columns.items()} for i in range(count)]
    if table is None or table.frame is not None or len(table.records) != count:
        return predictions
    if any(not isinstance(record, dict) for record in table.records):
        return predictions
    return [{**record, **predicted} for record, predicted in zip(table.records, predictions, strict=True)]


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    header = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_cell(row.get(key)) for key in header] for row in rows)


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list | bool):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else value


def _write_parquet(path: Path, answer: Any, table: Table | None) -> None:
    import pandas as pd

    frame = pd.DataFrame(_rows(path, answer, table))
    if table is not None and table.frame is not None and len(table.frame) == len(frame):
        frame = pd.concat([table.frame.reset_index(drop=True), frame], axis=1)
    try:
        frame.to_parquet(path)
    except ImportError as error:
        raise InputError(
            f"{path} can't be written: Parquet files need pyarrow, which isn't installed.", hint="pip install pyarrow"
        ) from error
