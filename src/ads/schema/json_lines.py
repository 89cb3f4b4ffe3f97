"""Rows as JSON, one a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from ads.errors import InputError

__all__ = ["ONE_ROW_A_LINE", "json_rows"]

ONE_ROW_A_LINE = 'Write one row a line, such as {"age": 42}.'


def json_rows(lines: Iterable[str], source: str) -> Iterator[Any]:
    """Yield the value of each line; empty lines are skipped. Raises InputError naming ``source`` and the line."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except ValueError as error:
            raise InputError(f"{source}: line {number} is not JSON: {error}.", hint=ONE_ROW_A_LINE) from error
