"""What a search asks for, and each condition as SQL: the list of its models, or whether the model ``m`` fits.

The texts hold only names of this module and numbered parameters; what callers wrote is always a parameter.
"""

# ruff: noqa: S608 - the texts have names of this package and numbered parameters, nothing that a caller wrote

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, TypeAlias

from ads.identity.ocid import is_ocid
from ads.registry.model_index import COLUMNS, TEXT_FIELDS, field_name, value_term, word_term, words_of
from ads.registry.search_grammar import Term, number_of

__all__ = ["Binds", "ColumnIs", "Condition", "HasTerm", "Listing", "NumberIn", "TermBegins", "Wanted", "wanted_by"]

_DAY = timedelta(days=1)
_DELETED = "DELETED"
_LAST = "\U0010ffff"
_NO_TERM = "\0"
"""What no model has: texts have no such character."""
_OPERATORS = frozenset({">", ">=", "<", "<="})


class Binds:
    """The parameters of one statement, numbered as they come."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def __call__(self, value: object) -> str:
        """Return how the statement names this value."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def each(self, values: Collection[object]) -> str:
        """Return how the statement names these values, for ``IN``."""
        return ", ".join(self(value) for value in values)


@dataclass(frozen=True)
class Listing:
    """The queries for some models' numbers, in the column ``column``; each ends in its conditions.

    A model is on the list when any of them finds it. ``ordered`` says that an index gives them in the order of their
    creation.
    """

    queries: tuple[str, ...]
    column: str
    ordered: bool = False

    def sql(self, more: str = "") -> str:
        """Return all of it as one query, each model once; ``more`` is added to the conditions."""
        if len(self.queries) == 1:
            return self.queries[0] + more
        return f"SELECT seq FROM ({' UNION '.join(query + more for query in self.queries)} ORDER BY 1) u"


@dataclass(frozen=True)
class HasTerm:
    """Models with any of these terms."""

    terms: tuple[str, ...]

    def listing(self, bind: Binds, compartments: Sequence[str]) -> Listing | None:  # noqa: ARG002
        """Return the query for them, None where there is no index for it."""
        queries = [
            f"SELECT model_seq AS seq FROM model_terms WHERE term = {bind(term.encode())}"
            for term in self.terms or (_NO_TERM,)
        ]
        return Listing(tuple(queries), "model_seq", ordered=len(queries) == 1)

    def holds(self, bind: Binds) -> str:
        """Return whether the model ``m`` is one of them."""
        fits = bind.each([term.encode() for term in self.terms or (_NO_TERM,)])
        return f"EXISTS (SELECT 1 FROM model_terms t WHERE t.term IN ({fits}) AND t.model_seq = m.seq)"


@dataclass(frozen=True)
class TermBegins:
    """Models with a term that begins so."""

    start: str

    def listing(self, bind: Binds, compartments: Sequence[str]) -> Listing | None:  # noqa: ARG002
        """Return the query for them."""
        query = f"SELECT DISTINCT model_seq AS seq FROM model_terms WHERE {self._fits('term', bind)}"
        return Listing((query,), "model_seq")

    def holds(self, bind: Binds) -> str:
        """Return whether the model ``m`` is one of them."""
        return f"EXISTS (SELECT 1 FROM model_terms t WHERE t.model_seq = m.seq AND {self._fits('t.term', bind)})"

    def terms(self, bind: Binds) -> str:
        """Return the query for the terms that begin so, in order; it looks for each in the index, so leave it soon."""

        def first(after: str) -> str:
            return f"(SELECT term FROM model_terms WHERE {after} AND term < {end} ORDER BY term LIMIT 1)"

        start, end = self._range(bind)
        following = f"SELECT {first('term > b.term')} FROM b WHERE b.term IS NOT NULL"
        begins = f"WITH RECURSIVE b(term) AS (SELECT {first(f'term >= {start}')} UNION ALL {following})"
        return f"{begins} SELECT term FROM b WHERE term IS NOT NULL"

    def _fits(self, column: str, bind: Binds) -> str:
        start, end = self._range(bind)
        return f"{column} >= {start} AND {column} < {end}"

    def _range(self, bind: Binds) -> tuple[str, str]:
        return bind(self.start.encode()), bind((self.start + _LAST).encode())


