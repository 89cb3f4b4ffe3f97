"""Several requests as one: which payloads may be joined, how, and how their answer is taken apart again.

Payloads are joined when they have the same form and the same kinds of values in every column, so that no request
decides the dtypes of another one's table. What has any other form is predicted alone.
"""

import json
from itertools import accumulate, chain
from typing import Any, Dict, Hashable, List, NamedTuple, Optional, Tuple

__all__ = ["Part", "Schema", "join", "part_of", "single_rows", "split_answer"]

_SCALARS = frozenset((int, float, str, bool, type(None)))
_LISTS = frozenset((list,))
_NUMBERS = frozenset((int, float))
_NUMBER = "number"
_OUTPUTS = frozenset(("prediction", "predict_proba"))
"""The keys whose values are lists with an item for each row. Others may have such lists by chance."""


class Schema(NamedTuple):
    """What of the model's input schema matters here. ``columns`` is 0 where nothing is known of them."""

    columns: int
    all_floats: bool


class Part(NamedTuple):
    """A payload that may be joined with those of the same ``key``: its form, its rows, what is around them."""

    key: Hashable
    form: str
    rows: int
    data: Any
    envelope: "Optional[Dict[str, Any]]"


def part_of(value: Any, schema: Schema) -> "Optional[Part]":
    """Return the payload as a part, None when it has to be predicted alone."""
    envelope = None
    about: Hashable = None
    if isinstance(value, dict) and "data" in value and "columns" not in value:
        envelope, value = value, value["data"]
        about = _about(envelope)
        if about is None:
            return None
    if isinstance(value, list):
        found = _rows(value, schema)
    elif isinstance(value, dict):
        found = _columns(value, schema)
    else:
        return None
    if found is None:
        return None
    form, rows, key = found
    return Part((about, form, key), form, rows, value, envelope)


def join(parts: "List[Part]") -> Any:
    """Return one payload with the rows of all parts, which have the same key, in their order."""
    first = parts[0]
    data: Any
    if first.form == "columns":
        data = {name: [value for part in parts for value in part.data[name]] for name in first.data}
    else:
        data = [row for part in parts for row in part.data]
    return data if first.envelope is None else {**first.envelope, "data": data}


def single_rows(part: Part) -> List[Any]:
    """Return a payload of one row for each row of the part."""
    data: "List[Any]"
    if part.form == "columns":
        data = [{name: [values[row]] for name, values in part.data.items()} for row in range(part.rows)]
    else:
        data = [[row] for row in part.data]
    return data if part.envelope is None else [{**part.envelope, "data": each} for each in data]


def split_answer(answer: Any, counts: "List[int]") -> "Optional[List[Any]]":
    """Return the answer to each part, None unless the answer has one prediction for each row: then none is its own."""
    if not isinstance(answer, dict):
        return _split(answer, counts)
    if not answer or not answer.keys() <= _OUTPUTS:
        return None
    columns = [_split(values, counts) for values in answer.values()]
    if any(column is None for column in columns):
        return None
    return [dict(zip(answer, values)) for values in zip(*columns)]  # noqa: B905


def _split(values: Any, counts: "List[int]") -> "Optional[List[Any]]":
    if not isinstance(values, list) and callable(getattr(type(values), "tolist", None)):
        values = values.tolist()
    if not isinstance(values, list) or len(values) != sum(counts):
        return None
    ends = list(accumulate(counts))
    return [values[end - count : end] for count, end in zip(counts, ends)]  # noqa: B905


def _about(envelope: "Dict[str, Any]") -> Hashable:
    """Return what an envelope says beside the data, None when that can't be said of two requests together."""
    if len(envelope) == 1:
        return ""
    frame = envelope.get("frame", {})
    if not envelope.keys() <= {"data", "data_type", "frame", "outputs"} or not isinstance(frame, dict):
        return None
    dtypes = frame.get("dtypes", {})
    if not frame.keys() <= {"dtypes"} or not isinstance(dtypes, dict):
        return None
    if any(not isinstance(dtype, str) and (not isinstance(dtype, dict) or "nan" in dtype) for dtype in dtypes.values()):
        return None  # the numbers of missing rows
    return json.dumps([envelope.get("data_type"), frame, envelope.get("outputs")])


def _rows(data: "List[Any]", schema: Schema) -> "Optional[Tuple[str, int, Hashable]]":
    if not data:
        return None
    first = data[0]
    if isinstance(first, list):
        width = len(first)
        if not width or set(map(type, data)) != _LISTS or set(map(len, data)) != {width}:
            return None
        kinds = _kinds(data, schema)
        return None if kinds is None else ("rows", len(data), (width, kinds))
    if isinstance(first, dict):
        names = tuple(first)
        if not names or any(type(row) is not dict or tuple(row) != names for row in data):
            return None
        kinds = _kinds([list(row.values()) for row in data], schema)
        return None if kinds is None else ("records", len(data), (names, kinds))
    if schema.columns > 1:
        return None  # one row, without the list around it
    kinds = _kinds([[value] for value in data], schema)
    return None if kinds is None else ("values", len(data), kinds)


def _columns(data: "Dict[str, Any]", schema: Schema) -> "Optional[Tuple[str, int, Hashable]]":
    columns = list(data.values())
    if not columns or any(type(values) is not list for values in columns):
        return None
    rows = len(columns[0])
    if not rows or any(len(values) != rows for values in columns):
        return None
    kinds = _kinds([list(row) for row in zip(*columns)], schema)  # noqa: B905 - `strict` is not in Python 3.8
    return None if kinds is None else ("columns", rows, (tuple(data), kinds))


def _kinds(rows: "List[List[Any]]", schema: Schema) -> Hashable:
    """Return the kinds of values in each column, None when there is one that is not a plain value."""
    types = set(map(type, rows[0] if len(rows) == 1 else chain.from_iterable(rows)))
    if schema.all_floats and types <= _NUMBERS:
        return _NUMBER  # they become floats one by one
    if not types <= _SCALARS:
        return None
    if len(rows) == 1:
        return tuple(map(type, rows[0]))
    return tuple(map(_kind, zip(*rows)))  # noqa: B905 - Python 3.8


def _kind(column: "Tuple[Any, ...]") -> Hashable:
    types = frozenset(map(type, column))
    return next(iter(types)) if len(types) == 1 else types
