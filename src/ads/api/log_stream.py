"""``/openads/v1/deployments/{deployment_id}/logs/stream``: lines as they are written, as server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import zip_longest

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from ads.api.context import context_of
from ads.api.listing import limit_of
from ads.deploy.log_files import LOG_TYPES, line_json, log_path
from ads.deploy.log_follow import FollowedLine, LogFollower
from ads.deploy.log_times import LogTimes
from ads.errors import InputError, TooManyRequests
from ads.registry.deployments import get_deployment
from ads.registry.event_feed import News

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1/deployments/{deployment_id}/logs", tags=["deployments"])

_ALL = "all"
_BETWEEN = "~"
_MOST_STREAMS = 64
_LOOK = 0.25
_HEARTBEAT = 15.0
_LONGEST_STREAM = 600.0
"""Seconds after which a stream ends, and its reader comes again: with a credential that still holds."""


@router.get("/stream")
def stream(deployment_id: str, request: Request) -> Response:
    """Send the lines of a log as they come: from the last one that was seen, or after the last ``limit``."""
    type_ = request.query_params.get("type", "predict")
    if type_ not in (*LOG_TYPES, _ALL):
        raise InputError(f"type must be one of {', '.join((*LOG_TYPES, _ALL))}.")
    news: News = request.app.state.news
    streams: set[object] = request.app.state.log_streams
    if news.over:
        raise TooManyRequests("The service is ending.", retry_after=1.0)
    if len(streams) >= _MOST_STREAMS:
        raise TooManyRequests(f"There are {_MOST_STREAMS} streams of logs already.", retry_after=5.0)
    context = context_of(request)
    with context.database.read() as session:
        deployment = get_deployment(session, deployment_id)
    types = LOG_TYPES if type_ == _ALL else (type_,)
    seen = (request.headers.get("last-event-id") or request.query_params.get("after") or "").split(_BETWEEN)
    tail = limit_of(request) if "limit" in request.query_params and not any(seen) else 0
    places = dict(zip_longest(types, seen[: len(types)], fillvalue=""))
    followers = {each: LogFollower(log_path(context.home, deployment.id, each), places[each]) for each in types}
    return StreamingResponse(
        _stream(_Reader(followers, tail), news, streams),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


class _Reader:
    """Makes events of the lines of one or more logs. An event's id is where each of them goes on."""

    def __init__(self, followers: Mapping[str, LogFollower], tail: int) -> None:
        self._followers = followers
        self._positions = {type_: follower.position for type_, follower in followers.items()}
        self._before = {type_: follower.before(tail) for type_, follower in followers.items()} if tail else {}

    def read(self) -> bytes:
        """Return what came since the last call, as events."""
        before, self._before = self._before, {}
        return b"".join(
            event
            for type_, follower in self._followers.items()
            for event in self._events(type_, [*before.get(type_, ()), *follower.read()])
        )

    def close(self) -> None:
        """Let go of the files."""
        for follower in self._followers.values():
            follower.close()

    def _events(self, type_: str, lines: list[FollowedLine]) -> Iterator[bytes]:
        times = {path: LogTimes.of(path, recent=True) for path in {line.path for line in lines}}
        for line in lines:
            self._positions[type_] = line.position
            content = line_json(type_, line.text, times[line.path], line.offset)
            yield b"id: %s\ndata: %s\n\n" % (_BETWEEN.join(self._positions.values()).encode(), orjson.dumps(content))


async def _stream(reader: _Reader, news: News, streams: set[object]) -> AsyncIterator[bytes]:
    mark = object()
    streams.add(mark)
    began = spoken = time.monotonic()
    try:
        yield b"retry: 1000\n\n"
        while not news.over and time.monotonic() - began < _LONGEST_STREAM:
            events = await run_in_threadpool(reader.read)
            if events:
                spoken = time.monotonic()
                yield events
                continue
            if time.monotonic() - spoken >= _HEARTBEAT:
                spoken = time.monotonic()
                yield b": still here\n\n"
            await asyncio.sleep(_LOOK)
    finally:
        streams.discard(mark)
        reader.close()
