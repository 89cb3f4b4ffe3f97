"""What the cluster has of ours, as it stands: listed once, then followed, and listed anew where following broke off."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from ads.deploy.engines.kubernetes_client import Expired, KubernetesClient
from ads.deploy.engines.supervisor_client import EngineUnavailable

__all__ = ["Watched"]

Object = dict[str, Any]

_PAUSE = 0.5
_LONGEST_PAUSE = 5.0
_STALE_AFTER = 10.0


class Watched:
    """The objects of one kind with our labels. While nobody follows, each look is a list of its own."""

    def __init__(self, client: KubernetesClient, kind: str, selector: str) -> None:
        self._client = client
        self._kind = kind
        self._selector = selector
        self._lock = threading.Lock()
        self._objects: dict[str, Object] = {}
        self._removed: set[str] = set()
        self._follower: object = None
        self._broken_since: float | None = None

    def objects(self) -> list[Object]:
        """Return all of them. Raises EngineUnavailable when the cluster has not been heard of for ten seconds."""
        with self._lock:
            broken = self._broken_since
            if self._follower is not None and (broken is None or time.monotonic() - broken < _STALE_AFTER):
                return list(self._objects.values())
        items, _ = self._client.list(self._kind, self._selector)
        return [item for item in items if item["metadata"]["uid"] not in self._removed]

    def put(self, found: Object) -> None:
        """Know of an object that was just made, before the cluster tells."""
        with self._lock:
            self._objects.setdefault(found["metadata"]["uid"], found)

    def remove(self, uid: str) -> None:
        """Forget an object that was just deleted, whatever the cluster still tells of it."""
        with self._lock:
            self._removed.add(uid)
            self._objects.pop(uid, None)

    def follow(self, changed: Callable[[], None], over: threading.Event) -> None:
        """Keep up with the cluster until ``over`` is set, calling ``changed`` after each change."""
        pause = _PAUSE
        while not over.is_set():
            try:
                items, version = self._client.list(self._kind, self._selector)
                self._replace(items, over)
                changed()
                while not over.is_set():
                    version = self._follow_on(version, changed, over)
                    pause = _PAUSE
            except Expired:  # noqa: PERF203 - a watch takes a minute
                continue
            except EngineUnavailable:
                with self._lock:
                    self._broken_since = self._broken_since or time.monotonic()
                over.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        with self._lock:
            if self._follower is over:  # else somebody follows for a leader that came after this one
                self._follower = None

    def _follow_on(self, version: str, changed: Callable[[], None], over: threading.Event) -> str:
        """Take in what changes for as long as one watch lasts; return the version to go on from."""
        for kind, found in self._client.watch(self._kind, self._selector, version):
            if over.is_set():
                break
            version = str(found["metadata"].get("resourceVersion") or version)
            if kind != "BOOKMARK":
                self._take(kind, found)
                changed()
        return version

    def _replace(self, items: list[Object], follower: object) -> None:
        with self._lock:
            found = {item["metadata"]["uid"]: item for item in items}
            self._removed &= set(found)
            self._objects = {uid: item for uid, item in found.items() if uid not in self._removed}
            self._follower, self._broken_since = follower, None

    def _take(self, kind: str, found: Object) -> None:
        uid = found["metadata"]["uid"]
        with self._lock:
            if kind == "DELETED":
                self._objects.pop(uid, None)
                self._removed.discard(uid)
            elif uid not in self._removed:
                self._objects[uid] = found
