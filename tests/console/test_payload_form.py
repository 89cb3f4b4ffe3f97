"""The form of a prediction: fields from columns, a payload from fields."""

from __future__ import annotations

from typing import Any

import pytest

from ads.console.payload_form import fields_of, first_row, payload_of
from ads.errors import InputError


def entry(name: str, dtype: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "dtype": dtype, "description": name, "tensor": False, "required": True, **more}


COLUMNS = [
    entry("age", "int64"),
    entry("income", "float64"),
    entry("member", "bool", required=False),
    entry("city", "object", description="Where they live"),
]
SAMPLE = {"body": {"data": {"age": [31, 40], "income": [2.5, 3], "member": [True, False], "city": ["Oslo", "Rome"]}}}


def test_each_column_is_a_field_prefilled_from_the_sample() -> None:
    fields = fields_of({"inputs": COLUMNS, "example": SAMPLE})
    assert [(f["name"], f["kind"], f["value"]) for f in fields] == [
        ("age", "whole", "31"),
        ("income", "number", "2.5"),
        ("member", "flag", "true"),
        ("city", "text", "Oslo"),
    ]
    assert [f["description"] for f in fields] == ["", "", "", "Where they live"]
    assert [f["required"] for f in fields] == [True, True, False, True]


def test_what_is_typed_becomes_a_row_with_the_types_of_its_columns() -> None:
    fields = fields_of({"inputs": COLUMNS, "example": None})
    assert [f["value"] for f in fields] == ["", "", "", ""]
    texts = ["7", "1e3", "false", "true"]
    assert payload_of(fields, texts.__getitem__) == {
        "data": [{"age": 7, "income": 1000.0, "member": False, "city": "true"}]
    }
    assert payload_of(fields, lambda _: "")["data"][0] == dict.fromkeys(["age", "income", "member", "city"])


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["7.5", "", "", ""], "age is '7.5', not a whole number."),
        (["", "much", "", ""], "income is 'much', not a number."),
        (["", "inf", "", ""], "income is 'inf', not a number."),
        (["", "", "yes", ""], "member is 'yes', not true or false."),
    ],
)
def test_a_text_that_is_no_value_is_refused_by_the_name_of_its_column(texts: list[str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        payload_of(fields_of({"inputs": COLUMNS}), texts.__getitem__)
    assert caught.value.message == said


def test_tensors_and_very_many_columns_have_no_form() -> None:
    assert fields_of({}) == []
    assert fields_of({"inputs": [entry("image", "float32", tensor=True)]}) == []
    assert fields_of({"inputs": [entry(f"c{n}", "float64") for n in range(81)]}) == []


@pytest.mark.parametrize("body", [{"data": [{"a": 1}, {"a": 2}]}, [{"a": 1}], {"a": [1, 2]}, {"data": {"a": [1]}}])
def test_the_first_row_is_found_in_every_form_of_a_table(body: Any) -> None:
    assert first_row(body) == {"a": 1}


@pytest.mark.parametrize("body", [None, [], [[1, 2]], "text", {"data": []}, {"data": "abc"}, 5])
def test_what_is_no_table_has_no_first_row(body: Any) -> None:
    assert first_row(body) == {}
