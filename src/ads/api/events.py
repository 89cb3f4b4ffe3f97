"""``/openads/v1/events``: every change, page by page or as a stream of server-sent events."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from ads.api.answers import answer
from ads.api.context import caller_of, context_of
from ads.api.listing import limit_of
from ads.errors import InputError, TooManyRequests
from ads.registry.database import Database
from ads.registry.event_feed import News, events_json, last_number, select_events
from ads.registry.events import Caller
from ads.registry.paging import PageRequest, fetch_page
from ads.registry.tables import Event

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1/events", tags=["events"])

_FILTERS = {
    "resourceId": "resource_id",
    "action": "action",
    "principal": "principal",
    "compartmentId": "compartment_id",
}
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_LONGEST = 255
_AT_ONCE = 100
_MOST_STREAMS = 64
_HEARTBEAT = 15.0
_LOOK = 1.0
_LONGEST_STREAM = 600.0
"""Seconds after which a stream ends, and its reader comes again: with a credential that still holds."""


@router.get("")
def list_(request: Request) -> Response:
    """List changes, oldest first; after a number, or page by page."""
    after = _after(request.query_params.get("after")) or 0
    filters = _filters(request)
    order = request.query_params.get("sortOrder", "ASC")
    if order not in {"ASC", "DESC"}:
        raise InputError("sortOrder must be one of ASC, DESC.")
    wanted = PageRequest(
        secret=bytes.fromhex(context_of(request).defaults.page_secret),
        query={"path": request.url.path, "principal": caller_of(request).principal, "after": after, **filters},
        sort_by="",
        order="ASC" if order == "ASC" else "DESC",
        limit=limit_of(request),
        token=request.query_params.get("page"),
    )
    with context_of(request).database.read() as session:
        statement = select_events(session, caller_of(request), after, filters)
        page = fetch_page(session, statement, {"": Event.seq}, Event.seq, wanted)
        items = events_json(session, page.rows)
    return answer({"items": items}, next_page=page.next_token)


@router.get("/stream")
async def stream(request: Request) -> Response:
    """Send changes as they happen: from a number on, from the last one that the reader has seen, or from now on."""
    seen = request.headers.get("last-event-id") or request.query_params.get("after")
    after, filters = _after(seen), _filters(request)
    news: News = request.app.state.news
    if news.over:
        raise TooManyRequests("The service is ending.", retry_after=1.0)
    streams: set[object] = request.app.state.streams
    if len(streams) >= _MOST_STREAMS:
        raise TooManyRequests(f"There are {_MOST_STREAMS} streams of events already.", retry_after=5.0)
    reader = _Reader(context_of(request).database, caller_of(request), filters)
    position = await run_in_threadpool(reader.start) if after is None else after
    return StreamingResponse(
        _stream(reader, position, news, streams),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


class _Reader:
    """Reads a caller's events from the database; a slow client never has more than one page of them waiting."""

    def __init__(self, database: Database, caller: Caller, filters: Mapping[str, str]) -> None:
        self._database = database
        self._caller = caller
        self._filters = filters

    def start(self) -> int:
        """Return the number of the latest event."""
        with self._database.read() as session:
            return last_number(session)

    def read(self, after: int) -> tuple[list[dict[str, Any]], int, bool]:
        """Return the next events, the number up to which everything was looked at, and whether there are more."""
        with self._database.read() as session:
            last = last_number(session)
            statement = select_events(session, self._caller, after, self._filters).order_by(Event.seq)
            rows = list(session.scalars(statement.limit(_AT_ONCE)))
            more = len(rows) == _AT_ONCE
            return events_json(session, rows), rows[-1].seq if more else max(after, last), more


async def _stream(reader: _Reader, position: int, news: News, streams: set[object]) -> AsyncIterator[bytes]:
    mark = object()
    streams.add(mark)
    began = spoken = time.monotonic()
    try:
        yield b"retry: 1000\n\n"
        while not news.over and time.monotonic() - began < _LONGEST_STREAM:
            generation = news.generation
            items, position, more = await run_in_threadpool(reader.read, position)
            for item in items:
                yield b"id: %d\ndata: %s\n\n" % (item["seq"], orjson.dumps(item))
                spoken = time.monotonic()
            if more:
                continue
            if time.monotonic() - spoken >= _HEARTBEAT:
                yield b": still here\n\n"
                spoken = time.monotonic()
            await news.wait(generation, _LOOK)
    finally:
        streams.discard(mark)


def _filters(request: Request) -> dict[str, str]:
    found = {}
    for parameter, column in _FILTERS.items():
        value = request.query_params.get(parameter)
        if value:
            if len(value) > _LONGEST:
                raise InputError(f"{parameter} is longer than {_LONGEST} characters.")
            found[column] = value
    return found


def _after(text: str | None) -> int | None:
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise InputError("after must be the number of an event: a whole number from 0.")
    return int(text)
