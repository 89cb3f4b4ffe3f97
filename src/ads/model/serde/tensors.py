"""PyTorch tensors as they are sent: with dtype and shape, alone or inside lists, tuples and dictionaries."""

from __future__ import annotations

import base64
from typing import Any

from ads.errors import InputTypeError
from ads.model.serde.common import SERDE

__all__ = [
    "TENSOR_DATA_TYPE",
    "LegacyTorchInputSERDE",
    "inputs_of",
    "is_tensor",
    "read_by_pickle",
    "tensor_to_wire",
    "with_tensors",
]

TENSOR_DATA_TYPE = "<class 'torch.Tensor'>"


def is_tensor(value: Any) -> bool:
    """Return whether this is a tensor of PyTorch, which is not imported to find out."""
    return any(base.__module__ == "torch" and base.__name__ == "Tensor" for base in type(value).__mro__)


def tensor_to_wire(tensor: Any) -> dict[str, Any]:
    """Return the form that score.py makes a tensor from; raises ``TypeError`` for complex numbers."""
    if tensor.is_complex():
        raise InputTypeError(
            "A tensor of complex numbers can't be sent.", hint="Send its real and imaginary part: torch.view_as_real()."
        )
    values = tensor.detach().to("cpu")
    values = values.to_dense() if values.is_sparse else values
    return {
        "__ads_torch_tensor__": 1,
        "data": _numbers(values),
        "dtype": str(tensor.dtype),
        "shape": list(tensor.shape),
        "device": str(tensor.device),
    }


def with_tensors(data: Any) -> Any:
    """Return a list, tuple or dictionary with the tensors directly in it replaced by the form that is sent."""
    if isinstance(data, dict):
        return {name: tensor_to_wire(value) if is_tensor(value) else value for name, value in data.items()}
    if not any(is_tensor(value) for value in data[:16]):
        return data
    return [tensor_to_wire(value) if is_tensor(value) else value for value in data]


def _numbers(values: Any) -> Any:
    """Return nested lists; numbers of single precision in their own shortest digits, which halves the request."""
    import numpy as np

    if str(values.dtype) != "torch.float32":
        return values.tolist()
    single = values.numpy()
    short = single.astype(str).astype("float64")
    return short.tolist() if np.array_equal(short.astype("float32"), single, equal_nan=True) else single.tolist()


def inputs_of(data: Any, module: Any, names: Any = ()) -> Any:
    """Return data of any kind as the inputs of a module, as score.py makes them; ``names`` order the columns.

    Raises ``TypeError`` for a flat list: only a schema tells whether it is a row or a column.
    """
    from ads.model.serde.model_input import class_path
    from ads.score.blocks.pytorch import as_tensor, numbers_of

    if is_tensor(data):
        return data
    if isinstance(data, dict):
        return {name: inputs_of(value, module) for name, value in data.items()}
    if isinstance(data, (list, tuple)) and data and all(is_tensor(value) for value in data):
        return tuple(data)
    if class_path(data, ("pandas.DataFrame",)):
        columns = [name for name in names if name in data.columns]
        data = numbers_of(data[columns] if columns else data)  # type: ignore[no-untyped-call]
    elif isinstance(data, (list, tuple)) and data and not isinstance(data[0], (list, tuple)):
        raise InputTypeError("A flat list can be a row or a column.", hint="Pass a list of rows.")
    return as_tensor(data, module)  # type: ignore[no-untyped-call]


class LegacyTorchInputSERDE(SERDE):
    """Writes tensors as deployments of oracle-ads before 2.15 read them, and everything else as JSON does."""

    name = "legacy torch"

    def serialize(self, data: Any, **kwargs: Any) -> Any:
        """Return the envelope."""
        if not is_tensor(data):
            from ads.model.serde.model_input import JsonModelInputSERDE

            return JsonModelInputSERDE().serialize(data, **kwargs)
        import io

        import torch

        stream = io.BytesIO()
        torch.save(data.detach().to("cpu"), stream)
        return {"data": base64.b64encode(stream.getvalue()).decode("ascii"), "data_type": TENSOR_DATA_TYPE}


def read_by_pickle(script: str) -> bool:
    """Return whether a score.py reads tensors in the old form: it loads them with torch from a text."""
    return "__ads_torch_tensor__" not in script and all(
        part in script for part in ("torch.load", "b64decode", "BytesIO", "torch.Tensor")
    )
