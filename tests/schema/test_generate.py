"""Schemas of every kind of sample, in the exact form of the contract, always valid JSON."""

import json
import time
import types

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from ads.errors import DataSizeTooWide, InputTypeError, SchemaError
from ads.schema import generate_schema, is_text_sequence


def strict(text):
    def refuse(token):
        raise AssertionError(f"{token} is not JSON")

    return json.loads(text, parse_constant=refuse)


def attribute(data, position=0):
    return strict(generate_schema(data).to_json())["schema"][position]


def test_a_float_column_has_the_documented_form():
    frame = load_iris(as_frame=True).data
    stats = (
        '{"count": 150.0, "mean": 5.843, "standard deviation": 0.828, "sample minimum": 4.3, "lower quartile": 5.1, '
        '"median": 5.8, "upper quartile": 6.4, "sample maximum": 7.9, "skew": 0.315}'
    )
    assert (
        generate_schema(frame)
        .to_json()
        .startswith(
            '{"schema": [{"dtype": "float64", "feature_type": "Continuous", "name": "sepal length (cm)", '
            '"domain": {"values": "Continuous", "stats": ' + stats + ', "constraints": []}, '
            '"required": true, "description": "sepal length (cm)", "order": 0}, '
        )
    )


MIXED = pd.DataFrame(
    {
        "s": pd.Series(["a", "b", None], dtype="object"),
        "b": [True, False, True],
        "cat": pd.Categorical(["p", "q", "p"]),
        "td": pd.Series(pd.to_timedelta([1, 2, 3], unit="D"), dtype="timedelta64[ns]"),
        "Int": pd.array([1, 3, None], dtype="Int64"),
        "d": pd.Series(pd.to_datetime(["2024-01-02", "2024-01-01", None], utc=True), dtype="datetime64[ns, UTC]"),
        "mixed": pd.Series(["a", 1, None], dtype="object"),
    }
)
TRUE_OR_FALSE = [{"expression": "$x in [True, False]", "language": "python"}]
P_OR_Q = [{"expression": "$x in ['p', 'q']", "language": "python"}]
INTEGERS = {
    "count": 3.0,
    "mean": 2.0,
    "standard deviation": 1.4142135623730951,
    "sample minimum": 1.0,
    "lower quartile": 1.5,
    "median": 2.0,
    "upper quartile": 2.5,
    "sample maximum": 3.0,
    "missing": 1.0,
}
DATES = {
    "count": 3,
    "sample maximum": "2024-01-02T00:00:00+00:00",
    "sample minimum": "2024-01-01T00:00:00+00:00",
    "missing": 1,
}


@pytest.mark.parametrize(
    ("name", "dtype", "feature_type", "stats", "constraints", "required"),
    [
        ("s", "object", "String", {"count": 3, "unique": 2, "missing": 1}, [], False),
        ("b", "bool", "Boolean", {"count": 3, "unique": 2}, TRUE_OR_FALSE, True),
        ("cat", "category", "Category", {"count": 3, "unique": 2}, P_OR_Q, True),
        ("td", "timedelta64[ns]", "", {}, [], True),
        ("Int", "Int64", "Integer", INTEGERS, [], False),
        ("d", "datetime64[ns, UTC]", "DateTime", DATES, [], False),
        ("mixed", "object", "", {}, [], False),
    ],
)
def test_other_columns_have_the_documented_form(name, dtype, feature_type, stats, constraints, required):
    order = list(MIXED).index(name)
    found = attribute(MIXED, order)
    domain = {"values": feature_type, "stats": stats, "constraints": constraints}
    assert found == {
        "dtype": dtype,
        "feature_type": feature_type,
        "name": name,
        "domain": domain,
        "required": required,
        "description": name,
        "order": order,
    }
    assert list(found["domain"]["stats"]) == list(stats)


@pytest.mark.parametrize("make", [np.array, list, lambda rows: tuple(map(tuple, rows)), pd.DataFrame])
def test_columns_without_names_are_numbered(make):
    schema = generate_schema(make([[1, 2], [2, 3], [3, 4]]))
    assert schema.keys == [0, 1]
    assert attribute(make([[1, 2], [2, 3], [3, 4]])) == {
        "dtype": "int64",
        "feature_type": "Integer",
        "name": 0,
        "domain": {
            "values": "Integer",
            "stats": {
                "count": 3.0,
                "mean": 2.0,
                "standard deviation": 1.0,
                "sample minimum": 1.0,
                "lower quartile": 1.5,
                "median": 2.0,
                "upper quartile": 2.5,
                "sample maximum": 3.0,
            },
            "constraints": [],
        },
        "required": True,
        "description": "0",
        "order": 0,
    }


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (pd.Series([1.5, 2.5]), [0]),
        (pd.Series([1.5, 2.5], name="x"), ["x"]),
        (np.array([1.5, 2.5]), [0]),
        ([1.5, 2.5], [0]),
        (["a", "b"], [0]),
        ({"a": [1, 2], "b": ["x", "y"]}, ["a", "b"]),
        ({"a": 1, "b": "x"}, ["a", "b"]),
        ([{"a": 1}, {"a": 2}], ["a"]),
        (pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")])), [("a", "x"), ("a", "y")]),
        (pd.DataFrame([[1, 2]], columns=pd.to_datetime(["2024-01-01", "2024-01-02"])), None),
        (pd.DataFrame([[1, 2]], columns=[1.5, np.int64(2)]), [1.5, 2]),
    ],
)
def test_every_kind_of_sample_gives_columns(data, keys):
    schema = generate_schema(data)
    assert keys is None or schema.keys == keys
    assert strict(schema.to_json())
    assert type(schema).from_json(schema.to_json()) == schema


