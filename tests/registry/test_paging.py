"""Pages: every row once, whatever happens meanwhile; tokens that fit one list of one caller."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ads.errors import InputError
from ads.registry.models import select_models
from ads.registry.paging import PageRequest, fetch_page
from ads.registry.tables import Model

SORT = {"timeCreated": Model.time_created, "displayName": Model.display_name}
FIRST = PageRequest(b"secret", {"principal": "a", "compartment": "c"}, "displayName", "ASC", limit=2)


def pages(catalog, request: PageRequest, meanwhile=lambda: None) -> list[str]:
    names: list[str] = []
    while True:
        with catalog.database.read() as session:
            page = fetch_page(session, select_models({}), SORT, Model.seq, request)
        assert len(page.rows) <= request.limit
        names += [model.display_name for model in page.rows]
        if page.next_token is None:
            return names
        request = replace(request, token=page.next_token)
        meanwhile()


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("sort_by", ["displayName", "timeCreated"])
def test_every_row_comes_once_in_order(catalog, sort_by: str, order) -> None:
    names = ["b", "a", "c", "a", "d", "a"]
    for name in names:
        catalog.model(name)
    found = pages(catalog, replace(FIRST, sort_by=sort_by, order=order))
    expected = sorted(names) if sort_by == "displayName" else names
    assert found == (expected if order == "ASC" else expected[::-1])


def test_new_rows_hide_no_old_ones(catalog) -> None:
    for number in range(7):
        catalog.model(f"old-{number}")
    found = pages(catalog, replace(FIRST, sort_by="timeCreated", order="DESC"), lambda: catalog.model("new") and None)
    assert [name for name in found if name != "new"] == [f"old-{number}" for number in reversed(range(7))]


def test_foreign_tokens_are_refused(catalog) -> None:
    for _ in range(3):
        catalog.model("m")
    with catalog.database.read() as session:
        token = fetch_page(session, select_models({}), SORT, Model.seq, FIRST).next_token
        assert token
        wrong = [
            replace(FIRST, token=token, query={"principal": "b", "compartment": "c"}),
            replace(FIRST, token=token, sort_by="timeCreated"),
            replace(FIRST, token=token, order="DESC"),
            replace(FIRST, token=token, secret=b"other"),
            *(replace(FIRST, token=text) for text in ("", "x", "é", token[:-4], token.swapcase(), "A" * 10_000)),
        ]
        for request in wrong:
            with pytest.raises(InputError, match="page token"):
                fetch_page(session, select_models({}), SORT, Model.seq, request)
