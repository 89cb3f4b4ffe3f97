"""``/openads/v1/events``: every change, page by page or as a stream of server-sent events."""

from __future__ import annotations

import re
from collections.abc import Mapping

import orjson
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from ads.api.answers import answer
from ads.api.context import caller_of, context_of
from ads.api.event_streams import event_stream, require_room
from ads.api.listing import limit_of
from ads.errors import InputError
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
_LOOK = 1.0


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
    streams: set[object] = request.app.state.streams
    require_room(news, streams, "events")
    reader = _Reader(context_of(request).database, caller_of(request), filters)
    reader.position = await run_in_threadpool(reader.start) if after is None else after
    return event_stream(reader.read, lambda generation: news.wait(generation, _LOOK), news, streams)


class _Reader:
    """Reads a caller's events from the database; a slow client never has more than one page of them waiting."""

    def __init__(self, database: Database, caller: Caller, filters: Mapping[str, str]) -> None:
        self._database = database
        self._caller = caller
        self._filters = filters
        self.position = 0

    def start(self) -> int:
        """Return the number of the latest event."""
        with self._database.read() as session:
            return last_number(session)

    def read(self) -> tuple[bytes, bool]:
        """Return the next events, up to which everything was looked at then, and whether there are more."""
        with self._database.read() as session:
            last = last_number(session)
            statement = select_events(session, self._caller, self.position, self._filters).order_by(Event.seq)
            rows = list(session.scalars(statement.limit(_AT_ONCE)))
            more = len(rows) == _AT_ONCE
            items = events_json(session, rows)
        self.position = rows[-1].seq if more else max(self.position, last)
        return b"".join(b"id: %d\ndata: %s\n\n" % (item["seq"], orjson.dumps(item)) for item in items), more


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
