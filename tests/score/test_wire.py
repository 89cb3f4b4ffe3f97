"""A frame that goes to a deployment arrives identical: every dtype, every bit, every label."""

import datetime as dt
import json
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ads.errors import InputTypeError
from ads.schema import FRAME_DATA_TYPE, frame_to_wire, generate_schema
from ads.score import Recipe, write

FLOATS = st.floats(allow_nan=True, allow_infinity=True)
DATES = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1))  # noqa: DTZ001 - zones come later
TEXTS = st.text(max_size=8) | st.sampled_from(["01234", "1", "2024-01-01", "null", "nan", "true", "{", "[1]"])
NOTHING = st.none()


def _dates(unit, zone=None):
    return lambda values: pd.Series(pd.to_datetime(values, utc=bool(zone)), dtype=f"datetime64[{unit}{zone or ''}]")


COLUMNS = {
    "float64": (FLOATS, lambda values: pd.Series(values, dtype="float64")),
    "float32": (st.floats(width=32), lambda values: pd.Series(values, dtype="float32")),
    "Float64": (st.floats(allow_nan=False) | NOTHING, lambda values: pd.Series(values, dtype="Float64")),
    "int64": (st.integers(-(2**63), 2**63 - 1), lambda values: pd.Series(values, dtype="int64")),
    "uint64": (st.integers(0, 2**64 - 1), lambda values: pd.Series(values, dtype="uint64")),
    "int8": (st.integers(-128, 127), lambda values: pd.Series(values, dtype="int8")),
    "Int64": (st.integers(-(2**63), 2**63 - 1) | NOTHING, lambda values: pd.Series(values, dtype="Int64")),
    "bool": (st.booleans(), lambda values: pd.Series(values, dtype="bool")),
    "boolean": (st.booleans() | NOTHING, lambda values: pd.Series(values, dtype="boolean")),
    "str": (TEXTS | NOTHING, pd.Series),
    "string": (TEXTS | NOTHING, lambda values: pd.Series(values, dtype="string")),
    "object": (TEXTS | NOTHING | st.integers() | st.booleans(), lambda values: pd.Series(values, dtype="object")),
    "object with NaN": (TEXTS | st.just(np.nan) | NOTHING, lambda values: pd.Series(values, dtype="object")),
    "category": (TEXTS | NOTHING, lambda values: pd.Series(pd.Categorical(values))),
    "ordered": (
        st.sampled_from("abc") | NOTHING,
        lambda values: pd.Series(pd.Categorical(values, ["c", "a", "b", "z"], ordered=True)),
    ),
    "category of numbers": (st.integers(0, 5), lambda values: pd.Series(pd.Categorical(values))),
    "datetime": (DATES | NOTHING, _dates("ns")),
    "datetime in seconds": (DATES | NOTHING, _dates("s")),
    "datetime with zone": (DATES | NOTHING, _dates("us", ", Europe/Berlin")),
    "timedelta": (
        st.timedeltas(dt.timedelta(-90000), dt.timedelta(90000)) | NOTHING,
        lambda values: pd.Series(values, dtype="timedelta64[ns]"),
    ),
}
LABELS = st.one_of(
    st.lists(
        TEXTS | st.sampled_from(["data", "columns", "data_type", "index", "frame"]), min_size=1, max_size=4, unique=True
    ),
    st.lists(st.integers(-5, 5), min_size=1, max_size=4, unique=True),
    st.lists(DATES, min_size=1, max_size=4, unique=True).map(pd.DatetimeIndex),
    st.lists(st.floats(0, 9), min_size=1, max_size=4, unique=True),
)


