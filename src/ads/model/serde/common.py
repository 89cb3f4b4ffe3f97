"""The shape of a serializer: an object with a name that writes, reads, or both."""

from __future__ import annotations

from typing import Any

__all__ = ["SERDE", "Deserializer", "Serializer"]


class Serializer:
    """Writes something; subclasses say what."""

    def serialize(self, *args: Any, **kwargs: Any) -> Any:
        """Write; a subclass must say how."""
        raise NotImplementedError(f"{type(self).__name__} doesn't say how to serialize.")


class Deserializer:
    """Reads something; subclasses say what."""

    def deserialize(self, *args: Any, **kwargs: Any) -> Any:
        """Read; a subclass must say how."""
        raise NotImplementedError(f"{type(self).__name__} doesn't say how to deserialize.")


class SERDE(Serializer, Deserializer):
    """Writes and reads under a name."""

    name = ""
