"""Rows of numbers that are read as one text: each caller gets what it would have got alone."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ads.worker import predictor
from ads.worker.bare_array import BareArray
from ads.worker.encode import encode_json
from ads.worker.frames import CSV, JSON, Item
from ads.worker.merging import Schema
from ads.worker.plain_tables import read_rows, read_tables, write_rows, write_tables
from ads.worker.predictor import Predictor

PIECES = ['{"data":', '{"da1ta":', "[[", "]]", "[", "]", "}", "1", "2.5", ",", ";", " ", "-", "null", "1e5", '"', ":"]
ROWS = ['{"data":[[1,2]]}', '{"data": [[3, 4.5]]}', "[[5,6]]", '{"data":[[7,8]]} ']
ODD = [
    '{"data":[[1,2]]};{"data":[[3,4]]}',
    '{"data":[[1',
    '2]]},{"data":[[3,4]]}',
    '1,{"data":[[1,2]]}',
    '{"data":[[1,2]]},',
    '{"data":[[1],2]}',
    '{"data":[2,[1]]}',
    '{"da1ta":[[1,2]]}',
    '{"data":[[1,2,3]]}',
    '{"data":[[]]}',
    '{"data":[[12345678901234567890123,2]]}',
    '{"data":[[1e999,2]]}',
    "",
    ";",
]
BODIES = st.one_of(
    st.sampled_from(ROWS),
    st.sampled_from(ODD),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
)


def total(data: Any) -> Any:
    """Give each row's sum; what is no table of two columns is refused."""
    rows = data["data"] if isinstance(data, dict) else data
    if not rows or any(not isinstance(row, list) or len(row) != 2 for row in rows):
        raise ValueError("two columns")
    return {"prediction": [row[0] + 10 * row[1] for row in rows]}


def items(bodies: list[str]) -> list[Item]:
    return [Item(JSON, b'{"request_id":"x"}', body.encode()) for body in bodies]


@given(st.lists(BODIES, min_size=2, max_size=6))
def test_nobody_gets_what_is_somebody_elses(bodies: list[str]) -> None:
    together, alone = Predictor(total), Predictor(total)
    together.merge(Schema(2, all_floats=True))
    answers = [(status, json.loads(text)) for status, text in together.answer_all(items(bodies))]
    assert answers == [(status, json.loads(text)) for status, text in map(alone.answer, items(bodies))]


@pytest.mark.parametrize("row", ROWS)
def test_rows_of_the_same_form_are_read_at_once(row: str) -> None:
    pytest.importorskip("orjson")
    found = read_rows(items([row] * 3))
    value = json.loads(row)
    enveloped = isinstance(value, dict)
    assert found == ([(value["data"] if enveloped else value)[0]] * 3, enveloped)


@pytest.mark.parametrize("odd", ODD)
def test_odd_bodies_are_read_one_by_one(odd: str) -> None:
    for bodies in ([odd, ROWS[0]], [ROWS[0], odd], [odd, odd], ['{"data":[[1', odd]):
        if odd == '{"data":[[1,2,3]]}' and bodies[0] == bodies[1]:
            continue
        assert read_rows(items(bodies)) is None


def test_what_is_asked_for_in_another_form_is_read_one_by_one() -> None:
    one, two = items(ROWS[:2])
    assert read_rows([one, two._replace(meta=b'{"request_id":"x","answer":"csv"}')]) is None
    assert read_rows([one, two._replace(kind=CSV)]) is None
    assert read_rows(items([ROWS[0], ROWS[2]])) is None, "under a name, and without"


@pytest.mark.parametrize(
    "result",
    [
        {"prediction": [1, 2.5]},
        {"prediction": [1]},
        {"prediction": [float("nan"), 1.0]},
        {"prediction": [2**70, 1]},
        {"prediction": ["\ud800", "a"]},
        {"prediction": [1, 2], "more": 1},
        {"prediction": [True, False]},
        {"prediction": [[1.0], [float("nan")]]},
        {"prediction": [[1.0], [[2.0]]]},
        {"prediction": [[1.0], ["],["]]},
        {"prediction": [[1.0], [True]]},
        {"prediction": [[1.0], 2.0]},
        [1, 2],
        None,
    ],
    ids=str,
)
def test_other_results_are_written_one_by_one(result: Any) -> None:
    assert write_rows(result, 2) is None


