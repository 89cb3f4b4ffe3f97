"""Whose fault an error of the model is: a table without rows, or with a gap that this model can't do without."""

import math
from typing import Any, Dict, Iterator, Optional, Tuple

__all__ = ["callers_fault"]


def callers_fault(data: Any, columns: "Dict[str, str]") -> "Optional[str]":
    """Return what is missing from a table that the model raised ValueError for, None when nothing is.

    Some models take gaps: only one that refused a table with a gap lets its caller hear of it.
    """
    if isinstance(data, dict) and "data" in data and "data" not in columns:
        data = data["data"]
    if not data:
        return "The payload has no rows."
    empty = True
    for name, row, value in _cells(data, list(columns)):
        empty = False
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return "Column {!r}, row {}: the value is missing, and this model takes no missing values.".format(
                name, row
            )
    return "The payload has no rows." if empty and isinstance(data, (dict, list)) else None


def _cells(data: Any, names: "list[str]") -> "Iterator[Tuple[str, int, Any]]":
    if isinstance(data, dict):
        for name, values in data.items():
            cells = (
                values if isinstance(values, list) else list(values.values()) if isinstance(values, dict) else [values]
            )
            yield from ((str(name), row, value) for row, value in enumerate(cells))
    elif isinstance(data, list):
        for row, values in enumerate(data):
            if isinstance(values, dict):
                yield from ((str(name), row, value) for name, value in values.items())
            elif isinstance(values, list):
                yield from ((names[i] if i < len(names) else str(i), row, value) for i, value in enumerate(values))
            else:
                yield names[0] if len(names) == 1 else str(row), row, values
