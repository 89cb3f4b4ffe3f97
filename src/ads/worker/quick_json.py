"""orjson where the model's environment has it: for tables of numbers, which it reads and writes much sooner."""

from importlib import import_module
from typing import Any, Callable, Optional

__all__ = ["from_orjson"]


def from_orjson(name: str) -> "Optional[Callable[[Any], Any]]":
    """Return its function of this name, None where there is none."""
    try:
        found: "Callable[[Any], Any]" = getattr(import_module("orjson"), name)
    except (ImportError, AttributeError):
        return None
    return found
