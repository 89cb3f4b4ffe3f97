"""CSV and JSON as bodies of predictions."""

from __future__ import annotations

import pytest

from ads.cli.payload import from_csv, from_file, from_json, read_table
from ads.errors import InputError


def rows(text: str) -> list[dict[str, object]]:
    return [dict(record) for record in from_csv(text, "x.csv")]


def test_columns_get_the_type_of_all_their_values():
    text = "int,float,flag,text,mixed\n1,1.5,true,a,1\n-2,2e3,False,b,x\n"
    assert rows(text) == [
        {"int": 1, "float": 1.5, "flag": True, "text": "a", "mixed": "1"},
        {"int": -2, "float": 2000.0, "flag": False, "text": "b", "mixed": "x"},
    ]


def test_postal_codes_keep_their_zeros():
    assert rows("zip,zero\n01234,0\n99999,0.5\n")[0] == {"zip": "01234", "zero": 0.0}


def test_empty_cells_are_null():
    assert rows("a,b,c\n1,,x\n,2.5,NA\n") == [{"a": 1, "b": None, "c": "x"}, {"a": None, "b": 2.5, "c": "NA"}]


def test_quotes_commas_newlines_and_a_byte_order_mark(tmp_path):
    file = tmp_path / "x.CSV"
    file.write_bytes('﻿"name, full",n\r\n"Doe, Jane\nJr",1\r\n\r\n'.encode())
    assert read_table(file, {}).records == [{"name, full": "Doe, Jane\nJr", "n": 1}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", "has no rows"), ("a,b\n", "has no rows"), ("a,b\n1\n", "row 2 has 1 values, but the header names 2 columns")],
)
def test_tables_that_are_none(text, expected):
    with pytest.raises(InputError, match=expected):
        from_csv(text, "x.csv")


def test_binary_files_are_refused(tmp_path):
    file = tmp_path / "x.json"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not text in UTF-8"):
        from_file(file)


def test_json_keeps_every_digit():
    assert from_json("[0.1000, 1e5]", "x") == b"[0.1000, 1e5]"
