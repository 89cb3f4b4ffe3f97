"""What all gateways count, added up: a thread listens to each one of this machine, others' lines are brought here.

Counts of a gateway only grow; what it says is compared with what it said before, so that one that was started afresh
loses nothing and counts nothing twice.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ads.deploy.gateway_lines import GatewayLines
from ads.deploy.rollout import BOUNDS, Arm
from ads.home import Home

__all__ = ["Load", "Pair", "Signals"]

logger = logging.getLogger(__name__)

_SILENT_SECONDS = 5.0
_MOST_PAIRS = 200


@dataclass(frozen=True)
class Load:
    """How much a deployment has to do: requests waiting and in flight on average since the last line of each gateway.

    ``calling``: requests wait although no replica is wanted.
    """

    in_flight: float = 0.0
    calling: bool = False


@dataclass(frozen=True)
class Pair:
    """Two different answers to one request: the serving revision's and the shadow's, cut after 2,000 characters."""

    request_id: str
    serving_status: int
    serving_answer: str
    shadow_status: int
    shadow_answer: str


@dataclass
class _Totals:
    """What was counted of one deployment since this process listens."""

    arms: dict[int, Arm] = field(default_factory=dict)
    compared: int = 0
    disagreed: int = 0
    pairs: list[Pair] = field(default_factory=list)
    loads: dict[Path, Load] = field(default_factory=dict)


class Signals:
    """Listens until :meth:`stop`. ``wake`` is called when a request waits for a deployment without replicas, ``kill``
    with the name of a replica that a gateway found silent and can't reach the processes of.
    """

    def __init__(
        self, home: Home, wake: Callable[[], None], kill: Callable[[str], None] = lambda _replica: None
    ) -> None:
        self._wake = wake
        self._kill = kill
        self._lock = threading.Lock()
        self._totals: dict[str, _Totals] = {}
        self._before: dict[Path, Mapping[str, Any]] = {}
        self._heard: dict[str, float] = {}
        self._lines = GatewayLines(home, self._take, self._gone)

    def start(self) -> None:
        """Begin to listen."""
        self._lines.start()

    def stop(self) -> None:
        """Listen no more."""
        self._lines.stop()

    def arm(self, deployment_id: str, revision: int) -> Arm:
        """Return what was counted of a revision."""
        with self._lock:
            totals = self._totals.get(deployment_id)
            return totals.arms.get(revision, Arm()) if totals else Arm()

    def compared(self, deployment_id: str) -> tuple[int, int]:
        """Return how many answers of shadows were compared, and how many of them differed."""
        with self._lock:
            totals = self._totals.get(deployment_id)
            return (totals.compared, totals.disagreed) if totals else (0, 0)

    def take_pairs(self, deployment_id: str) -> list[Pair]:
        """Return the differing answers that nobody took yet."""
        with self._lock:
            totals = self._totals.get(deployment_id)
            if totals is None:
                return []
            found, totals.pairs = totals.pairs, []
            return found

    def forget(self, keep: Iterable[str]) -> None:
        """Forget all deployments but these."""
        kept = set(keep)
        with self._lock:
            self._totals = {name: totals for name, totals in self._totals.items() if name in kept}

    def load(self, deployment_id: str) -> Load:
        """Return how much a deployment has to do, over all gateways."""
        with self._lock:
            totals = self._totals.get(deployment_id)
            loads = list(totals.loads.values()) if totals else []
        return Load(sum(load.in_flight for load in loads), any(load.calling for load in loads))

    def take_remote(self, lines: Sequence[tuple[str, bytes]]) -> None:
        """Count what gateways of other machines told since the last call, by their names. Call it every few seconds:
        one that tells nothing any more has nothing in flight.
        """
        present = time.monotonic()
        for gateway, line in lines:
            self._heard[gateway] = present
            self._take(Path(gateway), line)
        for gateway in [name for name, last in self._heard.items() if present - last > _SILENT_SECONDS]:
            del self._heard[gateway]
            self._gone(Path(gateway))

    def _gone(self, path: Path) -> None:
        with self._lock:
            self._before.pop(path, None)
            for totals in self._totals.values():
                totals.loads.pop(path, None)

    def _take(self, path: Path, line: bytes) -> None:
        try:
            told = json.loads(line)
            deployments, kill = told["deployments"], list(map(str, told.get("kill") or ()))
            with self._lock:
                calling = self._add(path, deployments)
        except (ValueError, KeyError, TypeError) as error:
            logger.warning("the gateway behind %s says what can't be read: %r", path.name, error)
            return
        for replica in kill:
            self._kill(replica)
        if calling:
            self._wake()

    def _add(self, path: Path, deployments: Mapping[str, Any]) -> bool:
        before = self._before.get(path, {})
        self._before[path] = deployments
        for gone in self._totals.keys() - deployments.keys():
            self._totals[gone].loads.pop(path, None)
        for deployment_id, now in deployments.items():
            totals = self._totals.setdefault(deployment_id, _Totals())
            _count(totals, now, before.get(deployment_id) or {})
            totals.loads[path] = _load(now, before.get(deployment_id) or {})
        return any(each["calling"] for each in deployments.values())


def _count(totals: _Totals, now: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    earlier = before.get("revisions") or {}
    for revision, counted in now["revisions"].items():
        totals.arms[int(revision)] = totals.arms.get(int(revision), Arm()) + _grown(counted, earlier.get(revision))
    for name in ("compared", "disagreed"):
        value, last = int(now[name]), int(before.get(name) or 0)
        setattr(totals, name, getattr(totals, name) + (value - last if value >= last else value))
    totals.pairs = [*totals.pairs, *(Pair(**pair) for pair in now["pairs"])][-_MOST_PAIRS:]


def _grown(now: Mapping[str, Any], before: Mapping[str, Any] | None) -> Arm:
    latency = [int(count) for count in now["latency"]]
    if len(latency) != len(BOUNDS) + 1:
        return Arm()  # a gateway of another version
    if before is None or int(before["requests"]) > int(now["requests"]):
        return Arm(int(now["requests"]), int(now["errors"]), tuple(latency))
    return Arm(
        int(now["requests"]) - int(before["requests"]),
        int(now["errors"]) - int(before["errors"]),
        tuple(count - int(last) for count, last in zip(latency, before["latency"], strict=True)),
    )


def _load(now: Mapping[str, Any], before: Mapping[str, Any]) -> Load:
    samples = int(now["samples"]) - int(before.get("samples") or 0)
    load = int(now["load"]) - int(before.get("load") or 0)
    calling = bool(now["calling"])
    if samples <= 0 or load < 0:
        return Load(1.0 if calling else 0.0, calling)
    return Load(max(load / samples, 1.0 if calling else 0.0), calling)
