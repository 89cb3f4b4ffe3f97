"""Lists page by page: a stable order, and opaque page tokens that belong to one query of one caller.

A token holds where the last page ended (the sort value and the creation number of its last row), so rows that are added
or removed meanwhile neither repeat nor hide others.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from ads.errors import InputError

__all__ = ["Page", "PageRequest", "fetch_page", "open_token", "seal_token"]

Row = TypeVar("Row")
Order = Literal["ASC", "DESC"]

_TAG = 16


@dataclass(frozen=True)
class PageRequest:
    """Which page of which list. ``query`` is everything that decides what the list holds, the caller included."""

    secret: bytes
    query: Mapping[str, object]
    sort_by: str
    order: Order
    limit: int = 100
    token: str | None = None


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The rows of one page, and the token of the next one, None on the last."""

    rows: list[Row] = field(default_factory=list)
    next_token: str | None = None


def fetch_page(
    session: Session,
    statement: Select[Row],
    sort_columns: Mapping[str, InstrumentedAttribute[Any]],
    seq: InstrumentedAttribute[int],
    request: PageRequest,
    *,
    whole_rows: bool = False,
) -> Page[Row]:
    """Return one page of what ``statement`` selects: of each row the first thing or, with ``whole_rows``, all.

    Raises InputError for a page token that is not of this list.
    """
    column = sort_columns[request.sort_by]
    descending = request.order == "DESC"
    if request.token is not None:
        value, last_seq = open_token(request)
        statement = statement.where(_after(column, seq, value, last_seq, descending=descending))
    ordering = (column.desc(), seq.desc()) if descending else (column.asc(), seq.asc())
    statement = statement.order_by(*ordering).limit(request.limit + 1)
    rows: list[Any] = list(session.connection().execute(statement) if whole_rows else session.scalars(statement))
    if len(rows) <= request.limit:
        return Page(rows)
    rows = rows[: request.limit]
    return Page(rows, seal_token(request, getattr(rows[-1], column.key), getattr(rows[-1], seq.key)))


def _after(
    column: InstrumentedAttribute[Any], seq: InstrumentedAttribute[int], value: object, last: int, *, descending: bool
) -> ColumnElement[bool]:
    """Compare both at once, so that an index on the two finds the place without walking to it."""
    here = tuple_(literal(value, column.type), literal(last, seq.type))
    return tuple_(column, seq) < here if descending else tuple_(column, seq) > here


def _query_digest(request: PageRequest, position: bytes) -> bytes:
    described = json.dumps([dict(request.query), request.sort_by, request.order], sort_keys=True, default=str)
    return hmac.new(request.secret, described.encode() + b"\0" + position, hashlib.sha256).digest()[:_TAG]


def seal_token(request: PageRequest, value: object, seq: int) -> str:
    """Return the token of the page that begins after this place."""
    plain = {"t": value.isoformat()} if isinstance(value, datetime) else {"s": value}
    position = json.dumps({**plain, "n": seq}).encode()
    return base64.urlsafe_b64encode(_query_digest(request, position) + position).decode("ascii")


def open_token(request: PageRequest) -> tuple[object, int]:
    """Return after which sort value and number the page begins. Raises InputError for a token of another list."""
    try:
        raw = base64.b64decode((request.token or "").encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        raw = b""
    digest, position = raw[:_TAG], raw[_TAG:]
    if not hmac.compare_digest(digest, _query_digest(request, position)):
        raise InputError("The page token is not one of this list.", hint="Start again without 'page'.")
    plain = json.loads(position)
    return (datetime.fromisoformat(plain["t"]) if "t" in plain else plain["s"]), plain["n"]
