"""What a replica tells about its model: inputs, outputs, an example. Gateways make documentation and metadata of it."""

import json
import os
from typing import Any, Dict, List, Optional

from .artifact_facts import Facts
from .parity import read_sample
from .status import Failure

__all__ = ["describe"]

_MOST_ENTRIES = 2000
_LARGEST_EXAMPLE = 64 * 1024
_LONGEST_TEXT = 500
_MARKS = ("pii", "mask")
_DATATYPES = (
    ("float64", "FP64"),
    ("float32", "FP32"),
    ("float16", "FP16"),
    ("float", "FP64"),
    ("uint64", "UINT64"),
    ("uint32", "UINT32"),
    ("uint16", "UINT16"),
    ("uint8", "UINT8"),
    ("uint", "UINT64"),
    ("int64", "INT64"),
    ("int32", "INT32"),
    ("int16", "INT16"),
    ("int8", "INT8"),
    ("int", "INT64"),
    ("bool", "BOOL"),
    ("boolean", "BOOL"),
)


def describe(folder: str, facts: Facts, model: Any) -> "Dict[str, Any]":
    """Return a description of at most a few hundred kilobytes that JSON can carry."""
    methods = ["predict"]
    if facts.composed and callable(getattr(model, "predict_proba", None)):
        methods.append("predict_proba")
    return {
        "version": 1,
        "composed": facts.composed,
        "framework": _framework(folder),
        "inputs": _entries(facts.inputs),
        "outputs": _entries(facts.outputs),
        "methods": methods if facts.composed else [],
        "example": _example(folder),
    }


def _framework(folder: str) -> str:
    try:
        with open(os.path.join(folder, "score_recipe.json"), "rb") as file:
            return str(json.loads(file.read().decode("utf-8"))["recipe"]["framework"])[:_LONGEST_TEXT]
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _entries(schema: "List[Any]") -> "List[Dict[str, Any]]":
    return [_entry(entry) for entry in schema[:_MOST_ENTRIES]]


def _entry(entry: "Dict[str, Any]") -> "Dict[str, Any]":
    dtype = str(entry.get("dtype", "object"))
    is_tensor = entry.get("feature_type") == "Tensor"
    shape = _shape(entry) if is_tensor else [-1]
    return {
        "name": str(entry.get("name", ""))[:_LONGEST_TEXT],
        "description": str(entry.get("description") or "")[:_LONGEST_TEXT],
        "dtype": dtype[:_LONGEST_TEXT],
        "datatype": next((datatype for name, datatype in _DATATYPES if dtype.lower().endswith(name)), "BYTES"),
        "tensor": is_tensor,
        "shape": shape,
        "required": entry.get("required") is not False,
        "masked": _is_masked(entry),
    }


def _is_masked(entry: "Dict[str, Any]") -> bool:
    """Tell whether a column's values are not to be kept: by a tag, or by ``#pii`` or ``#mask`` in its description."""
    tags = entry.get("tags")
    words = [str(tag).lower() for tag in tags] if isinstance(tags, list) else []
    words += [
        word.strip(".,;:()").lstrip("#") for word in str(entry.get("description") or "").lower().split() if "#" in word
    ]
    return any(word in _MARKS for word in words)


def _shape(entry: "Dict[str, Any]") -> "List[int]":
    domain = entry.get("domain")
    values = domain.get("stats") if isinstance(domain, dict) else None
    shape = values.get("shape") if isinstance(values, dict) else entry.get("shape")
    if not isinstance(shape, list):
        return [-1]
    return [-1, *(size if type(size) is int and size > 0 else -1 for size in shape[1:16])]  # the first is the batch


def _example(folder: str) -> "Optional[Dict[str, Any]]":
    try:
        sample = read_sample(folder)
        if sample is None:
            return None
        for case in sample["cases"]:
            example = {"body": case["body"], "answer": case.get("answer")}
            is_json = str(case.get("content_type", "application/json")).startswith("application/json")
            if is_json and len(json.dumps(example)) <= _LARGEST_EXAMPLE:
                return example
    except (Failure, KeyError, TypeError, ValueError):
        return None
    return None
