"""What control publishes for the gateways: routes and identities. A missing or broken file leaves the last good one."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ads.deploy.capture import CapturePolicy, parse_capture
from ads.errors import InputError
from ads.gateway.remote import forget
from ads.home import Home
from ads.identity.verifier import Verifier
from ads.replica_address import parse_tcp

__all__ = ["DeploymentRoute", "HeaderRule", "ReplicaRoute", "Tables", "parse_routes"]

logger = logging.getLogger(__name__)

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ReplicaRoute:
    """Where one replica listens, which revision it belongs to, and the share of the requests that revision gets.

    ``socket`` is a path, or ``tcp://host:port``; then ``key`` (hexadecimal) is what the replica asks for, and
    ``folder`` is where this machine keeps what it tells of its model.
    """

    id: str
    socket: str
    revision: int = 0
    weight: int = 100
    key: str = field(default="", repr=False)
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """Requests with this value of this header (in lower case) go to this revision."""

    header: bytes
    value: bytes
    revision: int


@dataclass(frozen=True, slots=True)
class DeploymentRoute:
    """What the gateway must know of one deployment. Times in seconds, sizes in bytes.

    ``revision`` is the one that serves; others are candidates. ``shadow`` is the revision that gets copies of
    ``shadow_percent`` of the requests. ``hold_seconds``: how long requests wait while no replica is wanted.
    ``sticky`` names the header whose value decides the revision, empty for none.
    """

    id: str
    serving: bool
    timeout_seconds: float
    max_body_bytes: int
    replicas: tuple[ReplicaRoute, ...]
    name: str = ""
    """The deployment's display name: nobody promises that there is only one with it."""
    bandwidth_mbps: float | None = None
    """Megabits per second of bodies and answers together; None: no limit."""
    rate_limit: float | None = None
    """Predictions per second; None: what the gateway's setting says."""
    revision: int = 0
    hold_seconds: float = 0.0
    shadow: int | None = None
    shadow_percent: int = 100
    rules: tuple[HeaderRule, ...] = ()
    sticky: bytes = b""
    compartment_ids: tuple[str, ...] = ()
    """The deployment's compartment and all above it: who may predict is who has ``use`` in one of them."""
    capture: CapturePolicy | None = None


def parse_routes(data: Any, home: Home | None = None) -> dict[str, DeploymentRoute]:
    """Return the deployments of a routes table by id. Raises ValueError, KeyError or TypeError for another form."""
    routes = {}
    for entry in data["deployments"]:
        routes[entry["id"]] = DeploymentRoute(
            id=entry["id"],
            serving=bool(entry["serving"]),
            timeout_seconds=float(entry.get("timeout_seconds", 60.0)),
            max_body_bytes=int(entry.get("max_body_bytes", 10 * 1024 * 1024)),
            replicas=tuple(_replica(replica, home, entry["id"]) for replica in entry["replicas"]),
            revision=int(entry.get("revision") or 0),
            hold_seconds=float(entry.get("hold_seconds") or 0.0),
            shadow=None if entry.get("shadow") is None else int(entry["shadow"]),
            shadow_percent=int(entry.get("shadow_percent", 100)),
            rules=tuple(map(_rule, entry.get("rules") or ())),
            sticky=str(entry.get("sticky") or "").lower().encode(),
            name=str(entry.get("name", "")),
            bandwidth_mbps=_positive(entry.get("bandwidth_mbps")),
            rate_limit=_positive(entry.get("rate_limit")),
            compartment_ids=tuple(map(str, entry.get("compartment_ids") or ())),
            capture=_capture(entry.get("capture")),
        )
    return routes


def _capture(value: Any) -> CapturePolicy | None:
    try:
        return parse_capture(value) if value else None
    except InputError as error:
        raise ValueError(error.message) from error


def _positive(value: Any) -> float | None:
    return float(value) if value is not None and float(value) > 0 else None


def _replica(entry: Any, home: Home | None, deployment_id: str) -> ReplicaRoute:
    key, remote = str(entry.get("key") or ""), parse_tcp(str(entry["socket"])) is not None
    bytes.fromhex(key)
    return ReplicaRoute(
        id=str(entry["id"]),
        socket=str(entry["socket"]),
        revision=int(entry.get("revision") or 0),
        weight=int(entry.get("weight", 100)),
        key=key,
        folder=home.deployment(deployment_id) / str(entry["id"]) if remote and home is not None else None,
    )


def _rule(entry: Any) -> HeaderRule:
    return HeaderRule(str(entry["header"]).lower().encode(), str(entry["value"]).encode(), int(entry["revision"]))


class Tables:
    """The last good tables. ``routes`` and ``verifier`` are None until there was one."""

    def __init__(self, home: Home, on_routes: Callable[[dict[str, DeploymentRoute]], None]) -> None:
        self._home = home
        self._on_routes = on_routes
        self._seen: dict[Path, _Stamp | None] = {}
        self.routes: dict[str, DeploymentRoute] | None = None
        self.verifier: Verifier | None = None

    @property
    def ready(self) -> bool:
        """Whether both tables were read at least once."""
        return self.routes is not None and self.verifier is not None

    def refresh(self, *, force: bool = False) -> None:
        """Read what changed since the last look; with ``force`` read both."""
        if self._changed(self._home.identities_file) or force:
            self._read_identities()
        if self._changed(self._home.routes_file) or force:
            self._read_routes()

    def _changed(self, path: Path) -> bool:
        try:
            status = path.stat()
        except OSError:
            stamp = None
        else:
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if path in self._seen and self._seen[path] == stamp:
            return False
        self._seen[path] = stamp
        return stamp is not None

    def _read_identities(self) -> None:
        data = _read(self._home.identities_file)
        if data is None:
            return
        try:
            self.verifier = Verifier(data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            _report(self._home.identities_file, error)

    def _read_routes(self) -> None:
        data = _read(self._home.routes_file)
        if data is None:
            return
        try:
            routes = parse_routes(data, self._home)
        except (ValueError, KeyError, TypeError) as error:
            _report(self._home.routes_file, error)
            return
        for folder in _folders(self.routes or {}) - _folders(routes):
            forget(folder)
        self.routes = routes
        self._on_routes(routes)


def _folders(routes: dict[str, DeploymentRoute]) -> set[Path]:
    replicas = (replica for route in routes.values() for replica in route.replicas)
    return {replica.folder for replica in replicas if replica.folder is not None}


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _report(path, error)
        return None


def _report(path: Path, error: Exception) -> None:
    logger.error("%s can't be used, the last good one stays in force: %r", path.name, error)
