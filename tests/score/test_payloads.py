"""What a generated score.py accepts: a test per row of the acceptance matrix, and per failure of the original."""

import base64
import io
import json
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ads.schema import frame_to_wire
from ads.score import Recipe

FRAME, TARGET = load_iris(return_X_y=True, as_frame=True)
FRAME = FRAME.set_axis(["a", "b", "c", "d"], axis=1)
ROWS = FRAME.iloc[[0, 60, 140]].reset_index(drop=True)
FRAME_TYPE = "<class 'pandas.core.frame.DataFrame'>"


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return base64.b64encode(stream.getvalue()).decode()


BODIES = {
    "rows": ROWS.to_numpy().tolist(),
    "rows in an envelope": {"data": ROWS.to_numpy().tolist()},
    "rows in an envelope that calls them a list": {"data": ROWS.to_numpy().tolist(), "data_type": "<class 'list'>"},
    "rows in an envelope that calls them an array": {"data": ROWS.to_numpy().tolist(), "data_type": "numpy.ndarray"},
    "columns": ROWS.to_dict("list"),
    "columns by index": json.loads(ROWS.to_json()),
    "columns in an envelope": {"data": ROWS.to_dict("list")},
    "columns in an envelope that calls them a frame": {"data": ROWS.to_dict("list"), "data_type": FRAME_TYPE},
    "to_json text": {"data": ROWS.to_json(), "data_type": FRAME_TYPE},
    "records text": {"data": ROWS.to_json(orient="records"), "data_type": "pandas.core.frame.DataFrame"},
    "split text": {"data": ROWS.to_json(orient="split"), "data_type": FRAME_TYPE},
    "bare text of a frame": ROWS.to_json(),
    "array as npy": {"data": npy(ROWS.to_numpy()), "data_type": "<class 'numpy.ndarray'>"},
    "records": ROWS.to_dict("records"),
    "records in an envelope": {"data": ROWS.to_dict("records")},
    "split": json.loads(ROWS.to_json(orient="split")),
    "split in an envelope": {"data": json.loads(ROWS.to_json(orient="split")), "data_type": FRAME_TYPE},
    "our own form": frame_to_wire(ROWS),
    "an envelope with data_type null": {"data": ROWS.to_numpy().tolist(), "data_type": None},
    "an envelope with a number as data_type": {"data": ROWS.to_numpy().tolist(), "data_type": 7},
    "columns in another order, surplus ones too": ROWS.assign(z="?")[["z", "d", "b", "a", "c"]].to_dict("list"),
    "records in another order": ROWS[["d", "b", "a", "c"]].to_dict("records"),
}
ONE_ROW = {
    "one flat row": ROWS.iloc[0].tolist(),
    "one flat row in an envelope": {"data": ROWS.iloc[0].tolist()},
    "one record": ROWS.iloc[0].to_dict(),
    "one record in an envelope": {"data": ROWS.iloc[0].to_dict()},
    "a Series": {"data": ROWS.iloc[0].tolist(), "data_type": "<class 'pandas.core.series.Series'>"},
}


