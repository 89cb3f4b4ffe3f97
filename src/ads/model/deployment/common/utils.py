"""States of a deployment and content types, at the import path that users know."""

from __future__ import annotations

from enum import Enum

__all__ = ["DEFAULT_CONTENT_TYPE_BYTES", "DEFAULT_CONTENT_TYPE_JSON", "State"]

DEFAULT_CONTENT_TYPE_JSON = "application/json"
DEFAULT_CONTENT_TYPE_BYTES = "application/octet-stream"


class State(Enum):
    """What a deployment is doing."""

    ACTIVE = 1
    CREATING = 2
    DELETED = 3
    DELETING = 4
    FAILED = 5
    INACTIVE = 6
    UPDATING = 7
    UNKNOWN = 8

    @staticmethod
    def from_name(name: object) -> State:
        """Return the state with this name; ``UNKNOWN`` for a name that nobody here knows."""
        return State.__members__.get(str(name).upper(), State.UNKNOWN)
