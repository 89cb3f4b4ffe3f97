"""Search over models: from the terms of a query to one page of models, in about the same time for any number of them.

A condition that few models fit leads: its models are looked at one by one. Where every condition is frequent, SQLite
merges their lists, which indexes keep in the order of creation, and leaves them as soon as the page is full; PostgreSQL
finds such a way by itself. In another order than that of creation the sorted list leads when so many models fit that a
page of them is found near its start.
"""

# ruff: noqa: S608 - the texts have names of this package and numbered parameters, nothing that a caller wrote

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from ads.registry.model_index import field_name
from ads.registry.model_rows import FoundModel, found_models
from ads.registry.paging import Page, PageRequest, open_token, seal_token
from ads.registry.search_conditions import (
    Binds,
    ColumnIs,
    Condition,
    HasTerm,
    Listing,
    TermBegins,
    Wanted,
    wanted_by,
)
from ads.registry.search_grammar import Term

__all__ = ["search_models"]

_FEW = 2000
_SORTABLE = 5000
"""The most numbers without order that are worth sorting for a merge."""
_COUNTED = 12_000
"""How far the lists of one query are counted, together."""
_MOST_MERGED = 8
_MOST_TERMS = 16
_FIRST_STEP = 1000
_LARGEST_STEP = 16_000
_MOST_SORTED = 20_000
"""The most models that are sorted by name, once so many names were looked at: all of them are read for a page."""
_BY_SEQ, _BY_NAME = "ix_models_alive", "ix_models_alive_by_name"
_ALIVE = "m.lifecycle_state != 'DELETED'"


def search_models(
    session: Session, terms: Sequence[Term], compartments: Collection[str], request: PageRequest
) -> Page[FoundModel]:
    """Return one page of the models in these compartments that fit all terms, without their schemas.

    Deleted ones are found only where a term asks for their state or their OCID. ``request.sort_by`` is
    ``timeCreated``, ``displayName``, or the field of a number: models without one are left out then.
    Raises InputError for a page token of another search.
    """
    after = None if request.token is None else open_token(request)
    if not compartments:
        return Page()
    places = _Search(session, _spelled_out(session, wanted_by(terms)), sorted(compartments), request, after).places()
    rows = found_models(session, [place.seq for place in places[: request.limit]])
    if len(places) <= request.limit:
        return Page(rows)
    last = places[request.limit - 1]
    return Page(rows, seal_token(request, last.value, last.seq))


def _spelled_out(session: Session, wanted: Wanted) -> Wanted:
    """Return what is wanted, with the terms themselves in the place of a beginning that few terms have."""

    def spelled_out(condition: Condition) -> Condition:
        if not isinstance(condition, TermBegins):
            return condition
        bind = Binds()
        statement = f"{condition.terms(bind)} LIMIT {bind(_MOST_TERMS + 1)}"
        found = [bytes(row[0]).decode() for row in session.connection().execute(text(statement), bind.values)]
        return condition if len(found) > _MOST_TERMS else HasTerm(tuple(found))

    present = tuple(dict.fromkeys(map(spelled_out, wanted.present)))
    return Wanted(present, tuple(tuple(map(spelled_out, group)) for group in wanted.absent), wanted.deleted)


class _Place(NamedTuple):
    """Where a model stands in the order of the search."""

    seq: int
    value: Any


_After = tuple[Any, int] | None
"""After which value and number a page begins."""


class _Lead(NamedTuple):
    """The list whose models are looked at one by one: that of a condition, or of all models in the compartments."""

    condition: Condition | None


