"""What a deployment's replicas tell of their model, read from beside their status. A model's words: never trusted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ads.home import open_regular

__all__ = ["Description", "Value", "read_description"]

_LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True)
class Value:
    """One input or output. ``datatype`` as in the Open Inference Protocol; ``shape`` has -1 where it is free."""

    name: str
    dtype: str
    datatype: str
    tensor: bool
    shape: tuple[int, ...]
    description: str = ""
    required: bool = True
    masked: bool = False
    """Whether its values are kept nowhere."""


@dataclass(frozen=True)
class Description:
    """One model. ``example`` has ``body`` and ``answer``; ``composed``: prepare() wrote its score.py."""

    inputs: tuple[Value, ...] = ()
    outputs: tuple[Value, ...] = ()
    methods: tuple[str, ...] = ()
    framework: str = ""
    composed: bool = False
    told: bool = False
    """Whether a replica has told anything."""
    example: dict[str, Any] | None = field(default=None, hash=False)


def read_description(folders: Iterable[Path]) -> Description:
    """Return the description of the first replica that has one; an empty one when none has."""
    for folder in folders:
        try:
            with open_regular(folder / "description.json") as file:
                return _parse(json.loads(file.read(_LARGEST)))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):  # noqa: PERF203 - a few at most
            continue
    return Description()


def _parse(data: Any) -> Description:
    example = data.get("example")
    return Description(
        inputs=tuple(map(_value, data["inputs"])),
        outputs=tuple(map(_value, data["outputs"])),
        methods=tuple(str(name) for name in data["methods"]),
        framework=str(data["framework"]),
        composed=data["composed"] is True,
        told=True,
        example=example if isinstance(example, dict) and "body" in example else None,
    )


def _value(entry: Any) -> Value:
    return Value(
        name=str(entry["name"]),
        dtype=str(entry["dtype"]),
        datatype=str(entry["datatype"]),
        tensor=entry["tensor"] is True,
        shape=tuple(int(size) for size in entry["shape"]),
        description=str(entry.get("description", "")),
        required=entry.get("required") is not False,
        masked=entry.get("masked") is True,
    )
