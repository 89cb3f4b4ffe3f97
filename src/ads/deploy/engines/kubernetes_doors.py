"""What replicas in pods tell at their own doors: how far they are, asked until they are ready or have failed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ads.deploy.engines.kubernetes_objects import STATUS_PORT
from ads.deploy.engines.kubernetes_pods import Seen
from ads.deploy.engines.pod_replica import status_pass

__all__ = ["Door", "Doors"]

_AT_ONCE = 16
_SECONDS = 2.0
_EVERY = 0.25
_SETTLED = frozenset({"ready", "failed"})


@dataclass(frozen=True)
class Door:
    """Where one pod is asked: its uid, how often its container was started anew, its address, the replica's key."""

    uid: str
    restarts: int
    address: str
    key: str


class Doors:
    """The last word of each pod."""

    def __init__(self) -> None:
        import httpx

        self._http = httpx.Client(timeout=_SECONDS, trust_env=False)
        self._lock = threading.Lock()
        self._seen: dict[str, Seen] = {}

    def seen(self, uid: str) -> Seen | None:
        """Return what a pod told last."""
        with self._lock:
            return self._seen.get(uid)

    def follow(self, doors: Callable[[], Sequence[Door]], changed: Callable[[], None], over: threading.Event) -> None:
        """Ask those that aren't settled, four times a second, until ``over`` is set."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="door") as threads:
            while not over.wait(_EVERY):
                present = doors()
                with self._lock:
                    kept = {door.uid for door in present}
                    self._seen = {uid: seen for uid, seen in self._seen.items() if uid in kept}
                    waiting = [door for door in present if not _is_settled(self._seen.get(door.uid), door)]
                news = list(threads.map(self._ask, waiting))
                if any(news):
                    changed()

    def kill(self, door: Door) -> bool:
        """Have the replica's process ended at once; tell whether that could be asked for."""
        import httpx

        try:
            answer = self._http.post(self._url(door, "kill"), headers=_headers(door))
        except httpx.HTTPError:
            return False
        return answer.is_success

    def _ask(self, door: Door) -> bool:
        """Ask one; tell whether it told something new."""
        import httpx

        try:
            answer = self._http.get(self._url(door, "status"), headers=_headers(door))
            status: Any = answer.json() if answer.is_success else None
        except (httpx.HTTPError, ValueError):
            return False
        if not isinstance(status, Mapping):
            return False
        seen = Seen(door.restarts, status)
        with self._lock:
            before, self._seen[door.uid] = self._seen.get(door.uid), seen
        return before != seen

    @staticmethod
    def _url(door: Door, verb: str) -> str:
        host = f"[{door.address}]" if ":" in door.address else door.address
        return f"http://{host}:{STATUS_PORT}/{verb}"


def _is_settled(seen: Seen | None, door: Door) -> bool:
    return seen is not None and seen.restarts == door.restarts and seen.status.get("state") in _SETTLED


def _headers(door: Door) -> dict[str, str]:
    return {"authorization": f"Bearer {status_pass(door.key)}"}