@pytest.mark.parametrize("trained_on", ["frame", "array"])
@pytest.mark.parametrize("name", [*BODIES, *ONE_ROW])
def test_every_form_of_table_gives_the_prediction_of_the_estimator(script, name, trained_on):
    sample = FRAME if trained_on == "frame" else FRAME.to_numpy()
    model = LogisticRegression(max_iter=500).fit(sample, TARGET)
    made = script(model, sample)
    if trained_on == "array" and name in ("columns in another order, surplus ones too", "records in another order"):
        return  # a model without names can't put columns into an order
    expected = model.predict(ROWS if trained_on == "frame" else ROWS.to_numpy()).tolist()
    body = json.loads(json.dumps({**BODIES, **ONE_ROW}[name]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert made.predict(body) == {"prediction": expected[:1] if name in ONE_ROW else expected}


@pytest.mark.parametrize("name", ["rows", "columns", "records", "to_json text", "array as npy", "our own form"])
def test_tables_are_understood_without_a_schema(script, name):
    model = LogisticRegression(max_iter=500).fit(FRAME.to_numpy(), TARGET)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # scikit-learn's word on names that the model doesn't know
        assert script(model).predict(BODIES[name]) == {"prediction": [0, 1, 2]}


def test_the_model_gets_a_frame_with_the_columns_of_the_training_in_their_order(script):
    got = script(sample=FRAME).deserialize(BODIES["columns in another order, surplus ones too"])
    pd.testing.assert_frame_equal(got, ROWS)


def test_a_model_trained_on_an_array_gets_an_array(script):
    got = script(sample=FRAME.to_numpy()).deserialize(BODIES["columns"])
    assert isinstance(got, np.ndarray)
    np.testing.assert_array_equal(got, ROWS.to_numpy())


def test_bytes_go_to_the_model_as_they_are(script):
    assert script(sample=FRAME).predict(b"\x00raw") == {"prediction": b"\x00raw"}


@pytest.mark.parametrize(
    "text", ["/etc/passwd", "http://127.0.0.1:1/x", "file:///etc/passwd", "s3://bucket/x", "x.json"]
)
@pytest.mark.parametrize("sample", [None, FRAME])
@pytest.mark.parametrize("body", [lambda text: text, lambda text: {"data": text, "data_type": FRAME_TYPE}])
def test_a_text_is_never_opened_as_a_path_or_a_url(script, monkeypatch, text, sample, body):
    made = script(sample=sample)
    made.deserialize(ROWS.to_numpy().tolist())  # the schema is read now, not below

    def refuse(*_args, **_kwargs):
        raise AssertionError("something was opened")

    import builtins
    import socket

    monkeypatch.setattr(builtins, "open", refuse)
    monkeypatch.setattr(io, "open", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(made.score_payload.InputError, match="single str"):
        made.predict(body(text))


def test_pickles_in_an_array_payload_are_refused(script):
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    body = {"data": base64.b64encode(stream.getvalue()).decode(), "data_type": "<class 'numpy.ndarray'>"}
    made = script(sample=FRAME)
    with pytest.raises(made.score_payload.InputError, match="allow_pickle"):
        made.predict(body)


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", npy(np.zeros(3))[:-20]])
def test_a_damaged_array_is_the_callers_mistake(script, text):
    made = script(sample=FRAME)
    with pytest.raises(made.score_payload.InputError, match="no array in npy form"):
        made.predict({"data": text, "data_type": "<class 'numpy.ndarray'>"})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ([{"a": 1, "b": 2, "c": 3, "d": 4}, {"a": 1, "c": 3, "d": 4}], "The column 'b' is missing from row 1"),
        ({"a": [1], "b": [2], "d": [4]}, "The column 'c' is missing, from row 0 on"),
        ({"a": [1], "b": ["x"], "c": [3], "d": [4]}, "Column 'b', row 0: 'x' is not a float64"),
        ([[1, 2, 3, 4], [1, 2, "three", 4]], "Column 'c', row 1: 'three' is not a float64"),
        ([[1, 2, 3, 4], [1, 2, [3], 4]], r"Column 'c', row 1: \[3\] is not a float64"),
        ([[1, 2, 3, 4], [1, 2, 3]], r"Row 1 is \[1, 2, 3\], not a list of 4 values"),
        ([[1, 2, 3]], r"Row 0 is \[1, 2, 3\], not a list of 4 values"),
        ([1, 2, 3], r"Row 0 is \[1, 2, 3\], not a list of 4 values"),
        ({"a": [1, 2], "b": [2], "c": [3, 3], "d": [4, 4]}, "The column 'b' has not one value for each row of 'a'"),
        ({"a": [1, 2], "b": 2, "c": [3, 3], "d": [4, 4]}, "The column 'b' has not one value for each row of 'a'"),
        ({"columns": ["a", "b"], "data": [[1, 2]]}, "The column 'c' is missing"),
        ({"columns": ["a", "b"], "data": [[1, 2], [1]]}, r"Row 1 is \[1\], not a list of 2 values"),
        ([], "no rows"),
        ({}, "The column 'a' is missing"),
        ({"data": []}, "no rows"),
        ({"data": {}}, "The column 'a' is missing"),
        (5, "a single int"),
        (None, "a single NoneType"),
        (True, "a single bool"),
        ([{"a": 1, "b": 2, "c": 3, "d": 4}, 5], "row 1"),
        ([[1, 2, 3, 4], 5], "Row 1 is 5"),
        ([[1, 2, 3, 4], "abcd"], "Row 1"),
    ],
)
def test_what_does_not_fit_gets_one_sentence_with_column_and_row(script, body, text):
    made = script(LogisticRegression(max_iter=500).fit(FRAME, TARGET), FRAME)
    with pytest.raises(made.score_payload.InputError, match=text) as raised:
        made.predict(body)
    assert raised.value.http_status == 400
    assert isinstance(raised.value, ValueError)
    assert "\n" not in str(raised.value)


def test_a_feature_called_data_is_a_column_not_the_envelope(script):
    sample = pd.DataFrame({"data": [1.5, 2.5], "other": [1.0, 2.0]})
    made = script(sample=sample)
    for body in (
        sample.to_dict("list"),
        sample.to_dict("records"),
        frame_to_wire(sample),
        {"data": sample.to_dict("list")},
    ):
        pd.testing.assert_frame_equal(made.deserialize(body), sample)
    only = sample[["data"]]
    made = script(sample=only)
    for body in ({"data": [1.5, 2.5]}, frame_to_wire(only)):
        pd.testing.assert_frame_equal(made.deserialize(body), only)


def test_features_called_columns_and_data_are_not_the_split_form(script):
    sample = pd.DataFrame({"columns": ["x", "y"], "data": [1, 2]})
    made = script(sample=sample)
    for body in (frame_to_wire(sample), sample.to_dict("list")):
        pd.testing.assert_frame_equal(made.deserialize(body), sample)


def test_an_integer_column_never_loses_a_fraction(script):
    got = script(sample=pd.DataFrame({"age": [1, 2]})).deserialize({"age": [41, 41.5]})
    assert got["age"].tolist() == [41, 41.5]


def test_large_integers_stay_exact(script):
    got = script(sample=pd.DataFrame({"id": [1, 2], "t": ["a", "b"]})).deserialize([[2**53 + 1, "x"], [2**63 - 1, "y"]])
    assert got["id"].tolist() == [2**53 + 1, 2**63 - 1]


def test_an_integer_that_the_dtype_cannot_hold_is_named(script):
    made = script(sample=pd.DataFrame({"age": np.array([1, 2], dtype="int8")}))
    with pytest.raises(made.score_payload.InputError, match="Column 'age', row 1: 300 is not a int8"):
        made.deserialize({"age": [41, 300]})


def test_a_missing_integer_becomes_nan(script):
    got = script(sample=pd.DataFrame({"age": [1, 2]})).deserialize({"age": [41, None]})
    assert got["age"].isna().tolist() == [False, True]


def test_a_missing_boolean_does_not_become_false(script):
    got = script(sample=pd.DataFrame({"b": [True, False]})).deserialize({"b": [True, None]})
    assert got["b"].isna().tolist() == [False, True]


@pytest.mark.parametrize("value", ["false", "yes", 2])
def test_what_is_no_boolean_does_not_become_true(script, value):
    made = script(sample=pd.DataFrame({"b": [True, False]}))
    with pytest.raises(made.score_payload.InputError, match="Column 'b', row 1"):
        made.deserialize({"b": [True, value]})


def test_names_that_look_like_dates_stay_what_they_are(script):
    sample = pd.DataFrame({"created_at": [1600000000, 1600000001], "date": [1, 2], "timestamp": [3, 4]})
    made = script(sample=sample)
    for body in (frame_to_wire(sample), {"data": sample.to_json(), "data_type": FRAME_TYPE}):
        pd.testing.assert_frame_equal(made.deserialize(body), sample)


def test_dates_are_read_from_iso_text_and_from_milliseconds_as_older_clients_send_them(script):
    sample = pd.DataFrame({"naive": pd.to_datetime(["2024-01-02T03:04:05.006"] * 2)})
    sample["zoned"] = sample["naive"].dt.tz_localize("Europe/Berlin")
    sample["span"] = pd.to_timedelta([1500, 2500], unit="ms")
    made = script(sample=sample)
    legacy = {
        column: [
            int(value)
            for value in (sample[column].dt.tz_convert(None) if column == "zoned" else sample[column])
            .astype("datetime64[ms]" if column != "span" else "timedelta64[ms]")
            .astype("int64")
        ]
        for column in sample
    }
    for body in (frame_to_wire(sample), legacy, {"data": json.dumps(legacy), "data_type": FRAME_TYPE}):
        pd.testing.assert_frame_equal(made.deserialize(body), sample)


@pytest.mark.parametrize("named", [False, True])
def test_text_models_get_a_sequence_of_texts(script, named):
    texts = ["good day", "bad night", "good night", "bad day", "[not json"]
    sample = pd.Series(texts, name="text") if named else texts
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, [1, 0, 1, 0, 0])
    made = script(model, sample, Recipe("sklearn", "joblib", "model.joblib", texts=True))
    expected = {"prediction": model.predict(texts).tolist()}
    column = "text" if named else "0"
    series = {"data": texts, "data_type": "<class 'pandas.core.series.Series'>"}
    frame = frame_to_wire(pd.DataFrame({column: texts}))
    for body in (texts, {"data": texts}, [[text] for text in texts], {column: texts}, series, frame):
        assert made.predict(body) == expected
    assert made.predict("good day") == {"prediction": [1]}
    assert isinstance(made.deserialize(texts), pd.Series if named else list)


