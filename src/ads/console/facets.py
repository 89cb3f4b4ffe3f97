"""The values by which models can be narrowed down, with how many models have each; counted anew after a change.

In a large catalog, where counting takes long and something changes all the time, at most a twentieth of the time is
spent on it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ads.console.catalog import people
from ads.registry.catalog_tables import ModelTerm
from ads.registry.database import Database
from ads.registry.event_feed import last_number
from ads.registry.tables import Model

__all__ = ["facets"]

_FIELDS = (("framework", "Framework"), ("alias", "Alias"), ("usecasetype", "Use case"))
_OWNER = "createdby"
_MOST_VALUES = 8
_MOST_KEPT = 64
_LAST = "\U0010ffff"
_LARGE = 1000
_REST = 20


@dataclass(frozen=True)
class _Counted:
    """What was counted when ``number`` was the last event. It is good until ``until`` even after a change."""

    number: int
    until: float
    facets: list[dict[str, Any]]


_lock = threading.Lock()
_known: dict[tuple[str, frozenset[str]], _Counted] = {}


def facets(database: Database, session: Session, places: Collection[str]) -> list[dict[str, Any]]:
    """Return the facets with their most frequent values. Each value has the term that asks for it."""
    key = (str(database.engine.url), frozenset(places))
    number = last_number(session)
    with _lock:
        found = _known.get(key)
    began = time.monotonic()
    if found is not None and (found.number == number or began < found.until):
        return found.facets
    owners = _by_owner(session, places)
    made = [facet for facet in (*_by_terms(session, places), owners) if facet["values"]]
    large = sum(value["count"] for value in owners["values"]) >= _LARGE
    now = time.monotonic()
    with _lock:
        if len(_known) >= _MOST_KEPT:
            _known.clear()
        _known[key] = _Counted(number, now + _REST * (now - began) if large else now, made)
    return made


def _by_terms(session: Session, places: Collection[str]) -> list[dict[str, Any]]:
    made = []
    for field, title in _FIELDS:
        count = func.count()
        rows = session.execute(
            select(ModelTerm.term, count)
            .join(Model, Model.seq == ModelTerm.model_seq)
            .where(
                ModelTerm.term >= f"{field}\t",
                ModelTerm.term < f"{field}\t{_LAST}",
                Model.compartment_id.in_(places),
                Model.lifecycle_state != "DELETED",
            )
            .group_by(ModelTerm.term)
            .order_by(count.desc(), ModelTerm.term)
            .limit(_MOST_VALUES)
        )
        named = [(row[0].partition("\t")[2], row[1]) for row in rows]
        made.append(_facet(field, title, [(value, value, number) for value, number in named if value]))
    return made


def _by_owner(session: Session, places: Collection[str]) -> dict[str, Any]:
    count = func.count()
    rows = list(
        session.execute(
            select(Model.created_by, count)
            .where(Model.compartment_id.in_(places), Model.lifecycle_state != "DELETED")
            .group_by(Model.created_by)
            .order_by(count.desc())
            .limit(_MOST_VALUES)
        )
    )
    names = people(session, (row[0] for row in rows))
    return _facet(_OWNER, "Owner", [(row[0], names.get(row[0], row[0][-8:]), row[1]) for row in rows])


def _facet(field: str, title: str, values: list[tuple[str, str, int]]) -> dict[str, Any]:
    listed = [{"term": _term(field, value), "text": text, "count": count} for value, text, count in values]
    return {"field": field, "title": title, "values": listed}


def _term(field: str, value: str) -> str:
    plain = value.replace('"', "")
    return f'{field}:"{plain}"' if any(c in plain for c in ' :<>="') or not plain.isascii() else f"{field}:{plain}"
