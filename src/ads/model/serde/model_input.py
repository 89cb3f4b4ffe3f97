"""How the data for a prediction becomes a payload that JSON can carry without losing anything."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any, ClassVar

from ads.errors import InputError, InputTypeError
from ads.model.serde import tensors
from ads.model.serde.common import SERDE, Deserializer, Serializer
from ads.model.serde.names import ModelInputSerializerType, SparkModelInputSerializerType

__all__ = [
    "SPARSE",
    "CloudpickleModelInputSERDE",
    "HuggingFaceModelInputSERDE",
    "JsonModelInputSERDE",
    "ModelInputDeserializer",
    "ModelInputSerializer",
    "ModelInputSerializerFactory",
    "ModelInputSerializerType",
    "SparkModelInputSerializerType",
    "class_path",
    "encode",
]

SPARSE = ("scipy._spbase", "scipy.spmatrix")
"""The sparse arrays and matrices of SciPy, which are sent in full."""


class ModelInputSerializer(Serializer):
    """The base of a user's own serializer: ``serialize(data)`` returns bytes or what JSON can write."""

    name = "customized"

    def serialize(self, data: Any, **kwargs: Any) -> Any:
        """Return the payload; a subclass must say how."""
        return super().serialize(data, **kwargs)


class ModelInputDeserializer(Deserializer):
    """The base of a user's own deserializer."""

    def __init__(self, name: str = "customized") -> None:
        self.name = name

    def deserialize(self, data: Any, **kwargs: Any) -> Any:
        """Return the data; a subclass must say how."""
        return super().deserialize(data, **kwargs)


def class_path(value: Any, names: tuple[str, ...]) -> str | None:
    """Return the first of ``names`` (``pandas.DataFrame``, ...) that ``value`` is, judged without importing anything.

    A name is the top-level package and the class; subclasses count.
    """
    for base in type(value).__mro__:
        path = f"{base.__module__.split('.', 1)[0]}.{base.__name__}"
        if path in names:
            return path
    return None


def _series(data: Any) -> Any:
    return [_plain(value) for value in data.tolist()]


def _array(data: Any) -> str:
    import numpy as np

    if data.dtype.hasobject:
        raise InputTypeError(
            "An array of Python objects can't be sent as an array.",
            hint="Send a DataFrame or a list, or convert the array with .astype().",
        )
    stream = io.BytesIO()
    np.save(stream, data, allow_pickle=False)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _eager(data: Any) -> str:
    return _array(data.numpy())


def _sparse(data: Any) -> str:
    return _array(data.toarray())


def _unchanged(data: Any) -> Any:
    return data


_ENVELOPES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "pandas.Series": ("<class 'pandas.core.series.Series'>", _series),
    "numpy.ndarray": ("<class 'numpy.ndarray'>", _array),
    **dict.fromkeys(SPARSE, ("<class 'numpy.ndarray'>", _sparse)),
    "tensorflow.EagerTensor": ("<class 'tensorflow.python.framework.ops.EagerTensor'>", _eager),
    "torch.Tensor": (tensors.TENSOR_DATA_TYPE, tensors.tensor_to_wire),
    "builtins.list": ("<class 'list'>", tensors.with_tensors),
    "builtins.tuple": ("<class 'tuple'>", tensors.with_tensors),
    "builtins.dict": ("<class 'dict'>", tensors.with_tensors),
    "builtins.str": ("<class 'str'>", _unchanged),
}


class JsonModelInputSERDE(ModelInputSerializer, SERDE):
    """Writes ``{"data": ..., "data_type": ...}``: frames and arrays in full precision, plain Python data as it is."""

    name = ModelInputSerializerType.JSON

    def serialize(self, data: Any, **_kwargs: Any) -> dict[str, Any]:
        """Return the envelope; raises ``TypeError`` for a type that it has no form for."""
        if class_path(data, ("pandas.DataFrame",)):
            from ads.schema.wire import frame_to_wire

            return frame_to_wire(data)
        found = class_path(data, tuple(_ENVELOPES))
        if found is None:
            raise InputTypeError(
                f"Data of type {type(data).__name__} can't be sent as JSON.",
                hint="Pass a DataFrame, Series, array, list, dict or text; or bytes, which are sent as they are.",
            )
        data_type, convert = _ENVELOPES[found]
        return {"data": convert(data), "data_type": data_type}


