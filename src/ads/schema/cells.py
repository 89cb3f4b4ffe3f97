"""The cells of a CSV file, which are texts, as what the model's columns are."""

from __future__ import annotations

import re
from typing import Any

from ads.errors import InputError

__all__ = ["Cell", "typed_cells"]

_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_EMPTY = {"", "NA", "NaN", "nan", "null", "None"}
_TRUTH = {"true": True, "false": False, "1": True, "0": False}

Cell = int | float | bool | str | None


def typed_cells(name: str, values: list[str], dtype: str, source: str, start: int) -> list[Cell]:
    """Return the values of the column ``name`` as its ``dtype`` says; without one, as what all of them look like.

    ``start`` is the number of the first row in messages. Raises :class:`~ads.errors.InputError` naming the row.
    """
    kind = dtype.lower()
    if kind.startswith(("int", "uint")):
        return [_cell(value, int, name, dtype, number, source) for number, value in enumerate(values, start=start)]
    if kind.startswith("float"):
        return [_cell(value, float, name, dtype, number, source) for number, value in enumerate(values, start=start)]
    if kind.startswith("bool"):
        return [_cell(value, _truth, name, dtype, number, source) for number, value in enumerate(values, start=start)]
    if kind.startswith(("str", "object", "datetime")):
        return [value or None for value in values]
    return _typed(values)


def _cell(value: str, read: Any, name: str, dtype: str, number: int, source: str) -> Cell:
    text = value.strip()
    if text in _EMPTY:
        return None
    try:
        found: Cell = read(text)
    except (ValueError, KeyError):
        raise InputError(
            f"{source}: row {number} has {value!r} in the column {name!r}, where the model takes {dtype}.",
            hint="Correct the value, or leave the cell empty where the model allows it.",
        ) from None
    if isinstance(found, float) and found in {float("inf"), float("-inf")}:
        raise InputError(f"{source}: row {number} has {value!r} in the column {name!r}, which JSON can't carry.")
    return found


def _truth(text: str) -> bool:
    return _TRUTH[text.lower()]


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
