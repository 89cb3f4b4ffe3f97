"""What ``predict`` returned to JSON text, or a reason why that can't be done that names the place.

Conversions: NumPy scalars, arrays, pandas Series and tensors through ``tolist()`` or ``item()``, a DataFrame as the
list of its rows, dates in ISO form, an iterator at the top as a list. NaN and Infinity have no JSON form: refused.
"""

import json
import math
from itertools import chain
from typing import Any, Iterator, Optional, Tuple

from .quick_json import from_orjson

__all__ = ["LARGEST_ANSWER", "CannotEncode", "encode_json", "plain_data"]

LARGEST_ANSWER = 64 * 1024 * 1024
_DEEPEST_PATH = 200
_PLAIN = frozenset((str, int, float, bool, bytes, type(None)))
_NUMBERS = frozenset((int, float, bool))
_LISTS = frozenset((list,))


class CannotEncode(ValueError):
    """The answer has no JSON form; the text names the type and the place in the answer."""


def _convert(value: Any) -> Any:
    """Return ``value`` as plain Python data, for an object that the JSON encoder doesn't know."""
    kind = type(value)
    for name in ("tolist", "item", "isoformat"):
        method = getattr(kind, name, None)
        if callable(method):
            return method(value)
    if hasattr(kind, "to_dict") and hasattr(kind, "iloc") and hasattr(value, "values"):
        return value.values.tolist()
    raise TypeError("{}.{}".format(kind.__module__, kind.__qualname__))


_writer = from_orjson("dumps")
_encoder = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=_convert)


def encode_json(value: Any) -> bytes:
    """Return the JSON text of ``value``. Raises CannotEncode naming what can't be carried, and where it stands."""
    quick = _quickly(value)
    if quick is not None:
        return quick
    if hasattr(type(value), "__next__"):
        value = list(value)
    try:
        text = _encoder.encode(value).encode("utf-8")
    except UnicodeEncodeError:
        raise CannotEncode("predict() returned a text with half a character (a lone surrogate).") from None
    except RecursionError:
        raise CannotEncode("predict() returned something nested too deeply for JSON.") from None
    except (TypeError, ValueError) as error:
        raise CannotEncode(_explain(value, error)) from None
    if len(text) > LARGEST_ANSWER:
        raise CannotEncode(
            "The answer has {:,} bytes; the most that is sent is {:,}.".format(len(text), LARGEST_ANSWER)
        )
    return text


def _quickly(value: Any) -> "Optional[bytes]":
    """Return the text of ``{name: [numbers]}`` and ``{name: [[numbers]]}`` as orjson writes it; None for all else.

    It writes NaN as ``null`` instead of refusing it, so a text with that word is left to the strict encoder.
    """
    if _writer is None or type(value) is not dict:
        return None
    for items in value.values():
        if type(items) is not list:
            return None
        types = set(map(type, items))
        if types == _LISTS:
            types = set(map(type, chain.from_iterable(items)))
        if not types <= _NUMBERS:
            return None
    try:
        text: bytes = _writer(value)
    except (TypeError, ValueError):
        return None  # keys that are no texts, integers of more than 64 bits
    return None if b"null" in text or len(text) > LARGEST_ANSWER else text


def plain_data(value: Any) -> Any:
    """Return ``value`` with what JSON doesn't know converted as :func:`encode_json` does, NaN and Infinity kept."""
    if hasattr(type(value), "__next__"):
        value = list(value)
    if type(value) in _PLAIN:
        return value
    if isinstance(value, dict):
        return {key: plain_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        if all(type(item) in _PLAIN for item in value):
            return list(value)
        return [plain_data(item) for item in value]
    try:
        return plain_data(_convert(value))
    except RecursionError:
        raise CannotEncode("predict() returned something nested too deeply.") from None
    except TypeError:
        if isinstance(value, (str, int, float)):
            return value
        message = "predict() returned a {}, which has no plain form.".format(_type_name(value))
        raise CannotEncode(message) from None


def _explain(value: Any, error: Exception) -> str:
    for path, problem in _problems(value, "", 0):
        place = " at {}".format(path.lstrip(".")) if path else ""
        if isinstance(problem, float):
            return "The prediction holds {}{}; JSON has no such number.".format(_number_name(problem), place)
        return "predict() returned a {}{}, which JSON can't carry.".format(problem, place)
    return "predict() returned something that JSON can't carry: {}.".format(error)


def _number_name(number: float) -> str:
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _problems(value: Any, path: str, depth: int) -> "Iterator[Tuple[str, Any]]":
    """Yield the place and kind of everything that JSON can't carry: a number, or the name of a type."""
    if depth > _DEEPEST_PATH:
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            yield path, float(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, (str, int, float, bool, type(None))):
                yield path, "dict with a key of type {}".format(_type_name(key))
            yield from _problems(item, "{}.{}".format(path, key), depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _problems(item, "{}[{}]".format(path, index), depth + 1)
    elif value is not None and not isinstance(value, (str, int, bool)):
        converted = _converted(value)
        if converted is None:
            yield path, _type_name(value)
        else:
            yield from _problems(converted[0], path, depth + 1)


def _converted(value: Any) -> "Optional[Tuple[Any]]":
    try:
        return (_convert(value),)
    except (TypeError, ValueError):
        return None


def _type_name(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else "{}.{}".format(kind.__module__, kind.__qualname__)
