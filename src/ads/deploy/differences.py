"""What an update of a deployment changes, as its event shows it. Values of environment variables may be secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic.alias_generators import to_camel

from ads.registry.events import shown

__all__ = ["differences"]

_SECRET = "environmentVariables"  # noqa: S105 - the name of an attribute
_HIDDEN = "(hidden)"


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], columns: Iterable[str], configuration: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return old and new values of what differs: columns by name, the configuration's attributes by their path.

    ``before`` is the deployment as it is, ``after`` what was sent, ``configuration`` the merged one.
    """
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for column in sorted(set(columns) & after.keys()):
        if before[column] != after[column]:
            old[to_camel(column)], new[to_camel(column)] = shown(before[column]), shown(after[column])
    was, will = dict(_leaves(before["configuration"])), dict(_leaves(configuration))
    for path in sorted(was.keys() | will.keys()):
        if was.get(path) != will.get(path):
            secret = _SECRET in path.split(".")
            for place, values in ((old, was), (new, will)):
                if path in values:
                    place[path] = _HIDDEN if secret else shown(values[path])
    return old, new


def _leaves(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _leaves(inner, f"{path}{key}.")
        else:
            yield f"{path}{key}", inner
