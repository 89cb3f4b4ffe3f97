"""Answers of the Open Inference Protocol to questions about server and model."""

from __future__ import annotations

from typing import Any

from ads._version import __version__
from ads.gateway.description import Description, Value

__all__ = ["model_metadata", "server_metadata"]


def server_metadata() -> dict[str, Any]:
    """Return what the protocol tells of a server."""
    return {"name": "openads", "version": __version__, "extensions": ["binary_tensor_data"]}


def model_metadata(name: str, description: Description) -> dict[str, Any]:
    """Return what the protocol tells of a model, filled from the stored schemas."""
    outputs = []
    for method in description.methods or ("predict",):
        known = description.outputs[0] if description.outputs else None
        datatype = "FP64" if method == "predict_proba" else known.datatype if known is not None else "FP64"
        outputs.append({"name": method, "datatype": datatype, "shape": [-1, -1] if method != "predict" else [-1]})
    return {
        "name": name,
        "versions": ["1"],
        "platform": f"openads_{description.framework}" if description.framework else "openads",
        "inputs": [_tensor(value) for value in description.inputs],
        "outputs": outputs,
    }


def _tensor(value: Value) -> dict[str, Any]:
    return {"name": value.name, "datatype": value.datatype, "shape": list(value.shape)}