@st.composite
def frames(draw):
    labels = draw(LABELS)
    rows = draw(st.integers(0, 4))
    data = {}
    for position in range(len(labels)):
        values, make = COLUMNS[draw(st.sampled_from(sorted(COLUMNS)))]
        data[position] = make(draw(st.lists(values, min_size=rows, max_size=rows)))
    frame = pd.DataFrame(data, index=range(rows))
    frame.columns = labels
    index = draw(st.sampled_from(["default", "duplicate", "texts", "dates"]))
    if index == "duplicate":
        frame.index = pd.Index([7] * rows, dtype="int64", name="key")
    elif index == "texts":
        frame.index = pd.Index(draw(st.lists(TEXTS, min_size=rows, max_size=rows)), dtype="object")
    elif index == "dates":
        frame.index = pd.DatetimeIndex(draw(st.lists(DATES, min_size=rows, max_size=rows)))
    return frame


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Return a function that turns JSON text into a frame as a score.py does, with or without a schema."""
    folder = tmp_path_factory.mktemp("artifact")
    source = write(Recipe("sklearn", "joblib", "model.joblib"), folder).path.read_text(encoding="utf-8")
    source = source.replace("model=load_model()", "model=None")
    script = ModuleType("script")
    script.__file__ = str(folder / "score.py")
    exec(compile(source, "score.py", "exec"), script.__dict__)
    path = tmp_path_factory.mktemp("schema") / "input_schema.json"

    def from_text(text, schema=None):
        script.fetch_data_type_from_schema.cache_clear()
        path.unlink(missing_ok=True)
        if schema is not None:
            schema.to_json_file(path)
        return script.deserialize(json.loads(text), str(path))

    return from_text


def same(got, frame):
    """Assert that both frames are equal to the last bit, and that their missing values are of the same kind."""
    pd.testing.assert_frame_equal(
        got, frame, check_exact=True, check_column_type=len(frame.columns) > 0, check_freq=False
    )
    for position, dtype in enumerate(frame.dtypes):
        before, after = frame.iloc[:, position], got.iloc[:, position]
        if str(dtype) in ("float64", "float32"):
            present = ~np.isnan(before.to_numpy())
            assert before.to_numpy()[present].tobytes() == after.to_numpy()[present].tobytes()
        elif str(dtype) == "object":
            assert [type(value) for value in before] == [type(value) for value in after]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(frame=frames())
def test_a_frame_arrives_identical_without_a_schema(read, frame):
    same(read(json.dumps(frame_to_wire(frame), allow_nan=False)), frame)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(frame=frames())
def test_a_frame_arrives_identical_with_the_schema_of_its_own(read, frame):
    schema = generate_schema(frame)
    got = read(json.dumps(frame_to_wire(frame), allow_nan=False), schema)
    if isinstance(got, np.ndarray):  # labels 0, 1, ... and one dtype: what an array's schema looks like
        got = pd.DataFrame(got, index=frame.index, columns=frame.columns)
    same(got, frame)


@pytest.mark.parametrize("kind", sorted(COLUMNS))
def test_every_dtype_arrives_even_when_all_is_missing(read, kind):
    make = COLUMNS[kind][1]
    frame = pd.DataFrame({"x": make([None, None])}) if kind not in ("int64", "int8", "uint64", "bool") else None
    if frame is not None:
        same(read(json.dumps(frame_to_wire(frame), allow_nan=False)), frame)


def test_a_plain_frame_travels_without_ballast():
    frame = pd.DataFrame({"a": [1.5, 2.5], "n": [1, 2], "b": [True, False]})
    assert frame_to_wire(frame) == {
        "data": {"a": [1.5, 2.5], "n": [1, 2], "b": [True, False]},
        "data_type": FRAME_DATA_TYPE,
    }


def test_scripts_of_the_original_build_the_same_frame():
    """Such a script hands the dictionary under ``data`` to ``DataFrame.from_dict``, unless data_type names a class."""
    frame = pd.DataFrame({"a": [0.1234567890123456, 1e-12], "n": [2**53 + 1, 2], "s": ["01234", "x"]})
    wire = json.loads(json.dumps(frame_to_wire(frame)))
    names = ("numpy.ndarray", "pandas.core.series.Series", "pandas.core.frame.DataFrame")
    assert not any(name in wire["data_type"] for name in names)
    pd.testing.assert_frame_equal(pd.DataFrame.from_dict(wire["data"]), frame, check_exact=True)


def test_levels_of_column_labels_arrive_with_a_schema(read):
    frame = pd.DataFrame([[1.5, 2], [3.5, 4]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))
    same(read(json.dumps(frame_to_wire(frame)), generate_schema(frame)), frame)


def test_levels_of_the_index_are_dropped(read):
    frame = pd.DataFrame({"a": [1.5]}, index=pd.MultiIndex.from_tuples([("u", 1)]))
    same(read(json.dumps(frame_to_wire(frame))), frame.reset_index(drop=True))


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (pd.DataFrame({"p": pd.period_range("2024", periods=1, freq="M")}), "'p' has dtype period"),
        (pd.DataFrame({"c": [1 + 2j]}), "'c' has dtype complex128"),
        (pd.DataFrame({"o": ["a", {1, 2}]}, dtype="object"), "Column 'o', row 1: a set"),
        (pd.DataFrame({"o": ["a", dt.date(2024, 1, 1)]}, dtype="object"), "Column 'o', row 1: a date"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "both called 'a'"),
        (pd.DataFrame([[1, 2]], columns=["1", 1]), "both called '1'"),
    ],
)
def test_what_json_cannot_carry_is_named(frame, text):
    with pytest.raises(InputTypeError, match=text):
        frame_to_wire(frame)


@pytest.mark.parametrize("name", ["o", "data"])
def test_lists_in_cells_arrive(read, name):
    frame = pd.DataFrame({name: pd.Series([[1, 2], ["a"]], dtype="object"), "columns": [1, 2]})
    same(read(json.dumps(frame_to_wire(frame))), frame)


def test_a_frame_without_rows_is_not_taken_for_the_split_form(read):
    frame = pd.DataFrame({"data": [], "columns": []})
    same(read(json.dumps(frame_to_wire(frame))), frame)
