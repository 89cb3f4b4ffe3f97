"""What the worker knows of an artifact beside its code: the columns of the input schema, and who wrote score.py."""

import json
import os
from typing import Any, Callable, Dict, List, Optional

from .batching import is_generated

__all__ = ["Facts", "facts_of"]

_MOST = 4 << 20


class Facts:
    """``columns`` is {name: dtype} in order, empty without a table. ``composed``: prepare() wrote score.py."""

    def __init__(self, columns: "Dict[str, str]", composed: bool, inputs: "List[Any]", outputs: "List[Any]") -> None:
        self.columns = columns
        self.composed = composed
        self.generated = False
        """Whether it is as prepare() wrote it."""
        self.inputs = inputs
        """The entries of input_schema.json in order."""
        self.outputs = outputs
        """The entries of output_schema.json in order."""
        self.features: "Optional[Callable[[Any, Callable[[], Any]], Any]]" = None
        """Makes of an Arrow table what the model takes; None where only the usual way is known."""


def facts_of(folder: str) -> Facts:
    """Return what is known of the artifact in ``folder``; what can't be read is not known."""
    inputs = _schema(os.path.join(folder, "input_schema.json"))
    columns = {}
    if not any(entry.get("feature_type") == "Tensor" for entry in inputs):
        columns = {_name(entry): str(entry.get("dtype", "object")) for entry in inputs}
    composed = os.path.isfile(os.path.join(folder, "score_recipe.json"))
    facts = Facts(columns, composed, inputs, _schema(os.path.join(folder, "output_schema.json")))
    facts.generated = composed and is_generated(folder)
    return facts


def _schema(path: str) -> "List[Any]":
    try:
        with open(path, "rb") as file:
            entries = json.loads(file.read(_MOST).decode("utf-8"))["schema"]
        return sorted((entry for entry in entries if isinstance(entry, dict)), key=lambda entry: entry.get("order", 0))
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _name(entry: "Dict[str, Any]") -> str:
    name = entry.get("name")
    return str(tuple(name)) if isinstance(name, list) else str(name)
