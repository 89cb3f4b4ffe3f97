"""A request's JSON text to the object that ``predict`` gets, strictly.

What two readers could understand differently is refused: NaN and Infinity, numbers beyond a double, keys that occur
twice, lone surrogates, NUL, bytes that are not UTF-8.
"""

import json
import math
import re
from typing import Any, Dict, List, Tuple

from .quick_json import from_orjson

__all__ = ["NUMBERS", "CannotParse", "NotSupported", "decode_json", "has_long_integer"]

# A number beyond a double, or one so long that it costs time, needs one of these. Only then is every number looked at.
_LARGE_NUMBER = re.compile(rb"[0-9]{309}|[eE]\+?0*[1-9][0-9]{2}")
_ZEROS = bytes.maketrans(b"123456789E", b"000000000e")
_MANY_DIGITS = b"0" * 309

NUMBERS = b" \t\r\n,:.+-eE0123456789"
"""What numbers are made of, and what stands between them."""
_BEFORE_NUMBERS = bytes.maketrans(b"123456789[ \t\r\n-", b"000000000,,,,,,")
_LONG_INTEGER = b"," + b"0" * 19
_SUSPICIOUS_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class CannotParse(ValueError):
    """The body is not what it says it is, or not what we accept; the text says why and is meant for the caller."""

    status = 400
    code = "CannotParseRequest"


class NotSupported(CannotParse):
    """The body's form can't be read in this model's environment."""

    status = 415
    code = "UnsupportedMediaType"


_loads = from_orjson("loads")


def _constant(name: str) -> Any:
    raise CannotParse("{} is not JSON.".format(name))


def _object(pairs: "List[Tuple[str, Any]]") -> "Dict[str, Any]":
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in found if names.count(key) > 1)
        raise CannotParse("The key {} occurs twice in one object.".format(json.dumps(twice[:80])))
    return found


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise CannotParse("The number {} is too large.".format(text[:40]))
    return number


def _int(text: str) -> int:
    if len(text) > 310:
        raise CannotParse("A number has {} digits.".format(len(text)))
    return int(text)


_fast = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
_careful = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int)


def decode_json(body: bytes) -> Any:
    """Return the value of a JSON text. Raises CannotParse, whose text may be shown to the caller."""
    if _loads is not None and _is_plain_table(body):
        try:
            return _loads(body)
        except ValueError:
            pass  # what is wrong is said below
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CannotParse("The body is not UTF-8: byte {} is wrong.".format(error.start)) from None
    decoder = _careful if _has_large_number(body) else _fast
    try:
        value = decoder.decode(text)
    except CannotParse:
        raise
    except RecursionError:
        raise CannotParse("The body is nested too deeply.") from None
    except ValueError as error:
        if not text.strip():
            raise CannotParse("The body is empty; a JSON value is expected.") from None
        raise CannotParse("The body is not JSON: {}.".format(error)) from None
    if b"\\u" in body and _SUSPICIOUS_ESCAPE.search(body):
        _refuse_bad_text(value)
    return value


def _is_plain_table(body: bytes) -> bool:
    """Tell whether the text can only be rows of numbers, alone or under "data", where all readers agree.

    There is at most one key then, no text, no constant, no depth, and no integer that a reader could make a float of.
    """
    rest = body.translate(None, NUMBERS)
    if rest[:7] == b'{"data"' and rest[-1:] == b"}":
        rest = rest[7:-1]
    rows = len(rest) // 2 - 1
    return rows > 0 and rest == b"[%b]" % (b"[]" * rows) and not has_long_integer(body)


def has_long_integer(text: bytes) -> bool:
    """Tell whether the text of a table may have an integer that a reader could make a float of."""
    return _LONG_INTEGER in text.translate(_BEFORE_NUMBERS)


def _has_large_number(body: bytes) -> bool:
    # The expression is slow, the two searches before it are not; they find more.
    zeros = body.translate(_ZEROS, b"+")
    return (b"e000" in zeros or _MANY_DIGITS in zeros) and _LARGE_NUMBER.search(body) is not None


def _refuse_bad_text(value: Any) -> None:
    rest = [value]
    while rest:
        item = rest.pop()
        if isinstance(item, str):
            if "\0" in item or any("\ud800" <= character <= "\udfff" for character in item):
                raise CannotParse("A text holds NUL or half a character (a lone surrogate).")
        elif isinstance(item, list):
            rest.extend(item)
        elif isinstance(item, dict):
            rest.extend(item)
            rest.extend(item.values())