class _Search:
    def __init__(
        self,
        session: Session,
        wanted: Wanted,
        compartments: list[str],
        request: PageRequest,
        after: tuple[Any, int] | None,
    ) -> None:
        self._session = session
        self._wanted = wanted
        self._compartments = compartments
        self._request = request
        self._after = after
        descending = request.order == "DESC"
        self._way, self._beyond = ("DESC", "<") if descending else ("ASC", ">")
        self._sqlite = session.connection().dialect.name == "sqlite"
        self._sizes: dict[Condition, int] = {}
        self._here = 0

    def places(self) -> list[_Place]:
        """Return the places of the page's models, and of one more."""
        self._count()
        if any(self._sizes.get(one) == 0 for one in self._wanted.present):
            return []
        lead = self._lead()
        merges = lead is None and self._sqlite and (not self._wanted.deleted or self._merged_state() is not None)
        if self._request.sort_by == "timeCreated":
            return self._merged() if merges else self._by_time(lead)
        if self._request.sort_by == "displayName" and merges and not self._wanted.deleted:
            return self._by_name()
        return self._by_value(lead, self._after, few_merged=merges and self._few_merged())

    def _count(self) -> None:
        """Find out how many models fit the conditions, no further than what decides."""
        bind = Binds()
        counts: list[str] = []
        listed: list[Condition] = []
        for condition in self._to_count():
            listing = condition.listing(bind, self._compartments)
            if listing is not None:
                listed.append(condition)
                counts.append(self._count_of(listing.sql(), bind(self._most(condition)), len(counts)))
        counts.append(self._count_of(self._all_here(bind), bind(_FEW + 1), len(counts)))
        *sizes, self._here = self._run(f"SELECT {', '.join(counts)}", bind)[0]
        self._sizes = dict(zip(listed, sizes, strict=True))

    def _to_count(self) -> list[Condition]:
        absent = [one for group in self._wanted.absent for one in group if not isinstance(one, HasTerm)]
        return list(dict.fromkeys((*self._wanted.present, *absent)))

    def _count_of(self, sql: str, most: str, place: int) -> str:
        return f"(SELECT count(*) FROM (SELECT 1 FROM ({sql}) l{place} LIMIT {most}) c{place})"

    def _most(self, condition: Condition) -> int:
        """Return how far the models of a condition are counted."""
        shared = _COUNTED // len(self._wanted.present) if self._wanted.present else 0
        return max(_FEW + 1 if isinstance(condition, HasTerm) else _SORTABLE + 1, shared)

    def _lead(self) -> _Lead | None:
        sizes = [(size, place) for place, one in enumerate(self._wanted.present) if (size := self._size(one)) <= _FEW]
        if sizes and (self._wanted.deleted or min(sizes)[0] <= self._here):
            return _Lead(self._wanted.present[min(sizes)[1]])
        return _Lead(None) if self._here <= _FEW and not self._wanted.deleted else None

    def _size(self, condition: Condition) -> int:
        return self._sizes.get(condition, _COUNTED)

    def _rarest_first(self) -> list[Condition]:
        """Return the conditions in the order in which models are asked: most fail at the first one."""
        return sorted(self._wanted.present, key=self._size)

    def _by_time(self, lead: _Lead | None) -> list[_Place]:
        bind = Binds()
        source, asked = self._source(bind, lead)
        if self._after is not None:
            asked.append(f"m.seq {self._beyond} {bind(self._after[1])}")
        seq = "m.seq" if lead is None else "s.seq"
        found = f"SELECT {seq} AS seq, {seq} AS value FROM {source} WHERE {' AND '.join(asked)}"
        return self._ask(f"{found} ORDER BY {seq} {self._way} LIMIT {bind(self._request.limit + 1)}", bind)

    def _by_value(self, lead: _Lead | None, after: _After, *, few_merged: bool = False) -> list[_Place]:
        """Return the places by name, or by a number: from few models, or from the start of the sorted list."""
        bind = Binds()
        if few_merged:
            # Without a limit SQLite would leave the order out, and sort all lists instead of going through them.
            source = f"({self._merge(bind, None)} ORDER BY 1 LIMIT {bind(_FEW)}) s CROSS JOIN models m"
            asked = ["m.seq = s.seq", *self._unmerged(bind)]
        else:
            source, asked = self._source(bind, lead)
        value, seq = "m.display_name", "m.seq"
        if self._request.sort_by != "displayName":
            value, seq = "v.number", "v.model_seq"
            whole = lead is None and not few_merged
            source = f"model_numbers v CROSS JOIN {source}" if whole else f"{source} CROSS JOIN model_numbers v"
            asked = [f"v.field = {bind(field_name(self._request.sort_by).encode())}", "v.model_seq = m.seq", *asked]
        if after is not None:
            last, number = bind(after[0]), bind(after[1])
            asked.append(f"({value}, {seq}) {self._beyond} ({last}, {number})")
        found = f"SELECT {seq} AS seq, {value} AS value FROM {source} WHERE {' AND '.join(asked)}"
        order = f"{value} {self._way}, {seq} {self._way}"
        return self._ask(f"{found} ORDER BY {order} LIMIT {bind(self._request.limit + 1)}", bind)

    def _source(self, bind: Binds, lead: _Lead | None) -> tuple[str, list[str]]:
        """Return where the model ``m`` comes from, and what it is asked."""
        places = bind.each(self._compartments)
        # With several compartments no index on them is taken: it would be sorted by them first.
        asked = [f"{'m.compartment_id' if len(self._compartments) == 1 else _NO_INDEX} IN ({places})"]
        asked += [] if self._wanted.deleted else [_ALIVE]
        asked += [one.holds(bind) for one in self._rarest_first() if lead is None or one != lead.condition]
        asked += [_not(group, bind) for group in self._wanted.absent]
        models = "models m"
        if self._sqlite and not self._wanted.deleted and (lead is not None or self._request.sort_by != "displayName"):
            models = f"models m INDEXED BY {_BY_SEQ}"  # which is smaller than the table, and has what is read of most
        if lead is None:
            return models, asked
        found = self._all_here(bind) if lead.condition is None else self._listing(lead.condition, bind).sql()
        return f"({found}) s CROSS JOIN {models}", ["m.seq = s.seq", *asked]

    def _all_here(self, bind: Binds) -> str:
        return f"SELECT m.seq FROM models m WHERE m.compartment_id IN ({bind.each(self._compartments)}) AND {_ALIVE}"

    def _listing(self, condition: Condition, bind: Binds) -> Listing:
        listing = condition.listing(bind, self._compartments)
        if listing is None:
            raise AssertionError(f"there is no list for {condition}")
        return listing

    # What follows is for SQLite, whose INTERSECT and EXCEPT of ordered lists go through them side by side.

    def _merged(self) -> list[_Place]:
        """Return the places by time, from the merged lists, of which only as much is read as the page takes."""
        found: list[_Place] = []
        wanted, after = self._request.limit + 1, None if self._after is None else self._after[1]
        step = _FIRST_STEP if self._unmerged(Binds()) else wanted
        while True:
            bind = Binds()
            asked = ["m.seq = s.seq", *self._unmerged(bind)]
            portion = f"{self._merge(bind, after)} ORDER BY 1 {self._way} LIMIT {bind(step)}"
            if len(asked) > 1:
                source = f"({portion}) s CROSS JOIN models m WHERE {' AND '.join(asked)}"
                portion = f"SELECT s.seq FROM {source} ORDER BY s.seq {self._way} LIMIT {bind(wanted)}"
            rows = self._run(portion, bind)
            found += [_Place(row[0], row[0]) for row in rows]
            if len(found) >= wanted or (len(asked) == 1 and len(rows) < step):
                return found[:wanted]
            bind = Binds()
            last = self._run(f"{self._merge(bind, after)} ORDER BY 1 {self._way} LIMIT 1 OFFSET {bind(step - 1)}", bind)
            if not last:
                return found
            after, step = last[0][0], min(step * 2, _LARGEST_STEP)

    def _by_name(self) -> list[_Place]:
        """Return the places by name: along the sorted names for a while; where few of them fit, from a list, sorted.

        Names and what is asked go together often: all that fits may come late in the order.
        """
        found: list[_Place] = []
        wanted, after, walked, step = self._request.limit + 1, self._after, 0, _FIRST_STEP
        smallest: Condition | None = None
        while True:
            last = self._name_after(after, step)
            found += self._named(after, last, wanted - len(found))
            if len(found) == wanted or last is None:
                return found
            smallest = smallest if walked else self._smallest()
            after, walked, step = last, walked + step, min(step * 4, _LARGEST_STEP)
            if smallest is not None and walked >= self._size(smallest):
                return [*found, *self._by_value(_Lead(smallest), after)][:wanted]

    def _name_after(self, after: _After, step: int) -> _After:
        """Return the name, with its number, that comes so many after another one; None where there are fewer."""
        bind = Binds()
        named = self._walk("m.display_name, m.seq", [_ALIVE, self._here_in(bind), *self._later(after, bind)])
        rows = self._run(f"{named} LIMIT 1 OFFSET {bind(step - 1)}", bind)
        return (rows[0][0], rows[0][1]) if rows else None

    def _named(self, after: _After, last: _After, most: int) -> list[_Place]:
        """Return the first places between two names: an index has what is read of most."""
        bind = Binds()
        asked = [_ALIVE, self._here_in(bind), *self._later(after, bind)]
        if last is not None:
            up_to = "<=" if self._beyond == ">" else ">="
            asked.append(f"(m.display_name, m.seq) {up_to} ({bind(last[0])}, {bind(last[1])})")
        asked += [one.holds(bind) for one in self._rarest_first()]
        asked += [_not(group, bind) for group in self._wanted.absent]
        return self._ask(f"{self._walk('m.seq, m.display_name', asked)} LIMIT {bind(most)}", bind)

    def _walk(self, columns: str, asked: Sequence[str]) -> str:
        order = f"m.display_name {self._way}, m.seq {self._way}"
        return f"SELECT {columns} FROM models m INDEXED BY {_BY_NAME} WHERE {' AND '.join(asked)} ORDER BY {order}"

    def _later(self, than: _After, bind: Binds) -> list[str]:
        if than is None:
            return []
        return [f"(m.display_name, m.seq) {self._beyond} ({bind(than[0])}, {bind(than[1])})"]

    def _smallest(self) -> Condition | None:
        """Return the condition with the smallest list where it may be worth sorting. Sizes are known better then."""
        listed = [one for one in self._wanted.present if one in self._sizes]
        if not listed:
            return None
        bind = Binds()
        counts = [
            self._count_of(self._listing(one, bind).sql(), bind(_MOST_SORTED + 1), place)
            for place, one in enumerate(listed)
        ]
        self._sizes.update(zip(listed, self._run(f"SELECT {', '.join(counts)}", bind)[0], strict=True))
        smallest = min(listed, key=self._size)
        return smallest if self._size(smallest) <= _MOST_SORTED else None

    def _few_merged(self) -> bool:
        """Tell whether the merged lists have few models."""
        if len(self._to_merge()) <= 1 and not self._absent_to_merge():
            return False
        bind = Binds()
        merged = self._merge(bind, None)
        return bool(
            self._run(f"SELECT count(*) FROM ({merged} ORDER BY 1 LIMIT {bind(_FEW + 1)}) c", bind)[0][0] <= _FEW
        )

    def _merge(self, bind: Binds, after: int | None) -> str:
        """Return the query for the models on all lists, but for those on the lists of what must not be."""
        beyond = "" if after is None else f" AND {{}} {self._beyond} {bind(after)}"

        def cut(condition: Condition) -> str:
            listing = self._listing(condition, bind)
            return listing.sql(beyond.format(listing.column))

        lists = [cut(one) for one in self._to_merge()]
        if self._merged_state() is None:
            alive = f"SELECT seq FROM models m INDEXED BY {_BY_SEQ} WHERE {_ALIVE} AND {self._here_in(bind)}"
            lists.append(alive + beyond.format("seq"))
        without = [
            cut(group[0]) if len(group) == 1 else f"SELECT seq FROM ({' INTERSECT '.join(map(cut, group))} ORDER BY 1)"
            for group in self._absent_to_merge()
        ]
        return " EXCEPT ".join((" INTERSECT ".join(lists), *without))

    def _here_in(self, bind: Binds) -> str:
        """Return whether the model ``m`` is in the compartments."""
        return f"m.compartment_id IN ({bind.each(self._compartments)})"

    def _to_merge(self) -> list[Condition]:
        able = [one for one in self._wanted.present if self._is_mergeable(one)]
        return sorted(able, key=self._size)[:_MOST_MERGED]

    def _absent_to_merge(self) -> list[tuple[Condition, ...]]:
        able = [group for group in self._wanted.absent if all(map(self._is_mergeable, group))]
        return able[:_MOST_MERGED]

    def _is_mergeable(self, condition: Condition) -> bool:
        listing = condition.listing(Binds(), self._compartments)
        return listing is not None and (listing.ordered or self._size(condition) <= _SORTABLE)

    def _merged_state(self) -> ColumnIs | None:
        """Return the state whose list is merged: it takes the place of the list of all that isn't deleted."""
        return next((one for one in self._to_merge() if isinstance(one, ColumnIs)), None)

    def _unmerged(self, bind: Binds) -> list[str]:
        merged, without = self._to_merge(), self._absent_to_merge()
        asked = [one.holds(bind) for one in self._rarest_first() if one not in merged]
        asked += [_not(group, bind) for group in self._wanted.absent if group not in without]
        state = self._merged_state()
        if state is not None and state.column == "id":
            asked.append(self._here_in(bind))
        return asked

    def _ask(self, sql: str, bind: Binds) -> list[_Place]:
        return [_Place(row[0], row[1]) for row in self._run(sql, bind)]

    def _run(self, sql: str, bind: Binds) -> Sequence[Any]:
        return self._session.connection().execute(text(sql), bind.values).all()


_NO_INDEX = "coalesce(m.compartment_id, '')"


def _not(group: Sequence[Condition], bind: Binds) -> str:
    return f"NOT ({' AND '.join(one.holds(bind) for one in group)})"
