"""The mark of classes whose objects have an artifact that can be checked."""

from __future__ import annotations

from abc import ABC

__all__ = ["Introspectable"]


class Introspectable(ABC):  # noqa: B024 - it only marks classes
    """A class whose objects have an artifact that can be introspected."""
