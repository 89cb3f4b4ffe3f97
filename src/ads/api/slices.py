"""Pages of short lists that are read as a whole and only ever grow at their end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from fastapi import Request

from ads.api.listing import limit_of
from ads.errors import InputError

__all__ = ["slice_of"]

Row = TypeVar("Row")
_OFFSET = re.compile(r"from-([0-9]{1,9})", re.ASCII)


def slice_of(request: Request, rows: Sequence[Row]) -> tuple[Sequence[Row], str | None]:
    """Return the rows of the page that the request asks for, and the next page's token. Raises InputError."""
    token = request.query_params.get("page")
    start = 0
    if token is not None:
        match = _OFFSET.fullmatch(token)
        if match is None:
            raise InputError("The page token is not one of this list.", hint="Start again without 'page'.")
        start = int(match[1])
    end = start + limit_of(request)
    return rows[start:end], f"from-{end}" if end < len(rows) else None
