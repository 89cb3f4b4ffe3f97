# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""Models in ONNX form: loading one, and what it gets and gives."""

import json
import os
from functools import lru_cache

from ads.score.blocks.inference import post_inference, pre_inference
from ads.score.blocks.loading import checked_path
from ads.score.blocks.payload import fetch_data_type_from_schema, methods_for
from ads.score.blocks.script import HERE, INPUT_SCHEMA, InputError, load_model, model_name, outputs


@lru_cache(maxsize=10)
def load_onnx(model_file_name=model_name):
    """Return the model as a session of onnxruntime, loaded once. It computes on the processor."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "0"))  # which onnxruntime doesn't read itself
    return onnxruntime.InferenceSession(checked_path(model_file_name), options, providers=["CPUExecutionProvider"])


def predict_table_with_onnx(data, model=load_model(), input_schema_path=INPUT_SCHEMA):  # noqa: B008
    """Return the answer to one request: the decoded JSON body."""
    features = pre_inference(data, input_schema_path)
    dtypes = fetch_data_type_from_schema(input_schema_path)
    methods = methods_for(OnnxEstimator(model), data, outputs, dtypes)
    return {name: post_inference(method(features)) for name, method in methods.items()}


def predict_with_onnx(data, model=load_model(), input_schema_path=INPUT_SCHEMA):  # noqa: B008
    """Return the answer to one request: the model's output, or a list of them where it has several."""
    features = pre_inference(data, input_schema_path)
    found = model.run(None, onnx_inputs(model, features))
    return {"prediction": post_inference(found[0] if len(found) == 1 else found)}


class OnnxEstimator:
    """A model of a table in ONNX form, with the methods of the estimator that it was made of."""

    def __init__(self, session):
        self.session = session
        self.readings = session.get_modelmeta().custom_metadata_map

    def __getattr__(self, name):
        reading = self.readings.get(name) or ("0" if name == "predict" else None)
        if reading is None:
            raise AttributeError(name)
        return lambda features: read_output(self.run(features), reading)

    def run(self, features):
        """Return the outputs for these features."""
        return self.session.run(None, onnx_inputs(self.session, without_gaps(features)))


def onnx_inputs(model, features):
    """Return {input: array} in the types and shapes that the model declares: a table, or one array for each input."""
    wanted = model.get_inputs()
    names = [each.name for each in wanted]
    if isinstance(features, dict) and set(names) <= set(features):
        given = [features[name] for name in names]
    elif len(wanted) == 1:
        given = [features]
    elif hasattr(features, "columns"):
        columns = dict(zip(map(str, features.columns), range(len(names))))  # noqa: B905 - Python 3.8
        known = set(names) <= set(columns)
        given = [features.iloc[:, columns[name] if known else place] for place, name in enumerate(names)]
    else:
        import numpy as np

        rows = np.asarray(features, dtype=object)
        rows = rows.reshape(1, -1) if rows.ndim == 1 else rows
        given = list(rows.T)
    if len(given) != len(names):
        raise InputError("The payload has %d columns, and the model takes %d." % (len(given), len(names)))
    return {each.name: onnx_array(values, each) for values, each in zip(given, wanted)}  # noqa: B905 - Python 3.8


def onnx_array(values, wanted):
    """Return the values as the array that an input of the model takes."""
    import numpy as np

    kind = wanted.type[len("tensor(") : -1]
    dtype = {"float": "float32", "double": "float64", "string": "object"}.get(kind, kind)
    try:
        if hasattr(values, "to_numpy"):  # of pandas: its own mark for a missing value becomes NaN
            values = values.to_numpy(dtype, na_value=np.nan) if dtype.startswith("float") else values.to_numpy()
        array = np.asarray(values)
        array = (array.astype(str) if kind == "string" else array).astype(dtype, copy=False)
    except (TypeError, ValueError) as error:
        raise InputError("The payload can't become the model's input %r: %s" % (wanted.name, error)) from None
    shape = wanted.shape
    if array.ndim == 1 and len(shape) == 2:  # one row, or the values of the only column
        array = array.reshape(1, -1) if shape[1] == len(array) != 1 else array.reshape(-1, 1)
    fits = array.ndim == len(shape) and all(
        not isinstance(size, int) or size == found
        for size, found in zip(shape[1:], array.shape[1:])  # noqa: B905 - Python 3.8
    )
    if shape and not fits:
        raise InputError("The payload has the shape %s, the model takes %s." % (list(array.shape), list(shape)))
    return array


def read_output(found, reading):
    """Return output 0 as it is ("0"), its column as plain values ("0 flat"), as truths, or its second column."""
    index, _, part = reading.partition(" ")
    values = found[int(index)]
    if part == "truth":
        return values.astype(bool)
    return values.reshape(-1) if part == "flat" else values[:, 1] if part == "second" else values


def without_gaps(features):
    """Return the table with the values that prepare(impute_values=...) gave for missing ones."""
    given = fill_values()
    if not given or not hasattr(features, "__len__"):
        return features
    import pandas as pd

    frame = features if hasattr(features, "columns") else pd.DataFrame(features)
    names = {str(column): column for column in frame.columns}
    by_place = dict(enumerate(frame.columns))
    fill = {names[key] if key in names else by_place[int(key)]: value for key, value in given.items()}
    frame = frame.fillna(fill)
    return frame if hasattr(features, "columns") else frame.to_numpy()


@lru_cache(maxsize=1)
def fill_values(folder=HERE):
    """Return {name or place of a column, as text: value for missing ones}."""
    path = os.path.join(folder, "onnx_data_transformer.json")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as transformer:
        return json.load(transformer)["impute_values"]["value"]
