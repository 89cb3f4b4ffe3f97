"""The lines of a deployment's logs as they are written, over as many connections as it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ads.client.event_stream import identified_events
from ads.errors import ServiceTimeout, ServiceUnavailable, ServiceUnreachable, TooManyRequests

if TYPE_CHECKING:
    from ads.client.service import Service

__all__ = ["follow_lines"]

_AGAIN_AFTER = 0.5


def follow_lines(
    service: Service,
    deployment_id: str,
    log_type: str,
    limit: int,
    *,
    silent: float = 60.0,
    lost: Callable[[], None] | None = None,
    over: Callable[[], bool] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the last ``limit`` lines of a log, or of ``all``, and each that comes after, until ``over()`` is true.

    A connection that brings nothing for ``silent`` seconds is made anew, and ``over`` asked. When the service is away,
    ``lost()`` is called; then the lines go on where they broke off. Raises the service's other errors.
    """
    import httpx

    path = f"/openads/v1/deployments/{deployment_id}/logs/stream"
    query: dict[str, Any] = {"type": log_type, "limit": limit}
    while True:
        last = over is not None and over()
        try:
            headers = {"accept": "text/event-stream"}
            timeout = min(silent, _AGAIN_AFTER) if last else silent
            with service.stream("GET", path, params=query, headers=headers, timeout=timeout) as response:
                asked = time.monotonic()
                for position, line in identified_events(response.iter_lines()):
                    query = {"type": log_type, "after": position}
                    yield line
                    if over is not None and not last and time.monotonic() - asked > silent:
                        asked = time.monotonic()
                        if over():
                            return
        except (ServiceTimeout, httpx.ReadTimeout):
            if last:
                return
            continue
        except (ServiceUnreachable, ServiceUnavailable, TooManyRequests, httpx.TransportError):
            if lost is not None:
                lost()
        if last:
            return
        time.sleep(_AGAIN_AFTER)
