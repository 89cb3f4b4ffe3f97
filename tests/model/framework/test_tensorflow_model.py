"""TensorFlowModel: its formats, what a payload may look like, and what a model may take and give."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from ads.errors import InputError, NotSupported
from ads.model.framework.tensorflow_model import TensorFlowModel

pytestmark = [
    pytest.mark.needs("tensorflow"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`:UserWarning"),
]
FORMATS = [None, "model.keras", "model"]


@pytest.fixture(scope="module")
def keras():
    import tensorflow as tf

    tf.keras.utils.set_random_seed(0)
    return tf.keras


@pytest.fixture(scope="module")
def table(keras):
    """A model of four numbers, compiled with names that Keras can't load from .h5 again."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, "relu"), keras.layers.Dense(3, "softmax")])
    model.compile("adam", "mse", metrics=["mse"])
    return model


@pytest.fixture(scope="module")
def pictures(keras):
    layers = [keras.Input((8, 8)), keras.layers.Flatten(), keras.layers.Dense(3)]
    return keras.Sequential(layers)


@pytest.fixture(scope="module")
def two_inputs(keras):
    a, b = keras.Input((2,), name="a"), keras.Input((1,), name="b")
    both = keras.layers.Concatenate()([a, b])
    return keras.Model([a, b], {"x": keras.layers.Dense(2)(both), "y": keras.layers.Dense(1)(both)})


def rows(*shape):
    return np.random.default_rng(0).random(shape)


def prepared(estimator, tmp_path, name=None, **options):
    model = TensorFlowModel(estimator, artifact_dir=str(tmp_path / "artifact"))
    return model.prepare(model_file_name=name, **options)


def close(answer, expected):
    np.testing.assert_allclose(answer["prediction"], np.asarray(expected), rtol=1e-4, atol=1e-6)
    return True


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_answers_what_the_model_says_to_every_form_of_a_tensor(pictures, tmp_path, name):
    import tensorflow as tf

    x = rows(3, 8, 8)
    model = prepared(pictures, tmp_path, name, X_sample=x, y_sample=rows(3, 3))
    assert (tmp_path / "artifact" / (name or "model.h5")).exists()
    assert (tmp_path / "artifact" / "input_schema.json").exists()
    expected = pictures(x).numpy()
    for data in (x, x.tolist(), tf.constant(x), x.astype("float32"), (x * 255).astype("int64")[:0].tolist() or x):
        assert close(model.verify(data), expected)
    assert close(model.verify(x.tolist(), auto_serialize_data=False), expected)
    assert close(model.verify(x[0]), expected[:1])  # one picture is a batch of one
    assert model.metadata_taxonomy["FrameworkVersion"].value == tf.__version__
    assert model.metadata_custom["ModelFileName"].value == (name or "model.h5")


def test_an_h5_file_of_a_model_compiled_with_a_named_loss_is_loaded(table, tmp_path):
    x = rows(3, 4)
    model = prepared(table, tmp_path, X_sample=x)
    assert close(model.verify(x), table(x))


def test_a_list_is_not_taken_for_several_arguments(table, tmp_path):
    assert close(prepared(table, tmp_path).verify([[1, 2, 3, 4]]), table(np.array([[1.0, 2, 3, 4]])))


@pytest.mark.parametrize("name", FORMATS)
def test_frames_and_records_are_put_in_order(table, tmp_path, name):
    frame = pd.DataFrame(rows(3, 4), columns=list("abcd"))
    model = prepared(table, tmp_path, name, X_sample=frame)
    expected = table(frame.to_numpy()).numpy()
    assert close(model.verify(frame[list("dcba")]), expected)
    assert close(model.verify(frame.to_dict("records")), expected)
    assert close(model.verify(frame.to_numpy()), expected)
    with pytest.raises(ValueError, match="'d' is missing"):
        model.verify(frame[list("abc")])


