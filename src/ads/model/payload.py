"""The data of one prediction as it goes over the wire; the same for a local test and for a deployment."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ads.errors import InputError, InputTypeError
from ads.model.options import check_outputs
from ads.model.serde.model_input import SPARSE, class_path, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ads.model.generic_model import GenericModel

__all__ = ["Payload", "chosen_data", "first_rows", "make_payload"]

JSON_CONTENT = "application/json"
BYTES_CONTENT = "application/octet-stream"

_TENSORS = ("numpy.ndarray", "tensorflow.EagerTensor", "torch.Tensor")
_ROWS = ("pandas.DataFrame", "pandas.Series", "builtins.list", "builtins.tuple", *_TENSORS, *SPARSE)


@dataclass(frozen=True)
class Payload:
    """A request body and its content type."""

    body: bytes
    content_type: str

    @property
    def received(self) -> Any:
        """What ``score.predict`` gets: the JSON value, or bytes as they are."""
        return json.loads(self.body) if self.content_type == JSON_CONTENT else self.body


def chosen_data(model: GenericModel, data: Any, options: Mapping[str, Any]) -> Any:
    """Return ``data``, or what the model makes of the ``image`` in ``options``: a PIL image, a path or an address.

    Raises :class:`~ads.errors.NotSupported` for a kind of model that has no form for images.
    """
    from ads.model.traits import FrameworkTraits

    image = options.get("image")
    if image is None:
        return data
    takes_images = type(model).data_of_image is not FrameworkTraits.data_of_image
    if takes_images and isinstance(image, (str, os.PathLike)):
        import fsspec
        from PIL import Image

        with fsspec.open(os.fspath(image), "rb", **(options.get("storage_options") or {})) as file:
            image = Image.open(file)
            image.load()
    return model.data_of_image(image)


def make_payload(serializer: Any, data: Any, auto_serialize_data: bool, outputs: Any = None) -> Payload:
    """Return ``data`` as a request, which may ask for other ``outputs`` than ``prepare()`` named.

    Bytes go as they are. Otherwise ``serializer`` writes the data, or without ``auto_serialize_data`` the data must be
    what JSON can write. Raises ``ValueError`` without data, ``TypeError`` for data that can't be sent.
    """
    if outputs is not None:
        names = list(check_outputs(outputs))
        if isinstance(data, (bytes, bytearray)):
            raise InputError("A request of bytes can't ask for outputs.", hint="Send the data as JSON.")
    if isinstance(data, (bytes, bytearray)):
        return Payload(bytes(data), BYTES_CONTENT)
    if data is None:
        raise InputError("There is no data to predict from.", hint="Pass data=, for example a few rows of the input.")
    if auto_serialize_data:
        data = serializer.serialize(data)
    elif class_path(data, ("pandas.DataFrame", "pandas.Series", "numpy.ndarray")):
        raise InputTypeError(
            f"A {type(data).__name__} is not JSON.", hint="Pass auto_serialize_data=True, or lists and dictionaries."
        )
    if outputs is not None:
        enveloped = isinstance(data, dict) and "data" in data
        data = {**data, "outputs": names} if enveloped else {"data": data, "outputs": names}
    body = encode(data)
    return Payload(body, BYTES_CONTENT if isinstance(data, (bytes, bytearray)) else JSON_CONTENT)


def first_rows(data: Any, count: int) -> Any:
    """Return at most ``count`` rows of ``data``, in its own form; None where no rows can be told.

    A flat list of numbers may be one row or many values, so it has none. A dictionary is kept whole when none of the
    lists in it is longer than ``count``, and a text counts as one row.
    """
    if class_path(data, ("pyspark.DataFrame",)):
        return data.limit(count)
    found = class_path(data, _ROWS)
    if isinstance(data, dict) and data and all(class_path(value, _TENSORS) for value in data.values()):
        return {name: value[:count] for name, value in data.items()}
    if isinstance(data, tuple) and data and all(class_path(value, _TENSORS[1:]) for value in data):
        return tuple(value[:count] for value in data)
    if found is None:
        if isinstance(data, str) or class_path(data, ("PIL.Image",)):
            return data
        return data if (isinstance(data, dict) and _longest_list(data) <= count) else None
    if (data.shape[0] if found in SPARSE else len(data)) == 0 or (
        found.startswith("builtins.") and isinstance(data[0], (int, float))
    ):
        return None
    return data.iloc[:count] if hasattr(data, "iloc") else data[:count]


def _longest_list(data: dict[Any, Any]) -> int:
    lengths = [0]
    for value in data.values():
        if isinstance(value, (list, tuple)):
            lengths.append(len(value))
        elif isinstance(value, dict):
            lengths.append(max(len(value), _longest_list(value)))
    return max(lengths)
