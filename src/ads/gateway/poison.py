"""Requests that end the replicas they meet: known by their digest, and refused for a while instead of tried again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from ads.gateway.frames import Input

__all__ = ["Poison"]

_FIRST_SECONDS = 30.0
_LONGEST_SECONDS = 600.0
_MOST = 256


@dataclass(slots=True)
class _Suspect:
    until: float
    seconds: float


class Poison:
    """The bodies of one deployment that ended as many replicas as one request may. At most 256 are remembered.

    The first time a body is refused for 30 s, then for twice as long each time, up to ten minutes: what was only near
    when replicas died for other reasons is soon tried again.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.suspects: dict[bytes, _Suspect] = {}

    def note(self, item: Input) -> None:
        """Remember what ended its last replica."""
        now, digest = self._clock(), _digest(item)
        known = self.suspects.pop(digest, None)
        seconds = _FIRST_SECONDS if known is None else min(_LONGEST_SECONDS, known.seconds * 2)
        if len(self.suspects) >= _MOST:
            self.suspects.pop(next(iter(self.suspects)))
        self.suspects[digest] = _Suspect(now + seconds, seconds)

    def seconds(self, item: Input) -> float:
        """Return for how long this request is still refused, 0.0 for one that may be tried."""
        known = self.suspects.get(_digest(item))
        return 0.0 if known is None else max(0.0, known.until - self._clock())

    def clear(self) -> None:
        """Forget everything: the model is another one."""
        self.suspects.clear()


def _digest(item: Input) -> bytes:
    return hashlib.sha256(b"%d:" % item.kind + item.body).digest()
