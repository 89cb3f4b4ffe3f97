"""The model files of TensorFlow: Keras files, SavedModel folders, ONNX."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ads.errors import InputError, NotSupported

_log = logging.getLogger(__name__)

_LIBRARIES = {"keras", "tensorflow"}

__all__ = ["read", "read_saved_model", "write", "write_onnx", "write_saved_model"]


def write(estimator: Any, path: Path, options: dict[str, Any]) -> None:
    """Write a Keras model as the file's suffix says: ``.keras``, ``.h5``, or a SavedModel folder without one."""
    if not path.suffix:
        write_saved_model(estimator, path, options)
        return
    if not callable(getattr(estimator, "save", None)):
        raise InputError(
            f"A {type(estimator).__name__} is no Keras model, so it has no {path.suffix} file.",
            hint='Store it as a SavedModel folder: prepare(model_file_name="model").',
        )
    _warn_of_own_classes(estimator, path)
    try:
        with _quiet_about_formats():
            estimator.save(str(path), **options)
    except NotImplementedError as error:
        raise InputError(
            f"The {type(estimator).__name__} can't be stored as {path.suffix}: {error}",
            hint='Pass model_file_name="model.keras", or "model" for a SavedModel folder, which needs no Python code.',
        ) from error


def write_saved_model(estimator: Any, path: Path, options: dict[str, Any]) -> None:
    """Write a SavedModel folder of a Keras model, or of a ``tf.Module`` whose call has a signature."""
    import tensorflow as tf

    if callable(getattr(estimator, "export", None)):
        estimator.export(str(path), **{"verbose": False, **options})
        return
    tf.saved_model.save(estimator, str(path), **{"signatures": getattr(estimator, "signatures", None), **options})
    if "serving_default" not in tf.saved_model.load(str(path)).signatures:
        raise InputError(
            f"The {type(estimator).__name__} has no signature, so nobody can tell what it takes.",
            hint="Decorate its __call__ with tf.function(input_signature=[tf.TensorSpec(...)]).",
        )


def write_onnx(estimator: Any, path: Path, options: dict[str, Any]) -> None:
    """Write a Keras model as ONNX; the package tf2onnx has to be there. ``model_save`` has options for ``export()``."""
    from importlib.util import find_spec

    if find_spec("tf2onnx") is None:
        raise NotSupported(
            "Keras models become ONNX with the package tf2onnx, which is not installed.",
            hint="Run pip install tf2onnx, or leave as_onnx out: the model is stored in Keras's own format.",
        )
    if not callable(getattr(estimator, "export", None)):
        raise NotSupported(f"Only Keras models become ONNX, not a {type(estimator).__name__}.")
    told = {name: options[name] for name in ("input_signature", "opset_version") if name in options}
    estimator.export(str(path), format="onnx", verbose=False, **told, **dict(options.get("model_save") or {}))


def read(path: Path) -> Any:
    """Return the model in a Keras file, without what only training needs."""
    import tensorflow as tf

    return tf.keras.models.load_model(str(path), compile=False)


def read_saved_model(path: Path) -> Any:
    """Return what a SavedModel folder holds; its signatures say what it takes."""
    import tensorflow as tf

    return tf.saved_model.load(str(path))


def _warn_of_own_classes(estimator: Any, path: Path) -> None:
    """Say so when the file refers to classes of the user's own, which exist nowhere else."""
    kinds = [type(part) for part in (estimator, *getattr(estimator, "layers", []))]
    own = sorted({kind.__qualname__ for kind in kinds if kind.__module__.partition(".")[0] not in _LIBRARIES})
    if own:
        _log.warning(
            "%s stores your own %s by name only, so a deployment needs their code. Pass "
            'model_file_name="model" for a SavedModel folder, which holds what they compute.',
            path.name,
            " and ".join(own),
        )


@contextmanager
def _quiet_about_formats() -> Iterator[None]:
    """Keep Keras from calling ``.h5``, the format that users of ADS know, a legacy one."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
