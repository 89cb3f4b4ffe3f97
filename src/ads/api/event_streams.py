"""Server-sent events: how a stream begins, stays alive and ends, whatever it brings."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from ads.errors import TooManyRequests
from ads.registry.event_feed import News

__all__ = ["event_stream", "require_room"]

_MOST_STREAMS = 64
_HEARTBEAT = 15.0
_LONGEST_STREAM = 600.0
"""Seconds after which a stream ends, and its reader comes again: with a credential that still holds."""


def require_room(news: News, streams: set[object], what: str) -> None:
    """Return when one more stream may be opened. Raises TooManyRequests."""
    if news.over:
        raise TooManyRequests("The service is ending.", retry_after=1.0)
    if len(streams) >= _MOST_STREAMS:
        raise TooManyRequests(f"There are {_MOST_STREAMS} streams of {what} already.", retry_after=5.0)


def event_stream(
    read: Callable[[], tuple[bytes, bool]],
    pause: Callable[[int], Awaitable[None]],
    news: News,
    streams: set[object],
    close: Callable[[], None] = lambda: None,
) -> StreamingResponse:
    """Return the answer that brings what ``read()`` gives, until the service ends or the stream is old.

    ``read`` runs in a thread and returns events as they go over the wire, and whether there are more at once. Else
    ``pause`` is awaited, with the generation of the news before that reading. ``close`` is called at the end.
    """
    return StreamingResponse(
        _events(read, pause, news, streams, close),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _events(
    read: Callable[[], tuple[bytes, bool]],
    pause: Callable[[int], Awaitable[None]],
    news: News,
    streams: set[object],
    close: Callable[[], None],
) -> AsyncIterator[bytes]:
    mark = object()
    streams.add(mark)
    began = spoken = time.monotonic()
    try:
        yield b"retry: 1000\n\n"
        while not news.over and time.monotonic() - began < _LONGEST_STREAM:
            generation = news.generation
            content, more = await run_in_threadpool(read)
            if content:
                spoken = time.monotonic()
                yield content
            if more:
                continue
            if time.monotonic() - spoken >= _HEARTBEAT:
                spoken = time.monotonic()
                yield b": still here\n\n"
            await pause(generation)
    finally:
        streams.discard(mark)
        close()
