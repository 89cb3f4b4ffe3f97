"""Search finds the same whichever way it takes: by few models, by merged lists, or along the sorted list."""

from __future__ import annotations

import pytest

from ads.registry import model_search
from ads.registry.model_search import search_models
from ads.registry.models import NewModel, create_model, delete_model, set_model_active
from ads.registry.paging import PageRequest
from ads.registry.search_grammar import parse_query

from .conftest import Catalog

QUERIES = (
    "",
    "churn",
    "churn even",
    "churn -even",
    "-even",
    '-"churn even"',
    "ch*",
    "-ch*",
    "ch* e*",
    "o* -chu*",
    "nothing*",
    "-nothing* churn",
    "auc>0.3",
    "even auc>0.3 auc<=0.8",
    "third:yes even -auc<0.2",
    "state:inactive",
    "state:inactive even",
    "state:deleted churn",
    "state:a*",
    "-state:inactive churn",
    "even odd",
    "third:yes -third:yes",
    "created>2020-01-01 odd",
)


@pytest.fixture
def filled(catalog: Catalog) -> Catalog:
    for number in range(40):
        words = f"{'churn' if number % 4 else 'chess'} {'odd' if number % 2 else 'even'}"
        said = NewModel(
            catalog.defaults.compartment_id,
            catalog.defaults.project_id,
            f"model {number * 7 % 40:02d}",
            words,
            defined_metadata=[{"key": "third", "value": "yes" if number % 3 == 0 else "no"}],
            custom_metadata=[{"key": "auc", "value": str(number / 40), "category": "Performance"}],
        )
        with catalog.database.write() as session:
            model = create_model(session, catalog.caller, said)
        with catalog.database.write() as session:
            if number % 10 == 3:
                delete_model(session, catalog.caller, model.id)
            if number % 10 == 6:
                set_model_active(session, catalog.caller, model.id, active=False)
    return catalog


def found(catalog: Catalog, query: str, sort_by: str, order: str, limit: int, places: set[str]) -> list[str]:
    names: list[str] = []
    token = None
    while True:
        request = PageRequest(b"secret", {}, sort_by, "ASC" if order == "ASC" else "DESC", limit, token)
        with catalog.database.read() as session:
            page = search_models(session, parse_query(query), places, request)
        names += [one.row.display_name for one in page.rows]
        token = page.next_token
        if token is None:
            return names


@pytest.mark.parametrize("sort_by", ["timeCreated", "displayName", "auc"])
def test_every_way_finds_the_same_in_the_same_order(
    filled: Catalog, sort_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = {filled.defaults.compartment_id}, {filled.defaults.compartment_id, filled.defaults.tenancy_id}
    expected = {
        (query, order): found(filled, query, sort_by, order, 100, here)
        for query in QUERIES
        for order in ("ASC", "DESC")
    }
    assert expected["churn even", "ASC"]
    for few, sortable, step, most_sorted, most_terms in (
        (0, 5000, 1000, 20_000, 16),
        (0, 0, 5, 20_000, 0),
        (0, 0, 3, 0, 1),
        (10, 5000, 4, 20_000, 16),
    ):
        monkeypatch.setattr(model_search, "_FEW", few)
        monkeypatch.setattr(model_search, "_SORTABLE", sortable)
        monkeypatch.setattr(model_search, "_FIRST_STEP", step)
        monkeypatch.setattr(model_search, "_MOST_SORTED", most_sorted)
        monkeypatch.setattr(model_search, "_MOST_TERMS", most_terms)
        for (query, order), names in expected.items():
            places = elsewhere if few == sortable else here
            assert found(filled, query, sort_by, order, 13, places) == names, (query, order, few)


def test_what_is_asked_for_is_found(filled: Catalog) -> None:
    here = {filled.defaults.compartment_id}

    def names(query: str) -> set[int]:
        return {int(name.split()[1]) * 23 % 40 for name in found(filled, query, "timeCreated", "ASC", 100, here)}

    alive = {number for number in range(40) if number % 10 != 3}
    assert names("") == alive
    assert names("churn -even") == {n for n in alive if n % 4 and n % 2}
    assert names("auc>0.3 third:yes") == {n for n in alive if n / 40 > 0.3 and n % 3 == 0}
    assert names("state:deleted") == set(range(40)) - alive
    assert names("-state:inactive even") == {n for n in alive if n % 10 != 6 and n % 2 == 0}
    assert names("even odd") == set()
