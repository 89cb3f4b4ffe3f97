"""The form of a prediction, made from what a replica says of its model: a field for each column, prefilled. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ads.errors import InputError

__all__ = ["fields_of", "first_row", "payload_of"]

MOST_FIELDS = 80
_KINDS = (("bool", "flag"), ("float", "number"), ("int", "whole"), ("uint", "whole"))


def fields_of(description: Mapping[str, Any], row: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the fields of one row: name, dtype, kind (number, whole, flag, text), value, description, required.

    The values are those of ``row``, or of the first row of the sample. Empty where there are no columns, or too many:
    then only JSON can be sent.
    """
    inputs = description.get("inputs") or []
    if not inputs or len(inputs) > MOST_FIELDS or any(entry.get("tensor") for entry in inputs):
        return []
    example = (description.get("example") or {}).get("body")
    values = first_row(example) if row is None else row
    return [_field(entry, values) for entry in inputs]


def first_row(body: Any) -> dict[str, Any]:
    """Return the first row of a payload that is a table: columns or records, alone or under ``data``."""
    table = body.get("data") if isinstance(body, dict) and "data" in body else body
    if isinstance(table, list) and table and isinstance(table[0], dict):
        return table[0]
    if isinstance(table, dict):
        return {str(name): values[0] for name, values in table.items() if isinstance(values, list) and values}
    return {}


def payload_of(fields: Sequence[Mapping[str, Any]], value: Callable[[int], str]) -> dict[str, Any]:
    """Return the payload with the one row that was typed. ``value`` gives the text of a field by its place.

    Raises InputError that names the column whose text is no value of its kind.
    """
    row = {field["name"]: _typed(field, value(place)) for place, field in enumerate(fields)}
    return {"data": [row]}


def _field(entry: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    dtype = str(entry.get("dtype", "object"))
    name = str(entry.get("name", ""))
    about = str(entry.get("description") or "")
    value = values.get(name)
    return {
        "name": name,
        "dtype": dtype,
        "kind": next((kind for start, kind in _KINDS if dtype.lower().startswith(start)), "text"),
        "value": "" if value is None else value if isinstance(value, str) else json.dumps(value),
        "description": "" if about == name else about,
        "required": entry.get("required") is not False,
    }


def _typed(field: Mapping[str, Any], text: str) -> Any:
    if text == "":
        return None
    kind = field["kind"]
    if kind == "flag" and text in ("true", "false"):
        return text == "true"
    try:
        if kind == "whole":
            return int(text)
        if kind == "number":
            number = float(text)
            if math.isfinite(number):
                return number
        elif kind == "text":
            return text
    except ValueError:
        pass
    expected = {"whole": "a whole number", "number": "a number", "flag": "true or false"}[kind]
    raise InputError(f"{field['name']} is {text[:60]!r}, not {expected}.", hint="Correct it, and predict again.")