class CloudpickleModelInputSERDE(ModelInputSerializer, SERDE):
    """Writes a pickle of the data. Only a score.py that the user wrote for it reads one: generated ones refuse it."""

    name = ModelInputSerializerType.CLOUDPICKLE

    def serialize(self, data: Any, **_kwargs: Any) -> bytes:
        """Return the pickle."""
        import cloudpickle

        content: bytes = cloudpickle.dumps(data)
        return content


class HuggingFaceModelInputSERDE(ModelInputSerializer, SERDE):
    """Writes what pipelines of transformers take: texts, images, arrays, bytes, tuples, and dictionaries of them."""

    name = ModelInputSerializerType.HUGGINGFACE

    def serialize(self, data: Any, **_kwargs: Any) -> dict[str, Any]:
        """Return the envelope; raises ``TypeError`` for a type that it has no form for."""
        from ads.model.serde.huggingface_format import to_json

        return {"data": to_json(data), "data_type": self.name}


class ModelInputSerializerFactory:
    """Finds an input serializer by name."""

    classes: ClassVar[dict[str, type[ModelInputSerializer]]] = {
        ModelInputSerializerType.JSON: JsonModelInputSERDE,
        ModelInputSerializerType.CLOUDPICKLE: CloudpickleModelInputSERDE,
        ModelInputSerializerType.HUGGINGFACE: HuggingFaceModelInputSERDE,
    }

    @classmethod
    def get(cls, se: Any = ModelInputSerializerType.JSON) -> Any:
        """Return the serializer called ``se``; an object that can serialize is returned as it is.

        Raises ``ValueError`` for a name that nothing is known under.
        """
        known = ", ".join(cls.classes)
        if not isinstance(se, str):
            if not callable(getattr(se, "serialize", None)):
                raise InputError(
                    f"{type(se).__name__} can't serialize the input of a model.",
                    hint=f"Pass one of {known}, or an object with a serialize() method.",
                )
            return se
        if se.lower() in cls.classes:
            return cls.classes[se.lower()]()
        if se.lower() == SparkModelInputSerializerType.SPARK:
            from ads.model.serde.spark_input import SparkModelInputSERDE

            return SparkModelInputSERDE()
        raise InputError(f"{se!r} is not an input serializer.", hint=f"Known: {known}.")


def encode(payload: Any) -> bytes:
    """Return the body of a request: bytes as they are, everything else as JSON.

    Numbers and arrays of numpy inside lists and dicts become plain ones. Raises ``TypeError`` for what JSON has no form
    for, and ``ValueError`` for NaN and Infinity.
    """
    if isinstance(payload, (bytes, bytearray)):
        return bytes(payload)
    try:
        return json.dumps(payload, default=_numpy_value, allow_nan=False, ensure_ascii=False).encode()
    except InputTypeError:
        raise
    except ValueError as error:
        raise InputError(
            f"The data can't be sent as JSON: {error}.",
            hint="JSON has no NaN or Infinity: send None in lists, or a DataFrame, where missing values are kept.",
        ) from error


def _numpy_value(value: Any) -> Any:
    if class_path(value, ("numpy.generic", "numpy.ndarray")):
        return value.tolist()
    raise InputTypeError(
        f"Data that holds a {type(value).__name__} can't be sent as JSON.",
        hint="Convert it to texts, numbers, lists or dictionaries, or pass a DataFrame with auto_serialize_data=True.",
    )


def _plain(value: Any) -> Any:
    """Return a cell of a Series as JSON has it: missing values as None, times as ISO text."""
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT are what differs from itself
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value
