"""The query language of log search: what is searched, under which conditions, in which order. Pure.

``SEARCH "<compartment>/<log group>/<log>" | WHERE source = '*x' AND data.status >= 400 | SORT BY datetime DESC``
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ads.errors import InputError

__all__ = ["LogQuery", "Scope", "parse_log_query"]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^']*'|\"[^\"]*\")|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])|(?P<sign>!=|<=|>=|=|<|>|\||,)"
    r"|(?P<word>[A-Za-z_][\w.]*))",
)
_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FIELDS = frozenset({"id", "source", "subject", "time", "type", "data", "oracle"})
_TIMES = frozenset({"datetime", "time", "logcontent.time"})
_LONGEST = 10_000
_HINT = "Write it as: SEARCH \"<compartment>/<log group>/<log>\" | WHERE source = '*<OCID>' | SORT BY datetime DESC"


@dataclass(frozen=True)
class Scope:
    """Where to look; None: everywhere in what is above."""

    compartment_id: str
    log_group_id: str | None = None
    log_id: str | None = None


@dataclass(frozen=True)
class _Condition:
    path: tuple[str, ...]
    sign: str
    value: str | float

    def holds(self, record: Mapping[str, Any]) -> bool:
        found: Any = record
        for part in self.path:
            found = found.get(part) if isinstance(found, Mapping) else None
        if self.sign in _SIGNS:
            comparable = isinstance(found, str) if isinstance(self.value, str) else _is_number(found)
            return comparable and _SIGNS[self.sign](found, self.value)
        return self._equal(found) == (self.sign == "=")

    def _equal(self, found: object) -> bool:
        if isinstance(self.value, str) and isinstance(found, (str, int, float)):
            return re.fullmatch(_pattern(self.value), str(found), re.DOTALL) is not None
        return found == self.value


@dataclass(frozen=True)
class LogQuery:
    """A query: any of the scopes, all of the conditions, the newest record first or the oldest."""

    scopes: tuple[Scope, ...]
    conditions: tuple[_Condition, ...] = ()
    newest_first: bool = True

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Tell whether a record (the content of ``logContent``) fulfils all conditions."""
        return all(condition.holds(record) for condition in self.conditions)


def parse_log_query(text: str) -> LogQuery:
    """Return what the query says. Raises InputError, which names the place."""
    if len(text) > _LONGEST:
        raise InputError(f"The query is longer than {_LONGEST} characters.")
    return _Parser(text).query()


class _Parser:
    """Reads one token after the other."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._at = 0
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                raise InputError(f"The query can't be read at {text[position : position + 30]!r}.", hint=_HINT)
            self._tokens.append((str(match.lastgroup), str(match[str(match.lastgroup)])))
            position = match.end()

    def query(self) -> LogQuery:
        self._keyword("search")
        scopes = [self._scope()]
        while self._accept("sign", ","):
            scopes.append(self._scope())
        conditions: list[_Condition] = []
        newest_first = True
        while self._accept("sign", "|"):
            if self._accept_word("where"):
                conditions.append(self._condition())
                while self._accept_word("and"):
                    conditions.append(self._condition())
            else:
                newest_first = self._order()
        if self._at < len(self._tokens):
            raise self._unexpected()
        return LogQuery(tuple(scopes), tuple(conditions), newest_first)

    def _scope(self) -> Scope:
        parts = [part for part in self._take("text")[1:-1].split("/") if part]
        if not 1 <= len(parts) <= 3:
            raise InputError("What is searched must have one to three parts.", hint=_HINT)
        return Scope(*parts)

    def _condition(self) -> _Condition:
        path = tuple(self._take("word").split("."))
        if path[0].lower() == "logcontent":
            path = path[1:]
        if not path or path[0].lower() not in _FIELDS:
            raise InputError(f"The query has an unknown field {'.'.join(path)!r}.", hint=_HINT)
        sign = self._take("sign")
        if sign in {"|", ","}:
            raise self._unexpected()
        if self._peek("number"):
            return _Condition(path, sign, float(self._take("number")))
        return _Condition(path, sign, self._take("text")[1:-1])

    def _order(self) -> bool:
        self._keyword("sort")
        self._keyword("by")
        if self._take("word").lower() not in _TIMES:
            raise InputError("Records can be sorted by datetime.", hint=_HINT)
        if self._accept_word("asc"):
            return False
        self._accept_word("desc")
        return True

    def _peek(self, kind: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at][0] == kind

    def _accept(self, kind: str, value: str) -> bool:
        if not self._peek(kind) or self._tokens[self._at][1].lower() != value:
            return False
        self._at += 1
        return True

    def _accept_word(self, value: str) -> bool:
        return self._accept("word", value)

    def _keyword(self, value: str) -> None:
        if not self._accept_word(value):
            raise self._unexpected()

    def _take(self, kind: str) -> str:
        if not self._peek(kind):
            raise self._unexpected()
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _unexpected(self) -> InputError:
        near = self._tokens[self._at][1] if self._at < len(self._tokens) else "its end"
        return InputError(f"The query can't be read at {near[:50]!r}.", hint=_HINT)


def _pattern(value: str) -> str:
    return ".*".join(re.escape(part) for part in value.split("*"))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
