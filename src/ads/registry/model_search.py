"""Search over models: from the terms of a query to one page of models, in about the same time for any number of them.

The rarest term leads: its models are looked at, and each is checked for the other terms. Where every term is frequent
the sorted list itself leads, and is left as soon as the page is full.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import ColumnElement, Select, String, Text, and_, exists, func, literal, not_, select, tuple_
from sqlalchemy.orm import Session, aliased, defer, lazyload

from ads.identity.ocid import is_ocid
from ads.registry.catalog_tables import ModelNumber, ModelTerm
from ads.registry.model_index import COLUMNS, TEXT_FIELDS, field_name, value_term, word_term, words_of
from ads.registry.paging import Page, PageRequest, open_token, seal_token
from ads.registry.search_grammar import Term, number_of
from ads.registry.tables import Model

__all__ = ["search_models"]

_FEW = 2000
_MANY = 20_000
_DAY = timedelta(days=1)
_LAST = "\U0010ffff"
_COMPARISONS = {
    ">": lambda column, number: column > number,
    ">=": lambda column, number: column >= number,
    "<": lambda column, number: column < number,
    "<=": lambda column, number: column <= number,
}


@dataclass(frozen=True)
class _HasTerm:
    """Models with exactly this term, in the order of their creation."""

    term: str

    def models(self) -> Select[Any]:
        return select(ModelTerm.model_seq).where(ModelTerm.term == self.term)

    def holds(self, seq: ColumnElement[int]) -> ColumnElement[bool]:
        term = aliased(ModelTerm)
        return exists().where(term.term == self.term, term.model_seq == seq)


@dataclass(frozen=True)
class _TermBegins:
    """Models with a term that begins so."""

    start: str

    def models(self) -> Select[Any]:
        begins = select(ModelTerm.model_seq).where(ModelTerm.term >= self.start, ModelTerm.term < self.start + _LAST)
        return begins.distinct()

    def holds(self, seq: ColumnElement[int]) -> ColumnElement[bool]:
        term = aliased(ModelTerm)
        return exists().where(term.model_seq == seq, term.term >= self.start, term.term < self.start + _LAST)


@dataclass(frozen=True)
class _NumberIn:
    """Models whose number in a field compares so; with ``end``: it is at least ``number`` and below the end."""

    field: str
    operator: str
    number: float
    end: float | None = None

    def _fits(self, column: Any) -> ColumnElement[bool]:
        if self.end is not None:
            return and_(column >= self.number, column < self.end)
        compare = _COMPARISONS.get(self.operator)
        fits: ColumnElement[bool] = column == self.number if compare is None else compare(column, self.number)
        return fits

    def models(self) -> Select[Any]:
        return select(ModelNumber.model_seq).where(ModelNumber.field == self.field, self._fits(ModelNumber.number))

    def holds(self, seq: ColumnElement[int]) -> ColumnElement[bool]:
        row = aliased(ModelNumber)
        return exists().where(row.model_seq == seq, row.field == self.field, self._fits(row.number))


@dataclass(frozen=True)
class _ColumnIs:
    """Models with this value in a column of their own; only an id is rare enough to lead."""

    column: str
    value: str
    prefix: bool = False

    def models(self) -> Select[Any] | None:
        return select(Model.seq).where(self._fits(Model.id)) if self.column == "id" else None

    def holds(self, seq: ColumnElement[int]) -> ColumnElement[bool]:  # noqa: ARG002 - the model is there anyway
        return self._fits(_apart(getattr(Model, self.column)))

    def _fits(self, column: Any) -> ColumnElement[bool]:
        fits: ColumnElement[bool] = column == self.value
        return column.startswith(self.value, autoescape=True) if self.prefix else fits


_Condition = _HasTerm | _TermBegins | _NumberIn | _ColumnIs


@dataclass(frozen=True)
class _Lead:
    """The condition whose models are looked at one by one. ``few``: it has so few that any order of them is cheap."""

    condition: Any
    few: bool


@dataclass(frozen=True)
class _Wanted:
    """What a query asks for: all of ``present``, and of each group in ``absent`` not all."""

    present: tuple[_Condition, ...]
    absent: tuple[tuple[_Condition, ...], ...]
    deleted: bool


def search_models(
    session: Session, terms: Sequence[Term], compartments: Collection[str], request: PageRequest
) -> Page[Model]:
    """Return one page of the models in these compartments that fit all terms, without their schemas.

    Deleted ones are found only where a term asks for their state or their OCID. ``request.sort_by`` is
    ``timeCreated``, ``displayName``, or the field of a number: models without one are left out then.
    Raises InputError for a page token of another search.
    """
    after = None if request.token is None else open_token(request)
    if not compartments:
        return Page()
    wanted = _wanted_by(terms)
    statement = _statement(wanted, _lead_of(session, wanted.present), request, after)
    statement = statement.where(_apart(Model.compartment_id).in_(compartments))
    found = list(session.execute(statement.limit(request.limit + 1)))
    rows = _load(session, [row.seq for row in found[: request.limit]])
    if len(found) <= request.limit:
        return Page(rows)
    last = found[request.limit - 1]
    return Page(rows, seal_token(request, last.value, last.seq))


def _wanted_by(terms: Sequence[Term]) -> _Wanted:
    present: dict[_Condition, None] = {}
    absent: list[tuple[_Condition, ...]] = []
    for term in terms:
        conditions = _conditions(term)
        if term.negated and conditions:
            absent.append(tuple(conditions))
        elif not term.negated:
            present.update(dict.fromkeys(conditions))
    deleted = any(isinstance(one, _ColumnIs) and one.column in {"id", "lifecycle_state"} for one in present)
    return _Wanted(tuple(present), tuple(absent), deleted)


def _conditions(term: Term) -> list[_Condition]:
    """Return what a term asks for. A word without letters and digits asks for nothing."""
    if term.field is None:
        if is_ocid(term.value):
            return [_ColumnIs("id", term.value)]
        return _words(term, "")
    field = field_name(term.field)
    if field in COLUMNS and term.operator == ":":
        value = term.value.strip().upper() if field in {"state", "category"} else term.value.strip()
        return [_ColumnIs(COLUMNS[field], value, term.prefix)]
    if field in TEXT_FIELDS and term.operator == ":":
        return _words(term, field)
    number = number_of(term.value)
    if field == "created" and term.operator in {":", "="} and number is not None:
        return [_NumberIn(field, "=", number, _end_of_day(term.value, number))]
    if term.operator != ":" and number is not None:
        return [_NumberIn(field, term.operator, number)]
    text = value_term(field, term.value)
    return [_TermBegins(text) if term.prefix else _HasTerm(text)]


def _words(term: Term, field: str) -> list[_Condition]:
    words = words_of(term.value)
    made: list[_Condition] = []
    for word in words:
        text = value_term(field, word) if field else word_term(word)
        last = term.prefix and word is words[-1]
        made.append(_TermBegins(text) if last else _HasTerm(text))
    return made


def _end_of_day(text: str, start: float) -> float | None:
    return (datetime.fromtimestamp(start, timezone.utc) + _DAY).timestamp() if len(text) == len("2026-01-31") else None


def _lead_of(session: Session, conditions: Sequence[_Condition]) -> _Lead | None:
    """Return the condition that the fewest models fit; of frequent ones only one that keeps their order."""
    counted: list[tuple[int, int]] = []
    for place, condition in enumerate(conditions):
        models = condition.models()
        if models is None:
            continue
        count = session.scalar(select(func.count()).select_from(models.limit(_MANY).subquery())) or 0
        if count == 0:
            return _Lead(condition, few=True)
        if count <= _FEW or isinstance(condition, _HasTerm):
            counted.append((count, place))
    if not counted:
        return None
    count, place = min(counted)
    return _Lead(conditions[place], few=count <= _FEW)


def _statement(
    wanted: _Wanted, lead: _Lead | None, request: PageRequest, after: tuple[object, int] | None
) -> Select[Any]:
    """Return the query for the models' numbers and sort values, in order."""
    by_time, descending = request.sort_by == "timeCreated", request.order == "DESC"
    leads = lead is not None and (lead.few or by_time)
    rest = [condition for condition in wanted.present if lead is None or not leads or condition != lead.condition]
    seq: Any = Model.seq
    number = aliased(ModelNumber)
    statement = select()
    if lead is not None and leads:
        source = lead.condition.models().subquery()
        seq = source.c[0]
        statement = statement.select_from(source).join(Model, Model.seq == seq)
    value: Any = seq if by_time else Model.display_name
    if request.sort_by not in {"timeCreated", "displayName"}:
        field = field_name(request.sort_by)
        value = number.number
        if leads:
            statement = statement.join(number, and_(number.model_seq == seq, number.field == field))
        else:
            seq = number.model_seq
            statement = statement.select_from(number).join(Model, Model.seq == seq).where(number.field == field)
    if leads and not by_time:
        value = _apart(value)
    statement = statement.add_columns(seq.label("seq"), value.label("value"))
    if not wanted.deleted:
        statement = statement.where(Model.lifecycle_state != "DELETED")
    statement = statement.where(*(condition.holds(seq) for condition in rest))
    statement = statement.where(*(not_(and_(*(one.holds(seq) for one in group))) for group in wanted.absent))
    if after is not None:
        statement = statement.where(_comes_after(seq, value, after, by_time=by_time, descending=descending))
    order = [seq] if by_time else [value, seq]
    return statement.order_by(*(column.desc() if descending else column.asc() for column in order))


def _comes_after(
    seq: Any, value: Any, after: tuple[object, int], *, by_time: bool, descending: bool
) -> ColumnElement[bool]:
    last_value, last_seq = after
    if by_time:
        found: ColumnElement[bool] = seq < last_seq if descending else seq > last_seq
        return found
    here = tuple_(literal(last_value, value.type), literal(last_seq, seq.type))
    return tuple_(value, seq) < here if descending else tuple_(value, seq) > here


def _apart(column: Any) -> Any:
    """Return the column in a form for which no index is taken: what leads is decided here, not by statistics."""
    return func.coalesce(column, "" if isinstance(column.type, (String, Text)) else 0.0)


def _load(session: Session, seqs: list[int]) -> list[Model]:
    statement = (
        select(Model)
        .where(Model.seq.in_(seqs))
        .options(lazyload(Model.metadata_artifacts), defer(Model.input_schema), defer(Model.output_schema))
    )
    rows = {row.seq: row for row in session.scalars(statement)}
    return [rows[seq] for seq in seqs]
