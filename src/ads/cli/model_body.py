"""What ``ads models create`` and ``update`` say of a model: from options, and from the artifact's own files."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import click

from ads.cli.artifact_files import ArtifactFiles
from ads.errors import InputError

__all__ = ["described_by", "metrics_of", "pairs", "with_metrics"]

_PERFORMANCE = "Performance"
_LARGEST_SCHEMA = 32_000
_FRAMEWORKS = {
    "sklearn": ("scikit-learn", "scikit-learn"),
    "xgboost": ("xgboost", "xgboost"),
    "lightgbm": ("lightgbm", "lightgbm"),
    "pytorch": ("pytorch", "torch"),
    "tensorflow": ("tensorflow", "tensorflow"),
    "huggingface": ("transformers", "transformers"),
    "spark": ("pyspark", "pyspark"),
    "embedding_onnx": ("embedding_onnx", "onnxruntime"),
}
"""Framework of a recipe → its name in the catalog, and the package whose version counts."""


def pairs(option: str, given: Iterable[str]) -> dict[str, str]:
    """Return ``k=v`` texts as a dictionary. Raises a usage error for one without ``=`` or name."""
    found: dict[str, str] = {}
    for text in given:
        key, separator, value = text.partition("=")
        if not separator or not key.strip():
            raise click.UsageError(f"{option} takes NAME=VALUE, not {text!r}.")
        found[key.strip()] = value
    return found


def with_metrics(items: Iterable[Mapping[str, Any]], metrics: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return custom metadata with these metrics set. Raises a usage error for a value that is no number."""
    for name, value in metrics.items():
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise click.UsageError(f"The metric {name!r} must be a number, not {value!r}.")
    kept = [{key: value for key, value in item.items() if key != "hasArtifact"} for item in items]
    kept = [item for item in kept if item.get("key") not in metrics]
    return [*kept, *({"key": name, "value": value, "category": _PERFORMANCE} for name, value in metrics.items())]


def metrics_of(model: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics of a model: what its custom metadata has under the category ``Performance``, as numbers."""
    found: dict[str, float] = {}
    for item in model.get("customMetadataList") or []:
        if str(item.get("category") or "").lower() != _PERFORMANCE.lower():
            continue
        try:
            number = float(item.get("value"))
        except (TypeError, ValueError):
            continue
        if math.isfinite(number):
            found[str(item.get("key"))] = number
    return found


def described_by(files: ArtifactFiles) -> dict[str, Any]:
    """Return what an artifact says of its model: schemas, framework and its version."""
    body: dict[str, Any] = {}
    for key, name in (("inputSchema", "input_schema.json"), ("outputSchema", "output_schema.json")):
        text = files.read(name)
        if text and len(text.encode()) <= _LARGEST_SCHEMA:
            try:
                body[key] = json.dumps(json.loads(text))
            except ValueError as error:
                raise InputError(f"{name} in the artifact is not JSON: {error}.") from error
    metadata = _framework(files)
    if metadata:
        body["definedMetadataList"] = [{"key": key, "value": value} for key, value in metadata.items()]
    return body


def _framework(files: ArtifactFiles) -> dict[str, str]:
    try:
        record = json.loads(files.read("score_recipe.json") or "{}")
        recipe = record.get("recipe", record)
        framework, package = _FRAMEWORKS[recipe["framework"]]
    except (ValueError, KeyError, TypeError, AttributeError):  # none, of a newer version, or of no known framework
        return {}
    found = {"Framework": framework}
    version = re.search(
        rf"^{re.escape(package)}(?:-cpu)?==([^\s;]+)",
        files.read("requirements.txt") or "",
        re.MULTILINE | re.IGNORECASE,
    )
    if version:
        found["FrameworkVersion"] = version[1]
    return found
