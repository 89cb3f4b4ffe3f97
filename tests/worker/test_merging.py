"""Whatever requests meet in one frame, each gets what it would get alone."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ads.worker.frames import JSON, RAW, Item
from ads.worker.merging import Schema, join, part_of, single_rows, split_answer
from ads.worker.predictor import Predictor

TWO_FLOATS = Schema(2, all_floats=True)
TWO_COLUMNS = Schema(2, all_floats=False)
UNKNOWN = Schema(0, all_floats=False)


class WrongInputError(ValueError):
    http_status = 400


def rows_of(data: Any) -> list[list[Any]]:
    """Read a payload as strictly as a generated score.py: the first bad row fails the whole call."""
    if isinstance(data, dict) and "data" in data:
        data = data["data"]
    if isinstance(data, dict):
        data = [list(row) for row in zip(data["a"], data["b"], strict=True)]
    if not isinstance(data, list) or not data:
        raise WrongInputError("no rows")
    if not isinstance(data[0], list | dict):
        data = [data]
    return [[row["a"], row["b"]] if isinstance(row, dict) else list(row) for row in data]


def predict(data: Any) -> Any:
    if isinstance(data, bytes):
        return len(data)
    answers: list[Any] = []
    for row in rows_of(data):
        if len(row) != 2:
            raise WrongInputError(f"a row of {len(row)}")
        first, second = row
        if first == 13:
            raise RuntimeError("this row breaks the model")
        answers.append(math.nan if first == 7 else [first, second])
    return {"prediction": answers}


def predict_by_kind(data: Any) -> Any:
    """A table's column has one dtype: what one row holds changes what the others become."""
    columns = list(zip(*rows_of(data), strict=True))
    dtypes = [str(sorted({type(value).__name__ for value in column})) for column in columns]
    return {"prediction": [[*row, *dtypes] for row in rows_of(data)]}


numbers = st.one_of(st.integers(0, 20), st.floats(0, 20, width=16))
values = st.one_of(numbers, st.none(), st.text(max_size=2), st.booleans())
row = st.lists(values, min_size=1, max_size=3)
record = st.fixed_dictionaries({"a": values, "b": values}, optional={"c": values})
columns = st.integers(1, 3).flatmap(
    lambda n: st.fixed_dictionaries({name: st.lists(values, min_size=n, max_size=n) for name in "ab"})
)
good_row = st.tuples(numbers, numbers).map(list)
plain = st.one_of(
    st.lists(good_row, min_size=1, max_size=3), st.lists(row, max_size=3), st.lists(record, max_size=3), columns, row
)
payload = st.one_of(
    plain,
    plain.map(lambda data: {"data": data}),
    plain.map(lambda data: {"data": data, "data_type": "openads.frame", "frame": {"dtypes": {"a": "int32"}}}),
    plain.map(lambda data: {"data": data, "data_type": "openads.frame", "frame": {"index": [[1], "int64", None]}}),
)
body = st.one_of(payload.map(lambda value: json.dumps(value).encode()), st.sampled_from([b"{", b"NaN", b'"x"', b"1"]))
items = st.lists(st.tuples(st.sampled_from([JSON, JSON, JSON, RAW]), body), min_size=1, max_size=12)


@settings(max_examples=300, deadline=None)
@given(items, st.sampled_from([TWO_FLOATS, TWO_COLUMNS]))
def test_any_interleaving_gives_every_caller_its_own_rows(found: list[tuple[int, bytes]], schema: Schema) -> None:
    for function in (predict, predict_by_kind) if schema is TWO_COLUMNS else (predict,):
        alone, together = Predictor(function), Predictor(function)
        together.merge(schema)
        frame = [Item(kind, b"", body) for kind, body in found]
        assert together.answer_all(frame) == [alone.answer(item) for item in frame]


