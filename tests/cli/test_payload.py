"""CSV and JSON as bodies of predictions."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from ads.cli.payload import Table, dtypes_of, from_csv, from_file, from_json, read_table
from ads.cli.prediction_file import joined, write
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


DTYPES = {"age": "int64", "rate": "float64", "zip": "object", "member": "bool"}


def test_cells_become_what_the_models_columns_are():
    text = "age,rate,zip,member,extra\n42,1,01234,1,7\n,2.5,99999,false,8\n"
    assert list(from_csv(text, "x.csv", DTYPES)) == [
        {"age": 42, "rate": 1.0, "zip": "01234", "member": True, "extra": 7},
        {"age": None, "rate": 2.5, "zip": "99999", "member": False, "extra": 8},
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age\n1.5\n", "row 2 has '1.5' in the column 'age', where the model takes int64"),
        ("rate\n1\nhigh\n", "row 3 has 'high' in the column 'rate', where the model takes float64"),
        ("rate\n1e999\n", "which JSON can't carry"),
        ("member\nmaybe\n", "where the model takes bool"),
    ],
)
def test_a_cell_that_is_none_of_its_column_is_named(text, expected):
    with pytest.raises(InputError, match=re.escape(expected)):
        from_csv(text, "x.csv", DTYPES)


def test_the_dtypes_of_a_schema():
    schema = {"schema": [{"name": "age", "dtype": "int64"}, {"name": 0, "dtype": "float64"}]}
    assert dtypes_of(json.dumps(schema)) == {"age": "int64", "0": "float64"}
    assert dtypes_of(None) == dtypes_of("[1]") == dtypes_of("{") == {}


def test_json_lines(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n\n{"a": 2}\n')
    assert read_table(tmp_path / "x.jsonl", {}).records == [{"a": 1}, {"a": 2}]
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n{a: 2}\n')
    with pytest.raises(InputError, match="line 2 is not JSON"):
        read_table(tmp_path / "x.jsonl", {})


def test_parquet_keeps_its_types(tmp_path):
    frame = pd.DataFrame({"a": pd.Series([1, 2], dtype="int8"), "t": pd.to_datetime(["2026-01-01", "2026-01-02"])})
    frame.to_parquet(tmp_path / "x.parquet")
    (batch,) = read_table(tmp_path / "x.parquet", {}).batches()
    sent = json.loads(batch.body)
    assert batch.rows == 2
    assert sent["data_type"] == "openads.frame"
    assert sent["frame"]["dtypes"]["a"] == "int8"
    (tmp_path / "x.parquet").write_bytes(b"no")
    with pytest.raises(InputError, match="not a Parquet file"):
        read_table(tmp_path / "x.parquet", {})


def test_a_long_table_goes_in_several_requests_in_its_order():
    table = Table(records=[{"n": number, "text": "x" * 1000} for number in range(12_000)])
    batches = list(table.batches())
    assert len(batches) > 2
    assert all(len(batch.body) <= 4 * 1024 * 1024 for batch in batches)
    assert sum(batch.rows for batch in batches) == 12_000
    assert [row["n"] for batch in batches for row in json.loads(batch.body)] == list(range(12_000))


def test_answers_of_several_requests_become_one():
    assert joined([{"prediction": [1, 2]}, {"prediction": [3]}]) == {"prediction": [1, 2, 3]}
    assert joined([{"prediction": [1]}]) == {"prediction": [1]}
    assert joined([{"score": 1}, {"score": 2}]) == [{"score": 1}, {"score": 2}]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "json"])
def test_predictions_are_written_beside_the_rows(tmp_path, ending):
    table = Table(records=[{"age": 42, "plan": "a,b"}, {"age": None, "plan": "c"}])
    target = tmp_path / f"out.{ending}"
    write(target, {"prediction": [True, [0.1, 0.9]] if ending != "parquet" else [1, 0]}, table)
    if ending == "csv":
        assert target.read_text() == 'age,plan,prediction\n42,"a,b",true\n,c,"[0.1, 0.9]"\n'
    elif ending == "jsonl":
        assert [json.loads(line)["prediction"] for line in target.read_text().splitlines()] == [True, [0.1, 0.9]]
    elif ending == "parquet":
        assert pd.read_parquet(target)["prediction"].tolist() == [1, 0]
    else:
        assert json.loads(target.read_text()) == {"prediction": [True, [0.1, 0.9]]}


def test_an_answer_that_is_no_table_is_written_as_json_only(tmp_path):
    with pytest.raises(InputError, match="not one prediction for each row"):
        write(tmp_path / "x.csv", {"score": 1}, None)
    with pytest.raises(InputError, match="doesn't say as what"):
        write(tmp_path / "x.xls", {"prediction": [1]}, None)
    write(tmp_path / "x.json", {"score": 1}, None)
