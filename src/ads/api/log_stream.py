"""``/openads/v1/deployments/{deployment_id}/logs/stream``: lines as they are written, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from itertools import zip_longest

import orjson
from fastapi import APIRouter, Request, Response

from ads.api.context import context_of
from ads.api.event_streams import event_stream, require_room
from ads.api.listing import limit_of
from ads.deploy.log_files import LOG_TYPES, line_json, log_path
from ads.deploy.log_follow import FollowedLine, LogFollower
from ads.deploy.log_times import LogTimes
from ads.errors import InputError
from ads.registry.deployments import get_deployment
from ads.registry.event_feed import News

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1/deployments/{deployment_id}/logs", tags=["deployments"])

_ALL = "all"
_BETWEEN = "~"
_LOOK = 0.25


@router.get("/stream")
def stream(deployment_id: str, request: Request) -> Response:
    """Send the lines of a log as they come: from the last one that was seen, or after the last ``limit``."""
    type_ = request.query_params.get("type", "predict")
    if type_ not in (*LOG_TYPES, _ALL):
        raise InputError(f"type must be one of {', '.join((*LOG_TYPES, _ALL))}.")
    news: News = request.app.state.news
    streams: set[object] = request.app.state.log_streams
    require_room(news, streams, "logs")
    context = context_of(request)
    with context.database.read() as session:
        deployment = get_deployment(session, deployment_id)
    types = LOG_TYPES if type_ == _ALL else (type_,)
    seen = (request.headers.get("last-event-id") or request.query_params.get("after") or "").split(_BETWEEN)
    tail = limit_of(request) if "limit" in request.query_params and not any(seen) else 0
    places = dict(zip_longest(types, seen[: len(types)], fillvalue=""))
    followers = {each: LogFollower(log_path(context.home, deployment.id, each), places[each]) for each in types}
    reader = _Reader(followers, tail)
    return event_stream(reader.read, lambda _: asyncio.sleep(_LOOK), news, streams, reader.close)


class _Reader:
    """Makes events of the lines of one or more logs. An event's id is where each of them goes on."""

    def __init__(self, followers: Mapping[str, LogFollower], tail: int) -> None:
        self._followers = followers
        self._positions = {type_: follower.position for type_, follower in followers.items()}
        self._before = {type_: follower.before(tail) for type_, follower in followers.items()} if tail else {}

    def read(self) -> tuple[bytes, bool]:
        """Return what came since the last call, as events, and whether it is worth looking again at once."""
        before, self._before = self._before, {}
        events = b"".join(
            event
            for type_, follower in self._followers.items()
            for event in self._events(type_, [*before.get(type_, ()), *follower.read()])
        )
        return events, bool(events)

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
