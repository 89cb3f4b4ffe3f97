"""JSON that means one thing: what Python's decoder forgives is refused here, before anything is stored.

Refused are NaN and infinities, keys that come twice, lone surrogates, U+0000 (PostgreSQL can't keep it), more than 64
levels, and numbers of more than 400 digits.
"""

from __future__ import annotations

import json
import math
from typing import Any

from ads.errors import ServiceError

__all__ = ["CannotParse", "loads"]

MAX_DEPTH = 64
MAX_DIGITS = 400


class CannotParse(ServiceError):
    """The body is not JSON, or not of the strict kind."""

    code = "cannot-parse"

    def __init__(self, message: str) -> None:
        super().__init__(message, status=400, service_code="CannotParseRequest")


def loads(body: bytes) -> Any:
    """Return what the JSON text says. Raises CannotParse."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_short,
        )
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CannotParse(f"The body is not JSON: {error}.") from None
    except RecursionError:
        raise _too_deep() from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH or b"\\u" in body:
        _check(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise CannotParse("The body has a key twice in one object.")
    return found


def _refuse_constant(text: str) -> float:
    raise CannotParse(f"The body holds {text}, which is not JSON.")


def _finite(text: str) -> float:
    value = float(text)
    if len(text) > MAX_DIGITS or not math.isfinite(value):
        raise CannotParse("The body holds a number that is too large.")
    return value


def _short(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise CannotParse("The body holds a number with too many digits.")
    return int(text)


def _check(value: object) -> None:
    """Look at every text and the depth, without recursion."""
    left: list[tuple[object, int]] = [(value, 1)]
    while left:
        item, depth = left.pop()
        if isinstance(item, str):
            _check_text(item)
            continue
        if not isinstance(item, (dict, list)):
            continue
        if depth > MAX_DEPTH:
            raise _too_deep()
        if isinstance(item, dict):
            left.extend((key, depth) for key in item)
            left.extend((child, depth + 1) for child in item.values())
        else:
            left.extend((child, depth + 1) for child in item)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise CannotParse("The body holds the character U+0000.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise CannotParse("The body holds half of a surrogate pair.") from None


def _too_deep() -> CannotParse:
    return CannotParse(f"The body has more than {MAX_DEPTH} levels.")
