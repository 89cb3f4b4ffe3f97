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
_BEFORE_LISTING = 0.05
_MADE_SECONDS = 5.0


class Watched:
    """The objects of one kind with our labels. While nobody follows, each look is a list of its own."""

    def __init__(self, client: KubernetesClient, kind: str, selector: str) -> None:
        self._client = client
        self._kind = kind
        self._selector = selector
        self._lock = threading.Lock()
        self._objects: dict[str, Object] = {}
        self._made: dict[str, tuple[Object, float]] = {}
        self._removed: set[str] = set()
        self._over: threading.Event | None = None
        self._broken_since: float | None = None

    def objects(self) -> list[Object]:
        """Return all of them. Raises EngineUnavailable when the cluster has not been heard of for ten seconds."""
        with self._lock:
            broken = self._broken_since
            followed = self._over is not None and not self._over.is_set()
            if followed and (broken is None or time.monotonic() - broken < _STALE_AFTER):
                return [*self._objects.values(), *self._just_made()]
        items, _ = self._client.list(self._kind, self._selector)
        return [item for item in items if item["metadata"]["uid"] not in self._removed]

    def put(self, found: Object) -> None:
        """Know of an object that was just made, before the cluster tells, for some seconds."""
        with self._lock:
            self._made[found["metadata"]["uid"]] = (found, time.monotonic() + _MADE_SECONDS)

    def _just_made(self) -> list[Object]:
        """Return what was made and can't be among the objects yet: a list that was asked for before lacks it, too."""
        now = time.monotonic()
        self._made = {
            uid: made
            for uid, made in self._made.items()
            if now < made[1] and uid not in self._objects.keys() | self._removed
        }
        return [found for found, _ in self._made.values()]

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
                over.wait(_BEFORE_LISTING)
            except EngineUnavailable:
                with self._lock:
                    if self._over is over:
                        self._broken_since = self._broken_since or time.monotonic()
                over.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

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

    def _replace(self, items: list[Object], over: threading.Event) -> None:
        with self._lock:
            found = {item["metadata"]["uid"]: item for item in items}
            self._removed &= set(found)
            self._objects = {uid: item for uid, item in found.items() if uid not in self._removed}
            self._over, self._broken_since = over, None

    def _take(self, kind: str, found: Object) -> None:
        uid = found["metadata"]["uid"]
        with self._lock:
            self._made.pop(uid, None)
            if kind == "DELETED":
                self._objects.pop(uid, None)
                self._removed.discard(uid)
            elif uid not in self._removed:
                self._objects[uid] = found
