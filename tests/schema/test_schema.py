"""The public classes of schemas: what is read is what was written, and mistakes are named."""

import json

import pandas as pd
import pytest

from ads.errors import SchemaError, SchemaSizeTooLarge
from ads.feature_engineering.schema import Attribute, Domain, Expression, Schema, SchemaFactory, generate_schema

FRAME = pd.DataFrame({"age": [31, 45], "plan": pd.Categorical(["basic", "pro"]), "score": [0.5, None]})


def column(name, order=None):
    return Attribute("int64", "Integer", name, Domain("Integer"), True, str(name), order)


@pytest.mark.parametrize("ending", [".json", ".yaml", ".yml"])
def test_files_bring_back_the_same_schema(tmp_path, ending):
    schema = generate_schema(FRAME)
    path = tmp_path / f"input_schema{ending}"
    (schema.to_json_file if ending == ".json" else schema.to_yaml_file)(path)
    assert Schema.from_file(path) == schema
    assert Schema.from_file(str(path)).to_json() == schema.to_json()


def test_texts_bring_back_the_same_schema():
    schema = generate_schema(FRAME)
    assert Schema.from_json(schema.to_json()) == schema
    assert Schema.from_yaml(repr(schema)) == schema
    assert Schema.from_dict(schema.to_dict()) == schema
    assert schema != Schema()


def test_a_url_is_written_through_fsspec():
    import fsspec

    generate_schema(FRAME).to_json_file("memory://folder/input_schema.json", storage_options={})
    with fsspec.open("memory://folder/input_schema.json") as file:
        assert Schema.from_json(file.read().decode()) == generate_schema(FRAME)


def test_columns_come_in_their_order_and_by_name():
    schema = Schema()
    schema.add(column("b", 1))
    schema.add(column("a", 0))
    schema.add(column(7))
    assert schema.keys == ["a", "b", 7]
    assert [attribute.name for attribute in schema] == ["a", "b", 7]
    assert len(schema) == 3
    assert schema["b"].order == 1
    assert 7 in schema
    with pytest.raises(ValueError, match="no column 'x'"):
        schema["x"]


def test_a_column_is_replaced_only_on_demand():
    schema = Schema()
    schema.add(column("a"))
    with pytest.raises(ValueError, match="already has a column 'a'"):
        schema.add(column("a"))
    schema.add(Attribute("float64", "Continuous", "a", Domain(), True, "new"), replace=True)
    assert (schema["a"].dtype, schema["a"].order) == ("float64", 0)
    schema["a"] = column("a")
    with pytest.raises(ValueError, match="can't be stored"):
        schema["b"] = column("a")


def test_files_of_the_original_are_read_nan_included(tmp_path):
    path = tmp_path / "input_schema.json"
    text = generate_schema(FRAME).to_json().replace('"skew": null', '"skew": NaN')
    assert "NaN" in text
    path.write_text(text)
    schema = Schema.from_file(path)
    assert schema["score"].domain.stats["skew"] is None
    json.loads(schema.to_json(), parse_constant=pytest.fail)


def test_a_file_without_a_version_is_1_0():
    assert Schema.from_dict({"schema": []}).to_dict()["version"] == "1.0"
    assert Schema().to_dict()["version"] == "1.1"


@pytest.mark.parametrize("content", ["[]", "{}", '{"schema": 5}', '{"schema": [5]}', '{"schema": [{}]}', "{", ""])
def test_a_broken_file_is_a_value_error_that_names_it(tmp_path, content):
    path = tmp_path / "input_schema.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"input_schema\.json can't be used"):
        Schema.from_file(path)


def test_unknown_endings_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"'\.txt'"):
        Schema.from_file(tmp_path / "schema.txt")
    with pytest.raises(ValueError, match="must end in"):
        Schema().to_json_file(tmp_path / "schema.yaml")
    with pytest.raises(FileNotFoundError):
        Schema.from_file(tmp_path / "schema.json")


def test_own_formats_can_be_registered():
    factory = SchemaFactory.default_schema()
    factory.register_format(".jsn", type(factory.get_schema(".json")))
    assert factory.get_schema(".jsn").parse("[1]") == [1]


def test_the_size_limit_of_the_catalog_is_checked():
    assert generate_schema(FRAME).validate_size()
    with pytest.raises(SchemaSizeTooLarge, match="32000"):
        generate_schema(pd.DataFrame({f"c{n}": [1.0, 2.0] for n in range(200)})).validate_size()


@pytest.mark.parametrize(
    "change", [{"dtype": None}, {"dtype": ""}, {"name": None}, {"name": True}, {"required": "yes"}]
)
def test_unusable_columns_are_named(change):
    schema = Schema()
    schema.add(Attribute.from_dict({**column("a").to_dict(), **change}))
    with pytest.raises(SchemaError):
        schema.validate_schema()
    assert generate_schema(FRAME).validate_schema()


def test_attributes_have_the_documents_of_their_own(tmp_path):
    attribute = generate_schema(FRAME)["plan"]
    assert Attribute.from_json(attribute.to_json()) == attribute
    assert Attribute.from_yaml(attribute.to_yaml(uri=str(tmp_path / "plan.yaml"))) == attribute
    assert Attribute.from_string(uri=str(tmp_path / "plan.yaml")) == attribute
    assert Domain.from_dict(attribute.domain.to_dict()) == attribute.domain
    assert attribute.key == "plan"
    assert repr(attribute).startswith("dtype: category\n")
    with pytest.raises(SchemaError, match="no 'colour'"):
        Attribute.from_dict({**attribute.to_dict(), "colour": 1})
    assert Attribute.from_dict({**attribute.to_dict(), "colour": 1}, ignore_unknown=True) == attribute
    with pytest.raises(SchemaError, match="nothing to read"):
        Attribute.from_json()


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("$x in ['p', 'q']", "p", True),
        ("$x in ['p', 'q']", "r", False),
        ("$x in [True, False]", True, True),
        ("$x > 5 and $x <= 10", 10, True),
        ("0 < $x < 3", 3, False),
        ("not ($x == -1 or $x % 2 == 0)", 3, True),
        ("$x * 2 + 1 >= 7", 3, True),
        ("$x is None", None, True),
    ],
)
def test_expressions_hold_or_not(text, value, expected):
    assert Expression(text).evaluate(x=value) is expected


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "$x.__class__",
        "$x[0]",
        "(lambda: 1)()",
        "[y for y in $x]",
        "9 ** 9 ** 9",
        "1 << 99999999",
        "'a' * 999999999",
        "f'{$x}'",
        "$x :=",
        "$y > 1",
        "$x / 0",
        "$x in 5",
        "(" * 500 + "1" + ")" * 500,
        "",
    ],
)
def test_expressions_never_run_code(text):
    with pytest.raises(SchemaError, match="can't be evaluated"):
        Expression(text).evaluate(x=1)


def test_other_languages_are_refused():
    with pytest.raises(SchemaError, match="'sql'"):
        Expression("x > 1", "sql").evaluate(x=1)
