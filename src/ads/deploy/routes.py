"""The route table: what the gateways on this machine need to know of every deployment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ads.gateway_notice import notify_gateways
from ads.home import Home, write_private

__all__ = ["ReplicaRoute", "Route", "Routes", "Share"]

Share = Callable[[str], int]
"""Publishes a table to the gateways of all machines; returns its generation once those that are there have it."""


@dataclass(frozen=True)
class ReplicaRoute:
    """Where a replica listens, its revision, and the share of the requests in percent that all of those get.

    ``socket`` is a path, or ``tcp://host:port`` with the ``key`` (hexadecimal) that the replica asks for.
    """

    id: str
    socket: str
    revision: int = 0
    weight: int = 100
    key: str = field(default="", repr=False)


@dataclass(frozen=True)
class Route:
    """One deployment. Gateways answer 404 for one that isn't serving, 503 for one without a replica that answers."""

    id: str
    name: str
    state: str
    serving: bool
    timeout_seconds: float
    max_body_bytes: int
    replicas: tuple[ReplicaRoute, ...]
    bandwidth_mbps: float | None = None
    """Megabits per second of bodies and answers together; None: no limit."""
    rate_limit: float | None = None
    """Predictions per second; None: what the gateway's setting says."""
    compartment_ids: tuple[str, ...] = ()
    """Its compartment and all above it: who may predict is who has ``use`` in one of them."""
    revision: int = 0
    """The one that serves; other revisions among the replicas are candidates."""
    hold_seconds: float = 0.0
    """How long requests wait while no replica is wanted."""
    shadow: int | None = None
    """The revision that gets copies of ``shadow_percent`` of the requests."""
    shadow_percent: int = 100
    rules: tuple[Mapping[str, Any], ...] = ()
    """Each with header, value and the revision that such requests go to."""
    sticky: str = ""
    """The header whose value decides the revision where there are two."""
    capture: Mapping[str, Any] | None = None
    """What is captured of its requests, as :func:`ads.deploy.capture.parse_capture` reads it; None: nothing."""


class Routes:
    """The table as last published; publishing the same again costs nothing. ``share``: not to this machine alone."""

    def __init__(self, home: Home, share: Share | None = None) -> None:
        self._home = home
        self._share = share
        self._generation: int
        self._published: Any
        self._generation, self._published = (0, None) if share is not None else _read(home.routes_file)

    def publish(self, routes: Iterable[Route]) -> bool:
        """Make ``routes`` what every gateway goes by; tell whether that is a change.

        When this returns, each gateway that answers within two seconds has read the new table.
        """
        deployments = [asdict(route) for route in routes]
        content = json.loads(json.dumps(deployments))
        if content == self._published:
            return False
        generation = self._generation + 1
        if self._share is not None:
            self._generation = self._share(json.dumps({"generation": generation, "deployments": content}))
            self._published = content
            return True
        table = {"generation": generation, "deployments": content}
        write_private(self._home.routes_file, json.dumps(table).encode())
        self._generation, self._published = generation, content
        notify_gateways(self._home)
        return True


def _read(path: Path) -> tuple[int, Any]:
    try:
        table = json.loads(path.read_bytes())
        return int(table["generation"]), table["deployments"]
    except (OSError, ValueError, KeyError, TypeError):
        return 0, None
