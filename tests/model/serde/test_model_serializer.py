"""Model files."""

import logging
import pickle
import sys

import pytest

from ads.model.serde.common import SERDE, Serializer
from ads.model.serde.model_serializer import ModelSerializer, ModelSerializerFactory


@pytest.mark.parametrize(("name", "suffix"), [("joblib", "joblib"), ("cloudpickle", "pkl")])
def test_a_model_comes_back(name, suffix, tmp_path):
    serializer = ModelSerializerFactory.get(name)
    assert (serializer.name, serializer.model_file_suffix) == (name, suffix)
    path = tmp_path / f"model.{suffix}"
    serializer.serialize({"a": [1, 2]}, str(path))
    assert serializer.deserialize(str(path)) == {"a": [1, 2]}


def test_options_reach_the_writer(tmp_path):
    path = tmp_path / "model.joblib"
    ModelSerializerFactory.get("joblib").serialize("x" * 9999, str(path), model_save={"compress": 3})
    assert path.stat().st_size < 9999


def test_names_that_are_unknown_or_not_here_yet():
    with pytest.raises(ValueError, match="joblib"):
        ModelSerializerFactory.get("jobli")
    with pytest.raises(NotImplementedError, match="onnx"):
        ModelSerializerFactory.get("onnx")
    with pytest.raises(ValueError, match="serialize"):
        ModelSerializerFactory.get(object())


def test_an_own_serializer_is_taken_as_it_is():
    class Mine(ModelSerializer):
        pass

    mine = Mine(model_file_suffix="x")
    assert ModelSerializerFactory.get(mine) is mine
    assert issubclass(SERDE, Serializer)
    with pytest.raises(NotImplementedError):
        mine.serialize(1)


def test_code_of_this_session_stored_by_name_is_pointed_out(tmp_path, caplog):
    class Mine:
        pass

    Mine.__module__, Mine.__qualname__ = "__main__", "Mine"
    sys.modules["__main__"].Mine = Mine
    try:
        pickle.dumps(Mine())
        with caplog.at_level(logging.WARNING):
            ModelSerializerFactory.get("joblib").serialize(Mine(), str(tmp_path / "model.joblib"))
    finally:
        del sys.modules["__main__"].Mine
    assert "cloudpickle" in caplog.text