@dataclass(frozen=True)
class NumberIn:
    """Models whose number in a field compares so; with ``end``: it is at least ``number`` and below the end."""

    field: str
    operator: str
    number: float
    end: float | None = None

    def listing(self, bind: Binds, compartments: Sequence[str]) -> Listing | None:  # noqa: ARG002
        """Return the query for them."""
        field = bind(self.field.encode())
        fits = self._fits("number", bind)
        return Listing((f"SELECT model_seq AS seq FROM model_numbers WHERE field = {field} AND {fits}",), "model_seq")

    def holds(self, bind: Binds) -> str:
        """Return whether the model ``m`` is one of them."""
        field = bind(self.field.encode())
        fits = self._fits("n.number", bind)
        return f"EXISTS (SELECT 1 FROM model_numbers n WHERE n.model_seq = m.seq AND n.field = {field} AND {fits})"

    def _fits(self, column: str, bind: Binds) -> str:
        if self.end is not None:
            return f"{column} >= {bind(self.number)} AND {column} < {bind(self.end)}"
        operator = self.operator if self.operator in _OPERATORS else "="
        return f"{column} {operator} {bind(self.number)}"


@dataclass(frozen=True)
class ColumnIs:
    """Models with this value in a column of their own."""

    column: str
    value: str
    prefix: bool = False

    def listing(self, bind: Binds, compartments: Sequence[str]) -> Listing | None:
        """Return the query for those in the compartments; only for ids and states there is one."""
        if self.column == "id":
            return Listing((f"SELECT seq FROM models m WHERE {self.holds(bind)}",), "seq")
        if self.column != "lifecycle_state" or self.prefix:
            return None
        places = bind.each(compartments)
        found = f"SELECT seq FROM models WHERE compartment_id IN ({places}) AND lifecycle_state = {bind(self.value)}"
        return Listing((found,), "seq", ordered=len(compartments) == 1)

    def holds(self, bind: Binds) -> str:
        """Return whether the model ``m`` is one of them."""
        if not self.prefix:
            return f"{self._value()} = {bind(self.value)}"
        escaped = self.value.replace("/", "//").replace("%", "/%").replace("_", "/_")
        return f"{self._value()} LIKE {bind(escaped + '%')} ESCAPE '/'"

    def may_be_deleted(self) -> bool:
        """Tell whether deleted models are asked for as well: by their state, or one by its OCID."""
        if self.column == "lifecycle_state":
            return _DELETED.startswith(self.value) if self.prefix else self.value == _DELETED
        return self.column == "id"

    def _value(self) -> str:
        # But for ids in a form for which no index is taken: what leads is decided in the search.
        return "m.id" if self.column == "id" else f"coalesce(m.{self.column}, '')"


Condition: TypeAlias = HasTerm | TermBegins | NumberIn | ColumnIs


@dataclass(frozen=True)
class Wanted:
    """What a query asks for: all of ``present``, and of each group in ``absent`` not all.

    ``deleted`` says that deleted models may be among them: a term asks for a state or an OCID.
    """

    present: tuple[Condition, ...]
    absent: tuple[tuple[Condition, ...], ...]
    deleted: bool


def wanted_by(terms: Sequence[Term]) -> Wanted:
    """Return what the terms of a query ask for."""
    present: dict[Condition, None] = {}
    absent: list[tuple[Condition, ...]] = []
    for term in terms:
        conditions = _conditions(term)
        if term.negated and conditions:
            absent.append(tuple(conditions))
        elif not term.negated:
            present.update(dict.fromkeys(conditions))
    deleted = any(isinstance(one, ColumnIs) and one.may_be_deleted() for one in present)
    return Wanted(tuple(present), tuple(absent), deleted)


def _conditions(term: Term) -> list[Condition]:
    """Return what a term asks for. A word without letters and digits asks for nothing."""
    if term.field is None:
        if is_ocid(term.value):
            return [ColumnIs("id", term.value)]
        return _words(term, "")
    field = field_name(term.field)
    if field in COLUMNS and term.operator == ":":
        value = term.value.strip().upper() if field in {"state", "category"} else term.value.strip()
        return [ColumnIs(COLUMNS[field], value, term.prefix)]
    if field in TEXT_FIELDS and term.operator == ":":
        return _words(term, field)
    number = number_of(term.value)
    if field == "created" and term.operator in {":", "="} and number is not None:
        return [NumberIn(field, "=", number, _end_of_day(term.value, number))]
    if term.operator != ":" and number is not None:
        return [NumberIn(field, term.operator, number)]
    text = value_term(field, term.value)
    return [TermBegins(text) if term.prefix else HasTerm((text,))]


def _words(term: Term, field: str) -> list[Condition]:
    words = words_of(term.value)
    made: list[Condition] = []
    for word in words:
        text = value_term(field, word) if field else word_term(word)
        last = term.prefix and word is words[-1]
        made.append(TermBegins(text) if last else HasTerm((text,)))
    return made


def _end_of_day(text: str, start: float) -> float | None:
    return (datetime.fromtimestamp(start, timezone.utc) + _DAY).timestamp() if len(text) == len("2026-01-31") else None