def test_more_than_two_dimensions_become_one_tensor_entry():
    found = strict(generate_schema(np.zeros((5, 28, 28), dtype="float32")).to_json())["schema"]
    assert len(found) == 1
    assert found[0]["dtype"] == "float32"
    assert found[0]["feature_type"] == "Tensor"
    assert found[0]["domain"]["stats"] == {"count": 5, "shape": [5, 28, 28]}
    assert generate_schema(np.zeros((2, 3, 4)).tolist())[0].domain.stats["shape"] == [2, 3, 4]


SPARK = {"columns": ["a"], "collect": lambda _self: [(1,)]}


def _foreign(path, **members):
    module, _, name = path.rpartition(".")
    return type(name, (), {"__module__": module, **members})()


@pytest.mark.parametrize(
    "data",
    [
        _foreign("pyspark.sql.DataFrame", **SPARK),
        _foreign("pyspark.pandas.frame.DataFrame", to_spark=lambda _self: _foreign("pyspark.sql.DataFrame", **SPARK)),
        _foreign("dask.dataframe.DataFrame", compute=lambda _self: pd.DataFrame({"a": [1]})),
    ],
)
def test_frames_of_other_libraries_are_found_by_their_class_path(data):
    assert generate_schema(data).keys == ["a"]


def test_tensors_are_found_by_their_class_path():
    cpu = types.SimpleNamespace(numpy=lambda: np.zeros((2, 3), dtype="float32"))
    tensor = _foreign("torch.Tensor", detach=lambda _self: types.SimpleNamespace(cpu=lambda: cpu))
    assert [attribute.dtype for attribute in generate_schema(tensor)] == ["float32"] * 3
    tensor = _foreign("tensorflow.python.Tensor", numpy=lambda _self: np.zeros((2, 3, 4)))
    assert generate_schema(tensor)[0].feature_type == "Tensor"


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_short_samples_give_valid_json_where_the_original_writes_nan(rows):
    frame = pd.DataFrame({"f": [1.5, 2.5], "i": [1, 2], "d": pd.to_datetime(["2024", "2025"]), "s": ["a", "b"]})
    found = strict(generate_schema(frame.iloc[:rows]).to_json())["schema"]
    assert [column["name"] for column in found] == ["f", "i", "d", "s"]
    if rows == 1:
        assert found[0]["domain"]["stats"]["standard deviation"] is None
        assert found[0]["domain"]["stats"]["skew"] is None


def test_infinities_and_all_missing_columns_give_valid_json():
    frame = pd.DataFrame({"f": [np.inf, 1.0, -np.inf], "n": [np.nan] * 3, "t": pd.to_datetime([None] * 3)})
    assert strict(generate_schema(frame).to_json())["schema"][1]["domain"]["stats"]["missing"] == 3.0


def test_the_statistics_are_those_of_pandas():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.lognormal(size=(60, 5)))
    frame.iloc[::7, 1] = np.nan
    frame[4] = 3.0
    described = frame.describe()
    for position, column in enumerate(generate_schema(frame)):
        stats = column.domain.stats
        assert stats["count"] == 60
        assert stats["mean"] == round(described[position]["mean"], 3)
        assert stats["standard deviation"] == round(described[position]["std"], 3)
        assert stats["lower quartile"] == round(described[position]["25%"], 3)
        skew = 0.0 if position == 4 else frame[position].skew()  # a constant column: 0 in pandas 2, NaN in pandas 3
        assert stats["skew"] == pytest.approx(skew, abs=6e-4)


def test_two_columns_of_one_name_are_an_error_that_names_it():
    with pytest.raises(SchemaError, match="same name: 'a'"):
        generate_schema(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_too_many_columns_are_an_error_with_the_number():
    with pytest.raises(DataSizeTooWide, match="2001 columns"):
        generate_schema(np.zeros((2, 2001)))
    assert len(generate_schema(np.zeros((2, 2001)), max_col_num=2001)) == 2001


@pytest.mark.parametrize("data", ["text", 5, None, object()])
def test_what_has_no_columns_is_a_type_error(data):
    with pytest.raises(InputTypeError, match="No schema can be made"):
        generate_schema(data)


def test_columns_of_unequal_length_are_an_error():
    with pytest.raises(SchemaError, match="don't make a table"):
        generate_schema({"a": [1], "b": [1, 2]})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (["a", "b"], True),
        (pd.Series(["a", None]), True),
        (np.array(["a", "b"]), True),
        ([1, 2], False),
        ([["a"]], False),
        (pd.DataFrame({"t": ["a"]}), False),
        ([], False),
        ("text", False),
        (None, False),
    ],
)
def test_sequences_of_texts_are_told_from_tables(data, expected):
    assert is_text_sequence(data) is expected


def test_two_thousand_columns_take_at_most_a_second():
    frame = pd.DataFrame(np.random.default_rng(0).random((50, 2000)))
    start = time.process_time()
    generate_schema(frame).to_json()
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize("inputs", [dict, tuple])
def test_the_inputs_of_a_network_are_described_one_by_one(inputs):
    given = {"x": np.zeros((4, 3), "float32"), "ids": np.arange(4)}
    schema = generate_schema(given if inputs is dict else tuple(given.values()))
    names = ["x", "ids"] if inputs is dict else [0, 1]
    assert [schema[name].feature_type for name in names] == ["Tensor", "Tensor"]
    assert [schema[name].dtype for name in names] == ["float32", "int64"]
    assert [schema[name].domain.stats["shape"] for name in names] == [[4, 3], [4]]


def test_a_dictionary_of_columns_stays_a_table():
    schema = generate_schema({"a": np.arange(3), "b": np.zeros(3)})
    assert [schema[name].feature_type for name in ("a", "b")] == ["Integer", "Continuous"]
