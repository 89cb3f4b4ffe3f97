"""The most frequent requests by far: rows of numbers, asked for JSON. Many of one row are read and answered as one
text, long tables as one list of numbers.

Nothing else comes this way. What it refuses is read item by item, which says what is wrong with whom.
"""

from typing import Any, List, Optional, Tuple

from .decode import NUMBERS, has_long_integer
from .encode import LARGEST_ANSWER
from .frames import JSON, Item
from .quick_json import from_orjson

__all__ = ["LONG_TABLE", "read_rows", "read_tables", "write_rows", "write_tables"]

_UNITS = (b'{"data"[[]]}', b"[[]]")
"""What is left of a body without its numbers, and what is between them."""
_SPECIAL = (b'"answer"', b'"outputs"')
_BETWEEN = b";"
_loads, _dumps, _arrays = from_orjson("loads"), from_orjson("dumps"), from_orjson("OPT_SERIALIZE_NUMPY")
LONG_TABLE = 512
"""Bytes from which on a body is read as a table of its own."""
_START, _END = b'{"data":', b"}"
_IN_CELLS = b" \t\r\n.+-eE0123456789"
_SPACE = b" \t\r\n"
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_NUMBER = b"0" * 19
_ENDS_OF_ROWS = ((b"], [", b",   "), (b"],[", b",  "))
"""How rows may be separated, and what has a place for as many bytes."""
_KINDS = ("int64", "float64")


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


def read_tables(items: "List[Item]", width: int) -> "Optional[Tuple[List[Any], List[int]]]":
    """Return the numbers of all tables, one after the other, and of how many rows each is; None as above.

    What is left of a table without its numbers must be so many rows of ``width`` cells. Rows are then joined where they
    end and begin, so a number has its place in a row or is none: a cell without one, or with two, is no JSON.
    """
    if _loads is None or any(item.kind != JSON for item in items):
        return None
    metas = b"".join([item.meta for item in items])
    if any(word in metas for word in _SPECIAL):
        return None
    row = b"[%b]," % (b"," * (width - 1))
    cells: "List[Any]" = []
    counts = []
    for item in items:
        table = item.body
        if table.startswith(_START) and table.endswith(_END):
            table = table[len(_START) : -len(_END)]
        form = table.translate(None, _IN_CELLS)
        count = (len(form) - 1) // len(row)
        if count < 1 or form[:1] != b"[" or form[1:-1] + b"," != row * count or form[-1:] != b"]":
            return None
        found = _cells(table.strip(_SPACE))
        if found is None or len(found) != count * width:
            return None
        cells += found
        counts.append(count)
    return cells, counts


def _cells(table: bytes) -> "Optional[List[Any]]":
    """Return the numbers in the rows of a table that has the right form."""
    if _LONG_NUMBER in table.translate(_DIGITS):
        return None  # an integer that a reader could make a float of
    for end, filler in _ENDS_OF_ROWS:
        text = table[1:-1].replace(end, filler).strip(_SPACE)
        if text.rfind(b"[") == 0 and text.find(b"]") == len(text) - 1:
            try:
                return _loads(text)  # type: ignore[no-any-return]
            except ValueError:
                return None
    return None


def write_tables(answers: Any, counts: "List[int]") -> "Optional[List[bytes]]":
    """Return the text of each table's answers, which lie one after the other in an array; None for other arrays."""
    if _dumps is None or _arrays is None or answers.dtype.name not in _KINDS or answers.shape != (sum(counts),):
        return None
    texts = []
    end = 0
    for count in counts:
        begin, end = end, end + count
        try:
            texts.append(b'{"prediction":%b}' % _dumps(answers[begin:end], option=_arrays))
        except (TypeError, ValueError):
            return None  # an array that orjson doesn't take
    return None if any(b"null" in text or len(text) > LARGEST_ANSWER for text in texts) else texts
