"""orjson where the model's environment has it: for tables of numbers, which it reads and writes much sooner."""

from importlib import import_module
from typing import Any

__all__ = ["from_orjson"]


def from_orjson(name: str) -> Any:
    """Return its function or option of this name, None where there is none."""
    try:
        return getattr(import_module("orjson"), name)
    except (ImportError, AttributeError):
        return None
