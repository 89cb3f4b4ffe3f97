"""How an estimator becomes a model file: a table of formats, each a suffix and two functions."""

from __future__ import annotations

import logging
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ads.errors import InputError, NotSupported
from ads.model.serde import (
    boosting_format,
    huggingface_format,
    onnx_conversion,
    spark_format,
    tensorflow_format,
    torch_formats,
    torch_onnx,
)
from ads.model.serde.common import SERDE, Deserializer, Serializer
from ads.model.serde.names import (
    HuggingFaceSerializerType,
    LightGBMModelSerializerType,
    ModelSerializerType,
    PyTorchModelSerializerType,
    SklearnModelSerializerType,
    SparkModelSerializerType,
    TensorflowModelSerializerType,
    XgboostModelSerializerType,
)

__all__ = [
    "HuggingFaceSerializerType",
    "LightGBMModelSerializerType",
    "ModelDeserializer",
    "ModelSerializer",
    "ModelSerializerFactory",
    "ModelSerializerType",
    "PyTorchModelSerializerType",
    "SklearnModelSerializerType",
    "SparkModelSerializerType",
    "TensorflowModelSerializerType",
    "XgboostModelSerializerType",
]

_log = logging.getLogger(__name__)

_SEARCHED_BYTES = 256 * 1024 * 1024
"""Model files above this size are not searched for code that is stored by name only."""


class ModelSerializer(Serializer):
    """The base of a user's own serializer: ``serialize(estimator, model_path, **kwargs)`` writes the model file."""

    def __init__(self, model_file_suffix: str) -> None:
        self.model_file_suffix = model_file_suffix


class ModelDeserializer(Deserializer):
    """The base of a user's own deserializer: ``deserialize(model_path, **kwargs)`` returns the model."""


@dataclass(frozen=True)
class _Format:
    suffix: str
    write: Callable[[Any, Path, dict[str, Any]], None]
    read: Callable[[Path], Any]
    told_all: bool = False
    """Whether ``write`` gets everything that ``prepare()`` says of the model (``X_sample``, ...), not its
    ``model_save`` alone."""
    tolerance: tuple[float, float] | None = None
    """How far, relative and absolute, predictions may be off after storing; None: what the framework says."""
    runs_with: str = ""
    """The package that loads the file, where that is not the estimator's own."""
    needs: tuple[str, ...] = ()
    """Packages that loading the file needs beside the estimator's own."""


def _write_joblib(estimator: Any, path: Path, options: dict[str, Any]) -> None:
    import joblib

    joblib.dump(estimator, path, **options)
    _warn_of_code_by_name(path)


def _read_joblib(path: Path) -> Any:
    import joblib

    return joblib.load(path)


def _write_cloudpickle(estimator: Any, path: Path, options: dict[str, Any]) -> None:
    from ads.model.serde.portable_pickle import dump

    with path.open("wb") as file:
        dump(estimator, file, **options)


def _read_cloudpickle(path: Path) -> Any:
    import cloudpickle

    with path.open("rb") as file:
        return cloudpickle.load(file)


def _onnx(write: Callable[[Any, Path, dict[str, Any]], None]) -> _Format:
    return _Format("onnx", write, onnx_conversion.read_onnx, True, tolerance=(1e-4, 1e-5), runs_with="onnxruntime")


_FORMATS: dict[str, _Format] = {
    "cloudpickle": _Format("pkl", _write_cloudpickle, _read_cloudpickle),
    "joblib": _Format("joblib", _write_joblib, _read_joblib),
    "lightgbm": _Format("txt", boosting_format.write_lightgbm, boosting_format.read_lightgbm),
    "xgboost": _Format("json", boosting_format.write_xgboost, boosting_format.read_xgboost),
    "xgboost_ubj": _Format("ubj", boosting_format.write_xgboost, boosting_format.read_xgboost),
    "xgboost_txt": _Format("txt", boosting_format.write_xgboost, boosting_format.read_xgboost),
    "sklearn_onnx": _onnx(onnx_conversion.write_sklearn_onnx),
    "xgboost_onnx": _onnx(onnx_conversion.write_xgboost_onnx),
    "lightgbm_onnx": _onnx(onnx_conversion.write_lightgbm_onnx),
    "torch": _Format("pt", torch_formats.write_torch, torch_formats.read_torch, needs=("cloudpickle",)),
    "torchscript": _Format("pt", torch_formats.write_torchscript, torch_formats.read_torchscript),
    "torch_onnx": _onnx(torch_onnx.write_torch_onnx),
    "huggingface": _Format("json", huggingface_format.write, huggingface_format.read),
    "tf_onnx": _onnx(tensorflow_format.write_onnx),
    "spark": _Format("", spark_format.write, spark_format.read, told_all=True),
    "tf": _Format("h5", tensorflow_format.write, tensorflow_format.read),
    "tf_saved_model": _Format("", tensorflow_format.write_saved_model, tensorflow_format.read_saved_model),
}

_FORMATS_OF_OTHER_FRAMEWORKS = frozenset(
    [
        "onnx",
    ]
)
"""Names that users know and that this version has no format for."""


class _NamedSerializer(ModelSerializer, SERDE):
    """One format of the table as an object with the interface that users know."""

    def __init__(self, name: str) -> None:
        self._format = _FORMATS[name]
        super().__init__(model_file_suffix=self._format.suffix)
        self.name = name
        self.tolerance = self._format.tolerance
        self.runs_with = self._format.runs_with
        self.needs = self._format.needs

    def serialize(self, estimator: Any, model_path: str, **kwargs: Any) -> None:
        """Write ``estimator`` to ``model_path``; ``model_save`` holds options for the format's own writer."""
        options = kwargs if self._format.told_all else dict(kwargs.get("model_save") or {})
        self._format.write(estimator, Path(model_path), options)

    def deserialize(self, model_path: str, **_kwargs: Any) -> Any:
        """Return the estimator in ``model_path``. It runs the code that the file holds: trust the file first."""
        return self._format.read(Path(model_path))


class ModelSerializerFactory:
    """Finds a serializer by name."""

    names: ClassVar[tuple[str, ...]] = tuple(_FORMATS)

    @classmethod
    def get(cls, se: Any) -> Any:
        """Return the serializer called ``se``; an object that can serialize is returned as it is.

        Raises ``ValueError`` for a name that nothing is known under.
        """
        if not isinstance(se, str):
            if not callable(getattr(se, "serialize", None)):
                raise InputError(
                    f"{type(se).__name__} can't serialize a model.",
                    hint=f"Pass one of {', '.join(cls.names)}, or an object with a serialize() method.",
                )
            return se
        name = se.lower()
        if name in _FORMATS:
            return _NamedSerializer(name)
        if name in _FORMATS_OF_OTHER_FRAMEWORKS:
            raise NotSupported(
                f"The model format {se!r} is not available in this version.", hint=f"Available: {', '.join(cls.names)}."
            )
        raise InputError(f"{se!r} is not a model serializer.", hint=f"Known: {', '.join(cls.names)}.")


def _warn_of_code_by_name(path: Path) -> None:
    """Say so when the file refers to code of the running session, which exists nowhere else."""
    if not 0 < path.stat().st_size <= _SEARCHED_BYTES:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        found = content.find(b"__main__") >= 0
    if found:
        _log.warning(
            "The model uses code defined in this session (__main__), which %s stores by name only, so a deployment "
            'can\'t load it. Pass model_save_serializer="cloudpickle" to store the code as well.',
            path.name,
        )
