"""Answers of the Open Inference Protocol to questions about server and model."""

from __future__ import annotations

from typing import Any

from ads._version import __version__
from ads.gateway.description import Description, Value

__all__ = ["model_metadata", "server_metadata"]

_DATATYPES = {bool: "BOOL", int: "INT64", float: "FP64", str: "BYTES"}


def server_metadata() -> dict[str, Any]:
    """Return what the protocol tells of a server."""
    return {"name": "openads", "version": __version__, "extensions": ["binary_tensor_data"]}


def model_metadata(name: str, description: Description) -> dict[str, Any]:
    """Return what the protocol tells of a model, filled from the stored schemas."""
    outputs = []
    for method in description.methods or ("predict",):
        datatype, shape = ("FP64", [-1, -1]) if method == "predict_proba" else _predicted(description)
        outputs.append({"name": method, "datatype": datatype, "shape": shape})
    return {
        "name": name,
        "versions": ["1"],
        "platform": f"openads_{description.framework}" if description.framework else "openads",
        "inputs": [_tensor(value) for value in description.inputs],
        "outputs": outputs,
    }


def _predicted(description: Description) -> tuple[str, list[int]]:
    """Return datatype and shape of what predict() returns: as in the example, where there is one."""
    answer = description.example.get("answer") if description.example is not None else None
    value = answer.get("prediction") if isinstance(answer, dict) else answer
    shape: list[int] = []
    while isinstance(value, list) and value:
        shape.append(len(value) if shape else -1)
        value = value[0]
    datatype = _DATATYPES.get(type(value))
    if datatype is not None and shape:
        return datatype, shape
    known = description.outputs[0] if len(description.outputs) == 1 else None
    return (known.datatype, list(known.shape)) if known is not None else ("FP64", [-1])


def _tensor(value: Value) -> dict[str, Any]:
    return {"name": value.name, "datatype": value.datatype, "shape": list(value.shape)}
