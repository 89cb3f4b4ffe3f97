"""The most frequent batch by far, read and answered as one text: requests of one row of numbers each, asked for JSON.

Nothing else comes this way. What it refuses is read item by item, which says what is wrong with whom.
"""

from typing import Any, List, Optional, Tuple

from .decode import NUMBERS, has_long_integer
from .frames import JSON, Item
from .quick_json import from_orjson

__all__ = ["read_rows", "write_rows"]

_UNITS = (b'{"data"[[]]}', b"[[]]")
"""What is left of a body without its numbers, and what is between them."""
_SPECIAL = (b'"answer"', b'"outputs"')
_BETWEEN = b";"
_loads, _dumps = from_orjson("loads"), from_orjson("dumps")


def read_rows(items: "List[Item]") -> "Optional[Tuple[List[List[Any]], bool]]":
    """Return the row of each item, and whether they stood under ``data``; None when this can't be told of all at once.

    No body can pass for a part of another one: each is as it has to be by itself, because the mark between them is in
    none of them, and the whole is a list of as many values as there are bodies, so that each is one.
    """
    if _loads is None or any(item.kind != JSON for item in items):
        return None
    metas = b"".join([item.meta for item in items])
    if any(word in metas for word in _SPECIAL):
        return None
    bodies = [item.body for item in items]
    unit = bodies[0].translate(None, NUMBERS)
    if unit not in _UNITS or _BETWEEN.join(bodies).translate(None, NUMBERS) != _BETWEEN.join([unit] * len(bodies)):
        return None
    text = b"[%b]" % b",".join(bodies)
    if has_long_integer(text):
        return None
    enveloped = unit == _UNITS[0]
    try:
        found: "List[Any]" = _loads(text)
        tables = [value["data"] for value in found] if enveloped else found
        rows = [table[0] for table in tables]
        sizes = set(map(len, tables)), set(map(len, rows))
    except (ValueError, TypeError, KeyError, IndexError):
        return None  # no JSON, another name with a digit in it, a number beside a row
    if len(found) != len(items) or sizes[0] != {1} or len(sizes[1]) != 1 or not rows[0]:
        return None
    return rows, enveloped


def write_rows(result: Any, count: int) -> "Optional[List[bytes]]":
    """Return the text of each row's answer from ``{"prediction": [numbers, texts or lists of numbers]}``.

    None for any other result.
    """
    if _dumps is None or type(result) is not dict or len(result) != 1 or type(result.get("prediction")) is not list:
        return None
    values = result["prediction"]
    types = set(map(type, values))
    if len(values) != count or types not in ({int}, {float}, {str}, {list}):
        return None
    try:
        if types == {str}:
            texts = [_dumps(value) for value in values]
        elif types == {list}:
            texts = _texts_of_lists(_dumps(values), count)
        else:
            texts = _dumps(values)[1:-1].split(b",")
    except (TypeError, ValueError):
        return None  # an integer of more than 64 bits, half a character
    return None if not texts or b"null" in texts else [b'{"prediction":[%b]}' % text for text in texts]


def _texts_of_lists(text: bytes, count: int) -> "List[bytes]":
    """Take the text of a list of lists of numbers apart, one text for each; none where there is anything else in it."""
    if text.translate(None, NUMBERS) != b"[%b]" % (b"[]" * count):
        return []
    return [b"[%b]" % inner for inner in text[2:-2].split(b"],[")]