def test_tensors_reach_the_model_with_their_shape(script):
    images = np.zeros((2, 3, 4), dtype="float32")
    made = script(sample=images)
    got = made.deserialize({"data": npy(images), "data_type": "<class 'numpy.ndarray'>"})
    assert got.shape == (2, 3, 4)
    assert got.dtype == np.float32
    assert made.deserialize(images.tolist()) == images.tolist()


GENERIC = Recipe("generic", "cloudpickle", "model.pkl")


@pytest.mark.parametrize(
    "body", [5, 1.5, True, None, "a plain text", "[half json", [1, 2], [[1, 2]], {"prompt": "x", "n": 3}]
)
def test_unknown_models_get_plain_values_as_they_were_sent(script, body):
    assert script(recipe=GENERIC).deserialize(body) == body


def test_unknown_models_get_lists_unchanged_when_trained_on_lists_and_frames_when_trained_on_frames(script):
    assert script(sample=[[1, 2], [3, 4]], recipe=GENERIC).deserialize([[5, 6]]) == [[5, 6]]
    made = script(sample=ROWS, recipe=GENERIC)
    for name in ("rows", "records", "columns", "our own form", "to_json text", "array as npy"):
        pd.testing.assert_frame_equal(made.deserialize(BODIES[name]), ROWS)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (np.array([1, 2]), [1, 2]),
        (pd.Series([1.5, 2.5]), [1.5, 2.5]),
        (pd.DataFrame({"a": [1], "b": [2]}), [[1, 2]]),
        ([np.array([1.0]), np.float64(2)], [[1.0], 2.0]),
        ("text", "text"),
        (None, None),
        (np.int64(3), 3),
    ],
)
def test_predictions_become_what_json_carries(script, answer, expected):
    made = script()
    assert json.loads(json.dumps(made.post_inference(answer))) == expected


def test_sparse_predictions_become_lists(script):
    from scipy.sparse import csr_matrix

    assert script().post_inference(csr_matrix([[1, 0]])) == [[1, 0]]
