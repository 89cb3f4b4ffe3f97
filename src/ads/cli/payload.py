"""What ``ads predict`` sends: JSON as the user wrote it, or rows made from a CSV table."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

from ads.errors import InputError

__all__ = ["from_csv", "from_file", "from_json"]

_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_EMPTY = {"", "NA", "NaN", "nan", "null", "None"}

Cell = int | float | bool | str | None


def from_file(path: Path) -> bytes:
    """Return the request body for a file: rows of a ``.csv``, and any other file's JSON as it stands.

    Raises :class:`~ads.errors.InputError` when the file can't be read as that.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in UTF-8.", hint="Give a .json or a .csv file.") from error
    return from_csv(text, str(path)) if path.suffix.lower() == ".csv" else from_json(text, str(path))


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


def from_csv(text: str, source: str) -> bytes:
    """Return the rows of a CSV table with a header line as a JSON list of objects.

    A column whose every value is an integer, a number, or true/false becomes that; others stay text, and so do numbers
    that start with a needless zero, like postal codes. Empty cells become null.
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
    columns = [_typed([row[i] for row in rows]) for i in range(len(header))]
    records = [dict(zip(header, cells, strict=True)) for cells in zip(*columns, strict=True)]
    return json.dumps(records, ensure_ascii=False).encode()


def _typed(values: list[str]) -> list[Cell]:
    present = [value.strip() for value in values if value.strip() not in _EMPTY]
    if present and all(value.lower() in ("true", "false") for value in present):
        return [None if v.strip() in _EMPTY else v.strip().lower() == "true" for v in values]
    if present and all(_INTEGER.fullmatch(value) for value in present):
        return [None if v.strip() in _EMPTY else int(v) for v in values]
    if present and all(_NUMBER.fullmatch(value) and not _has_needless_zero(value) for value in present):
        return [None if v.strip() in _EMPTY else float(v) for v in values]
    # Among words, "NA" may be one of them; only an empty cell is surely no value.
    return [v or None for v in values]


def _has_needless_zero(value: str) -> bool:
    digits = value.lstrip("+-")
    return len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
