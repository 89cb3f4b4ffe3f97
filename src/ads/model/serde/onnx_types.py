"""Which inputs an ONNX model of a table may have: found from the sample, or from what the estimator knows of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ads.errors import InputError

__all__ = ["InputType", "InputTypes", "candidates", "input_types_given", "of_onnxmltools", "of_skl2onnx"]


@dataclass(frozen=True)
class InputType:
    """An input of a model: its name, the kind of its values (``Float``, ``String``, ...), its shape."""

    name: str
    kind: str
    shape: tuple[Any, ...]


InputTypes = tuple[InputType, ...]


def of_skl2onnx(types: InputTypes) -> list[tuple[str, Any]]:
    """Return the types as skl2onnx has them."""
    from skl2onnx.common import data_types

    return [(each.name, getattr(data_types, f"{each.kind}TensorType")(list(each.shape))) for each in types]


def of_onnxmltools(types: InputTypes) -> list[tuple[str, Any]]:
    """Return the types as onnxmltools has them."""
    from onnxmltools.convert.common import data_types

    return [(each.name, getattr(data_types, f"{each.kind}TensorType")(list(each.shape))) for each in types]


def input_types_given(initial_types: Any) -> Iterator[InputTypes]:
    """Yield the ``initial_types`` of the caller: ``[("input", FloatTensorType([None, 4]))]``, of either library."""
    found = []
    for item in initial_types if isinstance(initial_types, (list, tuple)) else [initial_types]:
        kind = type(item[1]).__name__ if isinstance(item, (list, tuple)) and len(item) == 2 else ""
        if not kind.endswith("TensorType"):
            raise InputError(
                f"initial_types holds {item!r}, which is no name with a type.",
                hint='Pass a list such as [("input", FloatTensorType([None, 4]))].',
            )
        found.append(InputType(str(item[0]), kind.removesuffix("TensorType"), tuple(item[1].shape)))
    yield tuple(found)


def candidates(estimator: Any, sample: Any) -> Iterator[InputTypes]:
    """Yield the input types to try, the most usual first.

    Raises InputError when neither the sample nor the estimator tells how many columns there are.
    """
    if sample is None:
        yield _one_input("Float", _width(estimator))
        yield _one_input("Double", _width(estimator))
        return
    if hasattr(sample, "dtypes") and hasattr(sample, "columns"):
        yield from _of_frame(sample)
        return
    yield from _of_array(sample)


def _of_frame(frame: Any) -> Iterator[InputTypes]:
    kinds = [dtype.kind if hasattr(dtype, "kind") else "O" for dtype in frame.dtypes]
    names = [str(name) for name in frame.columns]
    numeric = all(kind in "fiub" for kind in kinds)
    if numeric:
        yield _one_input("Float", len(names))
    columns = list(zip(names, kinds, strict=True))
    yield tuple(InputType(name, "Float" if kind in "fiub" else "String", (None, 1)) for name, kind in columns)
    if numeric:
        yield _one_input("Double", len(names))
    exact = {"i": "Int64", "u": "Int64", "f": "Double", "b": "Boolean"}
    yield tuple(InputType(name, exact.get(kind, "String"), (None, 1)) for name, kind in columns)


def _of_array(sample: Any) -> Iterator[InputTypes]:
    import numpy as np

    array = np.asarray(sample)
    width = array.shape[1] if array.ndim > 1 else 1
    if array.dtype.kind not in "fiub":
        yield (InputType("input", "String", (None,) if array.ndim == 1 else (None, width)),)
        yield (InputType("input", "String", (None, width)),)
        return
    yield _one_input("Float", width)
    yield _one_input("Double", width)


def _one_input(kind: str, width: int) -> InputTypes:
    return (InputType("input", kind, (None, width)),)


def _width(estimator: Any) -> int:
    """Return how many columns the estimator was trained on."""
    for holder in (estimator, getattr(estimator, "booster_", None)):
        for name in ("n_features_in_", "num_features", "num_feature"):
            try:
                found = getattr(holder, name, None)
                found = found() if callable(found) else found
            except (AttributeError, ValueError):  # an estimator of XGBoost that isn't trained
                continue
            if isinstance(found, int) and not isinstance(found, bool):
                return found
    raise InputError(
        "The types of the ONNX model's inputs can't be told.",
        hint='Pass X_sample, or initial_types such as [("input", FloatTensorType([None, 4]))].',
    )
