"""The index of search: made for what an older version registered, and the same as if it had always been there."""

from __future__ import annotations

from sqlalchemy import delete, select

from ads.registry import model_index
from ads.registry.catalog_tables import ModelNumber, ModelTerm
from ads.registry.model_index import ensure_index
from ads.registry.tables import Default

from .conftest import Catalog


def contents(catalog: Catalog) -> tuple[set[tuple[str, int]], set[tuple[str, int, float]]]:
    with catalog.database.read() as session:
        terms = {(row.term, row.model_seq) for row in session.scalars(select(ModelTerm))}
        return terms, {(row.field, row.model_seq, row.number) for row in session.scalars(select(ModelNumber))}


def test_older_models_are_indexed_once(catalog: Catalog, monkeypatch) -> None:
    monkeypatch.setattr(model_index, "_BATCH", 2)
    for n in range(5):
        catalog.model(f"old {n}")
    kept = contents(catalog)
    with catalog.database.write() as session:
        session.execute(delete(ModelTerm))
        session.execute(delete(ModelNumber))
        session.execute(delete(Default).where(Default.name == "search_index"))
    assert ensure_index(catalog.database) == 5
    assert contents(catalog) == kept
    assert ensure_index(catalog.database) == 0


def test_an_index_that_was_interrupted_goes_on(catalog: Catalog) -> None:
    for n in range(3):
        catalog.model(f"old {n}")
    kept = contents(catalog)
    with catalog.database.write() as session:
        session.execute(delete(ModelTerm).where(ModelTerm.model_seq > 1))
        session.merge(Default(name="search_index", value="1:1"))
    assert ensure_index(catalog.database) == 2
    assert contents(catalog)[0] == kept[0]
