"""Bodies as they may be kept: values of masked columns are ``***``, and what can't be masked surely is left out."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from ads.gateway import frames

__all__ = ["kept_answer", "kept_request"]

_MASKED = "***"
_LARGEST = 64 * 1024
_TEXTS = (frames.JSON, frames.CSV)


class _NotSure(Exception):
    """Nobody can tell where the masked columns are."""


def kept_request(kind: int, body: bytes, columns: Sequence[str], masked: Collection[str]) -> str | None:
    """Return the text of a request that may be kept, None when it is too large, no text, or can't be masked."""
    if len(body) > _LARGEST or kind not in _TEXTS or (masked and kind != frames.JSON):
        return None
    if not masked:
        return _text(body)
    try:
        return json.dumps(_without(json.loads(body), columns, masked))
    except (ValueError, RecursionError, _NotSure):
        return None


def kept_answer(answer: bytes, masked: Collection[str]) -> str | None:
    """Return the text of an answer that may be kept, None when it is too large, no JSON, or nothing."""
    if not answer or len(answer) > _LARGEST:
        return None
    try:
        content = json.loads(answer)
        return json.dumps(_by_name(content, masked)) if masked else _text(answer)
    except (ValueError, RecursionError):
        return None


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _without(value: Any, columns: Sequence[str], masked: Collection[str]) -> Any:
    """Return a payload of any form that score.py reads, without what is masked."""
    if isinstance(value, dict) and isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        return {**value, "data": _rows(value["data"], [str(name) for name in value["columns"]], masked)}
    if isinstance(value, dict) and "data" in value:
        data = value["data"]
        if isinstance(data, str):
            data = json.dumps(_without(json.loads(data), columns, masked))
        else:
            data = _without(data, columns, masked)
        return {**_by_name(value, masked), "data": data}
    if isinstance(value, dict):
        return _by_name(value, masked)
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return _by_name(value, masked)
    if isinstance(value, list):
        return _rows(value, columns, masked)
    raise _NotSure


def _rows(rows: list[Any], columns: Sequence[str], masked: Collection[str]) -> list[Any]:
    """Mask by position: each row must have a value for every column."""
    hidden = {index for index, name in enumerate(columns) if name in masked}
    unknown = set(masked) - set(columns)
    if rows and not any(isinstance(row, list) for row in rows):
        return [_row for row in _rows([rows], columns, masked) for _row in row]
    if unknown or any(not isinstance(row, list) or len(row) != len(columns) for row in rows):
        raise _NotSure
    return [[_MASKED if index in hidden else each for index, each in enumerate(row)] for row in rows]


def _by_name(value: Any, masked: Collection[str]) -> Any:
    """Mask by key, however deep."""
    if isinstance(value, dict):
        return {key: _MASKED if key in masked else _by_name(each, masked) for key, each in value.items()}
    if isinstance(value, list):
        return [_by_name(each, masked) for each in value]
    return value
