"""Server-sent events of the service, read as they come, over as many connections as it takes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ads.errors import ServiceTimeout, ServiceUnavailable, ServiceUnreachable, TooManyRequests

if TYPE_CHECKING:
    from ads.client.service import Service

__all__ = ["follow_events", "identified_events", "parse_events"]

_PATH = "/openads/v1/events/stream"
_SILENT_AT_MOST = 90.0
"""Seconds without a byte after which a connection is taken for dead; the service says something more often."""
_AGAIN_AFTER = 1.0


def follow_events(
    service: Service, after: int, params: dict[str, Any] | None = None, lost: Callable[[], None] | None = None
) -> Iterator[dict[str, Any]]:
    """Yield every event after number ``after`` as it happens, each once, for ever.

    When the connection breaks, ``lost()`` is called and a new one goes on where it broke. Raises the service's errors
    other than those of a service that is away.
    """
    import httpx

    while True:
        try:
            query = {**(params or {}), "after": str(after)}
            headers = {"accept": "text/event-stream"}
            with service.stream("GET", _PATH, params=query, headers=headers, timeout=_SILENT_AT_MOST) as response:
                for event in parse_events(response.iter_lines()):
                    after = max(after, int(event["seq"]))
                    yield event
        except (ServiceUnreachable, ServiceUnavailable, ServiceTimeout, TooManyRequests, httpx.TransportError):
            if lost is not None:
                lost()
        time.sleep(_AGAIN_AFTER)


def parse_events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Yield the JSON object of each event in the lines of a stream; comments and events of other kinds are skipped."""
    return (content for _, content in identified_events(lines) if isinstance(content, dict) and "seq" in content)


def identified_events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    """Yield the id and the JSON value of each whole event in the lines of a stream."""
    id_, data = "", list[str]()
    for line in lines:
        if line.startswith("id:"):
            id_ = line[3:].removeprefix(" ")
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            content = json.loads("\n".join(data))
            data = []
            yield id_, content