def test_what_fits_together_is_predicted_in_one_call() -> None:
    calls: list[Any] = []

    def record_calls(data: Any) -> Any:
        calls.append(data)
        return predict(data)

    predictor = Predictor(record_calls)
    predictor.merge(TWO_FLOATS)
    bodies = [b"[[1, 2]]", b"[[3.5, 4], [5, 6]]", b'{"data": [[8, 9]]}', b"[[1]]", b'{"a": [1], "b": [2]}']
    answers = predictor.answer_all([Item(JSON, b"", body) for body in bodies])
    assert [status for status, _ in answers] == [200, 200, 200, 400, 200]
    assert json.loads(answers[1][1]) == {"prediction": [[3.5, 4], [5, 6]]}
    assert calls == [[[1, 2], [3.5, 4], [5, 6]], {"data": [[8, 9]]}, [[1]], {"a": [1], "b": [2]}]


def test_one_callers_fault_is_not_anothers() -> None:
    predictor = Predictor(predict)
    predictor.merge(TWO_FLOATS)
    bodies = [b"[[1, 2]]", b"[[13, 0]]", b"[[7, 0]]", b"[[3, 4]]"]
    answers = predictor.answer_all([Item(JSON, b"", body) for body in bodies])
    assert [status for status, _ in answers] == [200, 500, 500, 200]
    assert b"NaN" in answers[2][1]
    assert json.loads(answers[3][1]) == {"prediction": [[3, 4]]}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([[1, 2.5]], [["1", 2.5]]),  # the column would be text for both
        ([[1, 2]], [[None, 2]]),  # the column would be floats for both
        ([{"a": 1, "b": 2}], [{"b": 2, "a": 1}]),
        ([[1, 2]], [{"a": 1, "b": 2}]),
        ([[1, 2]], {"data": [[1, 2]]}),
        ({"data": [[1, 2]], "data_type": "x"}, {"data": [[1, 2]], "data_type": "y"}),
    ],
)
def test_what_could_change_anothers_dtypes_does_not_fit(first: Any, second: Any) -> None:
    one, two = part_of(first, TWO_COLUMNS), part_of(second, TWO_COLUMNS)
    assert one is not None
    assert two is not None
    assert one.key != two.key


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        "text",
        1,
        None,
        [1, 2],  # one row of two columns
        [[1, [2]]],
        [[]],
        [{}],
        [[1, 2], [1]],
        {"a": [1], "b": []},
        {"a": 1, "b": 2},
        {"columns": ["a", "b"], "data": [[1, 2]]},
        {"data": [[1, 2]], "threshold": 0.5},
        {"data": "[[1, 2]]"},
        {"data": {"a": [1], "b": [2]}, "data_type": "openads.frame", "frame": {"index": [[3], "int64", None]}},
        {"data": {"a": [1], "b": [2]}, "frame": {"dtypes": {"a": {"dtype": "object", "nan": [0]}}}},
    ],
)
def test_other_forms_stay_alone(value: Any) -> None:
    assert part_of(value, TWO_COLUMNS) is None


@pytest.mark.parametrize(
    "value",
    [
        [[1, "x"], [2, "y"], [3, None]],
        [{"a": 1, "b": True}, {"a": 2, "b": False}],
        {"a": [1, 2, 3], "b": ["x", "y", "z"]},
        {"data": {"a": [1, 2], "b": [None, "y"]}, "data_type": "openads.frame"},
    ],
)
def test_rows_taken_apart_and_joined_are_what_they_were(value: Any) -> None:
    part = part_of(value, TWO_COLUMNS)
    assert part is not None
    alone = [part_of(row, TWO_COLUMNS) for row in single_rows(part)]
    assert [each.rows for each in alone if each] == [1] * part.rows
    assert join([each for each in alone if each]) == value


def test_a_flat_list_is_rows_where_there_is_one_column_or_nothing_is_known() -> None:
    for schema in (Schema(1, all_floats=True), UNKNOWN):
        one, two = part_of([1.5], schema), part_of([2.5, 3.5], schema)
        assert one is not None
        assert two is not None
        assert join([one, two]) == [1.5, 2.5, 3.5]


@pytest.mark.parametrize(
    "answer", [{"prediction": [1]}, {"prediction": 1}, {"prediction": [1, 2, 3], "n": 3}, "abc", None, 3]
)
def test_an_answer_without_one_prediction_for_each_row_is_nobodys(answer: Any) -> None:
    assert split_answer(answer, [1, 2]) is None
