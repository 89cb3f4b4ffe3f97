"""Descriptions of models by reference: which objects make up a model whose bytes the catalog doesn't hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ads.errors import ModelFileDescriptionError

__all__ = ["MARK", "check_description", "is_description", "is_marked"]

MARK = "modelDescription"
"""The custom metadata key with which clients mark such a model."""

_LARGEST = 8 * 1024 * 1024
_KEYS = {"namespace": str, "bucketName": str, "prefix": str, "objects": list}
_OBJECT_KEYS = {"name": str, "version": str, "sizeInBytes": int}


def is_description(file_name: str) -> bool:
    """Tell whether an artifact of this name is a description, not an archive."""
    return file_name.lower().endswith(".json")


def is_marked(custom_metadata: list[dict[str, Any]]) -> bool:
    """Tell whether the metadata says that the model is one by reference."""
    return any(item["key"] == MARK and (item["value"] or "").strip('"') == "true" for item in custom_metadata)


def check_description(path: Path) -> None:
    """Return when the file describes the objects of a model. Raises ModelFileDescriptionError."""
    if path.stat().st_size > _LARGEST:
        raise _refused(f"it is larger than {_LARGEST} bytes")
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise _refused("it is not JSON") from None
    if not isinstance(content, dict) or content.get("type") != "modelOSSReferenceDescription":
        raise _refused("its type is not 'modelOSSReferenceDescription'")
    models = content.get("models")
    if not isinstance(models, list) or not models:
        raise _refused("it names no 'models'")
    for model in models:
        _require(model, _KEYS, "a model")
        if not model["objects"]:
            raise _refused("a model in it has no objects")
        for entry in model["objects"]:
            _require(entry, _OBJECT_KEYS, "an object")


def _require(value: object, keys: Mapping[str, type], noun: str) -> None:
    for key, kind in keys.items():
        if not isinstance(value, dict) or not isinstance(value.get(key), kind):
            raise _refused(f"{noun} in it has no {key!r} of the right kind")


def _refused(reason: str) -> ModelFileDescriptionError:
    return ModelFileDescriptionError(
        f"The description of the model's objects can't be used: {reason}.",
        hint='It looks like {"version": "1.0", "type": "modelOSSReferenceDescription", "models": […]}.',
    )
