# mypy: disable-error-code="no-untyped-def,no-untyped-call,arg-type,call-overload"
"""The files of a Hugging Face pipeline, and its inputs as JSON."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ads.errors import InputTypeError

__all__ = ["KIND", "read", "to_json", "write"]

KIND = "__ads_huggingface_type__"
"""The key that says what an object in the payload is when it isn't a plain one."""


def write(estimator: Any, path: Path, options: dict[str, Any]) -> None:
    """Write configuration, weights and tokenizer of a pipeline into the folder of ``path``."""
    with _quiet():
        estimator.save_pretrained(str(path.parent), **options)


def read(path: Path) -> Any:
    """Return the pipeline in the folder of ``path``; its score.py says which task it has."""
    from ads.score import read_recipe

    recipe = read_recipe(path.parent)
    from transformers import pipeline

    return pipeline(recipe.task if recipe is not None else None, model=str(path.parent))


def to_json(data: Any) -> Any:
    """Return ``data`` as JSON has it: images, arrays, bytes and tuples as small dictionaries that say what they are.

    Raises ``TypeError`` for an object that there is no form for.
    """
    if data is None or isinstance(data, (str, bool, int, float)):
        return data
    if isinstance(data, dict):
        return {str(name): to_json(value) for name, value in data.items()}
    if isinstance(data, list):
        return [to_json(value) for value in data]
    if isinstance(data, tuple):
        return {KIND: "tuple", "items": [to_json(value) for value in data]}
    if isinstance(data, (bytes, bytearray)):
        return {KIND: "bytes", "data": base64.b64encode(data).decode("ascii")}
    return _of_library(data)


def _of_library(data: Any) -> Any:
    """Return an image, or something of numpy or pandas, as JSON has it."""
    from ads.model.serde.model_input import class_path

    found = class_path(data, ("PIL.Image", "numpy.generic", "numpy.ndarray", "pandas.Series"))
    if found == "PIL.Image":
        return {KIND: "pil_image", "format": "PNG", "data": _png(data)}
    if found == "numpy.ndarray" and data.dtype.kind not in "OU":
        return {KIND: "ndarray", "data": _npy(data)}
    if found is not None:
        return to_json(data.tolist())
    raise InputTypeError(
        f"A {type(data).__name__} can't be sent to a pipeline.",
        hint="Pass texts, numbers, PIL images, arrays, Series, bytes, or lists and dictionaries of them.",
    )


def _png(image: Any) -> str:
    modes_of_png = ("1", "L", "LA", "I", "P", "RGB", "RGBA", "I;16")
    stream = io.BytesIO()
    (image if image.mode in modes_of_png else image.convert("RGB")).save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _npy(array: Any) -> str:
    import numpy as np

    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return base64.b64encode(stream.getvalue()).decode("ascii")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from drawing a progress bar."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