def test_a_series_is_a_column(keras, tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    series = pd.Series([1.0, 2.0, 3.0], name="x")
    assert close(prepared(model, tmp_path, X_sample=series).verify(series), model(series.to_numpy()[:, None]))


@pytest.mark.parametrize("name", ["model.keras", "model"])
def test_named_inputs_and_several_outputs(two_inputs, tmp_path, name):
    data = {"a": rows(3, 2), "b": rows(3, 1)}
    model = prepared(two_inputs, tmp_path, name, X_sample=data)
    expected = two_inputs([data["a"], data["b"]])
    forms = [data, {key: value.tolist() for key, value in data.items()}]
    if name == "model.keras":  # a SavedModel folder knows no order
        forms.append([data["a"].tolist(), data["b"].tolist()])
    for form in forms:
        answer = model.verify(form)["prediction"]
        assert sorted(answer) == ["x", "y"]
        np.testing.assert_allclose(answer["x"], expected["x"], rtol=1e-4)
    with pytest.raises(ValueError, match="'b' is missing"):
        model.verify({"a": data["a"]})
    assert [item.name for item in model.schema_input] == ["a", "b"]


def test_a_model_that_answers_a_list(keras, tmp_path):
    entry = keras.Input((2,))
    model = keras.Model(entry, [keras.layers.Dense(1)(entry), keras.layers.Dense(2)(entry)])
    for name in ("model.keras", "model"):
        answer = prepared(model, tmp_path / name, name).verify(rows(3, 2))["prediction"]
        assert [np.shape(output) for output in answer] == [(3, 1), (3, 2)]


def test_rows_may_be_longer_than_those_of_the_sample(keras, tmp_path):
    layers = [keras.Input((None,), dtype="int32"), keras.layers.Embedding(9, 4), keras.layers.GlobalAveragePooling1D()]
    model = keras.Sequential(layers)
    answer = prepared(model, tmp_path, "model.keras", X_sample=[[1, 2, 3], [3, 2, 1]]).verify([[1, 2, 3, 4, 5]])
    assert close(answer, model(np.array([[1, 2, 3, 4, 5]])))


@pytest.mark.parametrize("name", ["model.keras", "model"])
def test_columns_of_several_kinds_go_to_the_inputs_of_their_names(keras, tmp_path, name):
    age, town = keras.Input((1,), name="age"), keras.Input((1,), name="town", dtype="string")
    known = keras.layers.StringLookup(vocabulary=["x", "y"], output_mode="one_hot")(town)
    model = keras.Model([age, town], keras.layers.Dense(1)(keras.layers.Concatenate()([age, known])))
    frame = pd.DataFrame({"age": [1.0, 2.0], "town": ["x", "elsewhere"]})
    wrapped = prepared(model, tmp_path, name, X_sample=frame)
    expected = wrapped.verify(frame)
    assert np.shape(expected["prediction"]) == (2, 1)
    assert wrapped.verify(frame[["town", "age"]]) == wrapped.verify(frame.to_dict("records")) == expected


def test_an_image_goes_as_pixels(keras, tmp_path):
    from PIL import Image

    image = Image.fromarray((rows(6, 5, 3) * 255).astype("uint8"))
    image.save(tmp_path / "picture.png")
    estimator = keras.Sequential([keras.Input((6, 5, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    model = prepared(estimator, tmp_path)
    expected = estimator(np.asarray(image)[None])
    assert close(model.verify(image=image), expected)
    assert close(model.verify(image=str(tmp_path / "picture.png")), expected)
    assert close(model.verify(image=f"file://{tmp_path}/picture.png"), expected)


def test_bytes_go_straight_to_a_model_that_takes_them(tmp_path):
    import tensorflow as tf

    class Lengths(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, texts):
            return tf.strings.length(texts)

    model = prepared(Lengths(), tmp_path, "model")
    assert model.verify(b"\x00abc\x00")["prediction"] == [5]
    assert model.verify(["ab", "abc"])["prediction"] == [2, 3]


def test_texts_in_and_texts_out(tmp_path):
    import tensorflow as tf

    class Upper(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, texts):
            return {"upper": tf.strings.upper(texts)}

    model = prepared(Upper(), tmp_path, "model", X_sample=["ab", "c"])
    assert model.verify(["ab", "cd"])["prediction"] == {"upper": ["AB", "CD"]}
    assert model.verify("ab")["prediction"] == {"upper": ["AB"]}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"1234", "takes float32, not texts or bytes"),
        ([[1, 2], [3]], "no tensor"),
        ([[1, 2, 3]], r"shape \(1, 3\); the model takes \(None, 8, 8\)"),
    ],
)
def test_a_payload_that_does_not_fit_is_the_callers_error(pictures, tmp_path, data, says):
    with pytest.raises(ValueError, match=says) as caught:
        prepared(pictures, tmp_path).verify(data)
    assert type(caught.value).http_status == 400


def test_a_model_of_an_own_class_is_served_from_a_saved_model(keras, tmp_path, caplog):
    class Twice(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return self.dense(x) * 2

    estimator = Twice()
    x = rows(3, 4)
    expected = estimator(x)
    assert close(prepared(estimator, tmp_path / "folder", "model", X_sample=x).verify(x), expected)
    prepared(estimator, tmp_path / "keras", "model.keras")
    assert 'model_file_name="model"' in caplog.text


def test_what_has_no_keras_file_says_how_it_is_stored(tmp_path):
    import tensorflow as tf

    class Plain(tf.Module):
        def __call__(self, x):
            return x

    with pytest.raises(InputError, match='model_file_name="model"'):
        prepared(Plain(), tmp_path)
    with pytest.raises(InputError, match="input_signature"):
        prepared(Plain(), tmp_path, "model")
    assert not list(tmp_path.rglob("score.py"))


@pytest.mark.parametrize("name", FORMATS)
def test_a_model_is_loaded_back_and_prepared_again(table, tmp_path, name):
    x = rows(3, 4)
    prepared(table, tmp_path, name, X_sample=x)
    model = TensorFlowModel.from_model_artifact(
        str(tmp_path / "artifact"), artifact_dir=str(tmp_path / "again"), reload=True
    )
    model.prepare(X_sample=x, force_overwrite=True)
    assert close(model.verify(x), table(x))


@pytest.mark.needs("tf2onnx")
@pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning")
def test_onnx(pictures, tmp_path):
    import onnx

    x = rows(3, 8, 8)
    model = prepared(pictures, tmp_path, as_onnx=True, X_sample=x, opset_version=17)
    assert (tmp_path / "artifact" / "model.onnx").exists()
    assert close(model.verify(x), pictures(x))
    assert close(model.verify(x.tolist()), pictures(x))
    assert onnx.load(tmp_path / "artifact" / "model.onnx").opset_import[0].version == 17
    assert "onnxruntime==" in (tmp_path / "artifact" / "requirements.txt").read_text()


def test_onnx_without_its_converter_says_what_is_missing(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(NotSupported, match="tf2onnx"):
        prepared(pictures, tmp_path, as_onnx=True)


@pytest.mark.parametrize("estimator", ["model.h5", object(), None, dict])
def test_anything_else_is_refused_by_name(estimator):
    with pytest.raises(TypeError, match=r"TensorFlow|class"):
        TensorFlowModel(estimator)


def test_naming_the_class_imports_no_framework():
    code = "import sys, ads.model.framework.tensorflow_model; print({'tensorflow', 'numpy'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"
