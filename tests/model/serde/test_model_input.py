"""The payload of a prediction."""

import base64
import io
import json

import numpy as np
import pandas as pd
import pytest

from ads.model.serde.model_input import JsonModelInputSERDE, ModelInputSerializerFactory, class_path, encode


def test_arrays_travel_as_npy():
    array = np.array([[1.5, 0.1234567890123456]])
    envelope = JsonModelInputSERDE().serialize(array)
    assert envelope["data_type"] == "<class 'numpy.ndarray'>"
    back = np.load(io.BytesIO(base64.b64decode(envelope["data"])), allow_pickle=False)
    np.testing.assert_array_equal(back, array)
    with pytest.raises(TypeError, match="objects"):
        JsonModelInputSERDE().serialize(np.array([object()]))


def test_plain_data_is_as_it_is_and_named():
    assert JsonModelInputSERDE().serialize([1]) == {"data": [1], "data_type": "<class 'list'>"}
    assert JsonModelInputSERDE().serialize({"a": 1})["data_type"] == "<class 'dict'>"
    assert JsonModelInputSERDE().serialize("x") == {"data": "x", "data_type": "<class 'str'>"}
    assert json.loads(encode(JsonModelInputSERDE().serialize((1, 2))))["data"] == [1, 2]


def test_a_series_keeps_its_gaps_and_times():
    envelope = JsonModelInputSERDE().serialize(pd.Series([1.0, None]))
    assert envelope == {"data": [1.0, None], "data_type": "<class 'pandas.core.series.Series'>"}
    assert JsonModelInputSERDE().serialize(pd.Series(pd.to_datetime(["2020-01-02"])))["data"] == ["2020-01-02T00:00:00"]


@pytest.mark.parametrize("value", [1, 1.5, True, object()])
def test_what_has_no_form(value):
    with pytest.raises(TypeError):
        JsonModelInputSERDE().serialize(value)


def test_names():
    assert ModelInputSerializerFactory.get("JSON").name == "json"
    assert isinstance(ModelInputSerializerFactory.get("cloudpickle").serialize([1]), bytes)
    own = JsonModelInputSERDE()
    assert ModelInputSerializerFactory.get(own) is own
    with pytest.raises(ValueError, match="json"):
        ModelInputSerializerFactory.get("yaml")
    with pytest.raises(ValueError, match="serialize"):
        ModelInputSerializerFactory.get(5)
    for name in ("huggingface", "spark"):
        assert ModelInputSerializerFactory.get(name).name == name


def test_classes_are_told_without_importing():
    class Mine(pd.DataFrame):
        pass

    assert class_path(Mine(), ("pandas.DataFrame",)) == "pandas.DataFrame"
    assert class_path([], ("pandas.DataFrame",)) is None