@pytest.mark.parametrize("values", [[1, -2], [0.1 + 0.2, 1e22], ['a,"b"', "null"], [[0.1, -2], [3]], [[], []]], ids=str)
def test_each_row_gets_its_own_text(values: list[Any]) -> None:
    texts = write_rows({"prediction": values}, 2)
    assert texts is not None
    assert [json.loads(text) for text in texts] == [{"prediction": [value]} for value in values]


TABLES = [
    '{"data":[[1,2],[3,4.5],[-5e-3,6]]}',
    '{"data": [[1, 2], [3, 4.5], [-5e-3, 6]]}',
    "[[1,2],[3,4]]",
    " [ [1, 2], [3, 4] ] ",
    "[[1,2]]",
    "[[7,8], [9,10],[11,12]]",
    '{"data":[[0.1,123456789012345678],[3,4]]}',
]
FAULTS = [*PIECES, "5", " 5", "5 ", ",5", "],[", "], [", "-", ".", "e", "E9", "NaN", "12345678901234567890", "[[", "\t"]


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """Return a table into which something was put, or from which something was taken."""
    text = draw(st.sampled_from(TABLES))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(text)))
        fault = draw(st.sampled_from(FAULTS))
        text = text[:place] + fault + text[place + draw(st.integers(0, 2)) :]
    return text


def bare() -> BareArray:
    return BareArray(["a", "b"], lambda array: array[:, 0] + 10 * array[:, 1], total)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have short bodies read as long ones are."""
    monkeypatch.setattr(predictor, "LONG_TABLE", 0)


@pytest.mark.usefixtures("short")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=600)
@given(st.lists(spoilt(), min_size=1, max_size=3))
def test_a_long_table_is_answered_as_one_that_is_read_in_the_usual_way(bodies: list[str]) -> None:
    quick, usual = Predictor(bare()), Predictor(bare())
    quick.merge(Schema(2, all_floats=True))
    answers = [(status, json.loads(text)) for status, text in quick.answer_all(items(bodies))]
    assert answers == [(status, json.loads(text)) for status, text in map(usual.answer, items(bodies))]


@pytest.mark.parametrize("body", TABLES)
def test_tables_are_read_at_once(body: str) -> None:
    found = read_tables(items([body, body]), 2)
    mixed = "[9,10],[" in body
    value = json.loads(body)
    rows = value["data"] if isinstance(value, dict) else value
    assert found == (None if mixed else ([cell for row in rows + rows for cell in row], [len(rows)] * 2))
    assert read_tables(items([body]), 3) is None


def test_other_forms_are_not_read_as_long_tables() -> None:
    table = json.dumps([[1.5, 2]] * 200)
    assert read_tables(items([table]), 2) is not None
    for meta in (b'{"answer":"csv"}', b'{"outputs":["predict"]}'):
        assert read_tables([Item(JSON, meta, table.encode())], 2) is None
    assert read_tables([Item(CSV, b"", table.encode())], 2) is None
    assert BareArray(["data", "b"], len, total).width == 0


@given(st.lists(st.floats(), min_size=1), st.booleans())
def test_arrays_are_written_as_their_lists_are(values: list[float], whole: bool) -> None:
    array = np.array([hash(value) for value in values] if whole else values, dtype="int64" if whole else "float64")
    texts = write_tables(np.concatenate([array, array]), [len(values)] * 2)
    if not whole and not np.isfinite(array).all():
        assert texts is None
    else:
        assert texts == [encode_json({"prediction": array.tolist()})] * 2


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([[1]]), np.array([1], "int8"), np.array([1, 2])])
def test_other_arrays_are_written_in_the_usual_way(array: Any) -> None:
    assert write_tables(array, [1]) is None
