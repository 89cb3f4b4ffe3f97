"""The language in which models are searched for, the same in API, SDK, CLI and console. Pure.

::

    churn forecast                 both words, in name, description, tags or metadata
    "churn forecast"               the same: quotes only hold words together
    chur*                          words that begin so
    framework:xgboost              a field has this value; upper and lower case are the same
    tag.team:"data science"        a tag
    auc>0.9  n_estimators<=200     numbers: metrics, hyperparameters, size, version
    created>2026-01-31             days and times
    -state:inactive  -churn        what must not be
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal, get_args

from ads.errors import InputError

__all__ = ["LONGEST_QUERY", "MOST_TERMS", "Operator", "Term", "fold", "number_of", "parse_query", "query_text"]

Operator = Literal[":", "=", ">", ">=", "<", "<="]

LONGEST_QUERY = 1000
"""Characters of the longest query."""
MOST_TERMS = 20
"""How many terms a query may have."""

_OPERATORS: tuple[str, ...] = tuple(sorted(get_args(Operator), key=len, reverse=True))
_SPECIAL = frozenset('":<>=')
_HINT = 'Write words, field:value, field:"two words" or field>0.9; a - before a term leaves out what it finds.'


@dataclass(frozen=True)
class Term:
    """One condition. Without ``field`` its value is looked for as words anywhere.

    ``number`` is the value as a number where it is one, ``prefix`` says that the value is only a beginning.
    """

    value: str
    field: str | None = None
    operator: Operator = ":"
    negated: bool = False
    prefix: bool = False

    @property
    def number(self) -> float | None:
        """The value as a number; of a day or time the seconds since 1970. None when it isn't one."""
        return None if self.prefix else number_of(self.value)


def parse_query(text: str) -> list[Term]:
    """Return the terms of a query, none for an empty one. Raises InputError, which names the position."""
    if len(text) > LONGEST_QUERY:
        raise InputError(f"The query is longer than {LONGEST_QUERY} characters.")
    terms: list[Term] = []
    position = _after_space(text, 0)
    while position < len(text):
        if len(terms) == MOST_TERMS:
            raise _refused(f"it has more than {MOST_TERMS} terms", position)
        term, position = _term(text, position)
        terms.append(term)
        position = _after_space(text, position)
    return terms


def query_text(terms: list[Term]) -> str:
    """Return a query that :func:`parse_query` reads as these terms."""
    return " ".join(_term_text(term) for term in terms)


def number_of(text: str) -> float | None:
    """Return a text's finite number, or the seconds since 1970 of an ISO day or time in it; None for anything else."""
    try:
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        return number
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].{4,30})?", text, re.ASCII):
        return None
    try:
        time = datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    except ValueError:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp()


def fold(text: str) -> str:
    """Return a text as comparisons see it: without case, and in one of the ways to write each character."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _term(text: str, start: int) -> tuple[Term, int]:
    position = start
    negated = text[position] == "-"
    position += negated
    if position == len(text) or text[position].isspace():
        raise _refused("nothing follows the -", start)
    first, quoted, position = _part(text, position, _SPECIAL)
    operator = next((sign for sign in _OPERATORS if text.startswith(sign, position)), None)
    if operator is None:
        _require_gap(text, position)
        value, prefix = _beginning(first, quoted)
        if not value.strip():
            raise _refused("a word is missing", start)
        return Term(value, negated=negated, prefix=prefix), position
    if not first.strip():
        raise _refused(f"no field stands before {operator!r}", position)
    after = position + len(operator)
    raw, quoted, position = _part(text, after, frozenset('"'))
    _require_gap(text, position)
    value, prefix = _beginning(raw, quoted)
    if not raw and not quoted:
        raise _refused(f"nothing follows {first}{operator}", after)
    if operator != ":" and (prefix or number_of(value) is None):
        raise _refused(f"{raw!r} is not a number, a day or a time", after)
    return Term(value, first, operator, negated, prefix), position  # type: ignore[arg-type]


def _part(text: str, start: int, stops: frozenset[str]) -> tuple[str, bool, int]:
    """Return what stands here up to a space or one of the stops, whether it is quoted, and where it ends."""
    if text.startswith('"', start):
        end = start + 1
        while end < len(text) and text[end] != '"':
            end += 2 if text[end] == "\\" else 1
        if end >= len(text):
            raise _refused("a quote is not closed", start)
        return re.sub(r"\\(.)", r"\1", text[start + 1 : end], flags=re.DOTALL), True, end + 1
    end = start
    while end < len(text) and not text[end].isspace() and text[end] not in stops:
        end += 1
    return text[start:end], False, end


def _beginning(value: str, quoted: bool) -> tuple[str, bool]:
    return (value[:-1], True) if not quoted and len(value) > 1 and value.endswith("*") else (value, False)


def _require_gap(text: str, position: int) -> None:
    if position < len(text) and not text[position].isspace():
        raise _refused(f"{text[position]!r} can't stand here", position)


def _after_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _refused(reason: str, position: int) -> InputError:
    return InputError(f"The query can't be read at character {position + 1}: {reason}.", hint=_HINT)


def _term_text(term: Term) -> str:
    field = "" if term.field is None else _quoted(term.field, _SPECIAL, dash=not term.negated) + term.operator
    value = term.value + "*" if term.prefix else term.value
    if not term.prefix and value.endswith("*"):
        value = _in_quotes(value)
    elif not term.prefix or _needs_quotes(term.value, frozenset('"') if field else _SPECIAL):
        value = _quoted(value, frozenset('"') if field else _SPECIAL, dash=not term.negated and not field)
    return f"{'-' if term.negated else ''}{field}{value}"


def _quoted(text: str, special: frozenset[str], *, dash: bool) -> str:
    return _in_quotes(text) if _needs_quotes(text, special) or (dash and text.startswith("-")) else text


def _needs_quotes(text: str, special: frozenset[str]) -> bool:
    return not text or any(character.isspace() or character in special for character in text)


def _in_quotes(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
