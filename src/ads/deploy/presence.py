"""Which nodes are there, judged by what changes while we look: clocks of other machines say nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["GONE_AFTER", "Presence"]

GONE_AFTER = 5.0
"""Seconds after which a node that was not heard of is gone."""
_LONGEST_GAP = 2.0


@dataclass(frozen=True)
class _Heard:
    beat: int
    since: float
    proven: bool


class Presence:
    """What was heard of nodes by whoever calls :meth:`look` every second or more often.

    Time in which nobody looked counts for nothing: after it, as at the beginning, a node is neither there nor gone
    until its heart beats, or doesn't for long enough. A database that was away makes no node a lost one.
    """

    def __init__(self) -> None:
        self._heard: dict[str, _Heard] = {}
        self._last: float | None = None

    def look(self, beats: Mapping[str, int], now: float) -> None:
        """Note what each node's heart shows now; who left the list is gone at once."""
        interrupted = self._last is None or now - self._last > _LONGEST_GAP
        self._last = now
        self._heard = {node: self._of(node, beat, now, interrupted) for node, beat in beats.items()}

    def _of(self, node: str, beat: int, now: float, interrupted: bool) -> _Heard:
        before = self._heard.get(node)
        if before is None:
            return _Heard(beat, now, proven=False)
        if before.beat != beat:
            return _Heard(beat, now, proven=True)
        return _Heard(beat, now, proven=False) if interrupted else before

    def there(self, node: str) -> bool:
        """Tell whether a node is heard of."""
        heard = self._heard.get(node)
        return heard is not None and heard.proven and not self.gone(node)

    def gone(self, node: str) -> bool:
        """Tell whether a node was silent for too long, or has left."""
        heard = self._heard.get(node)
        return heard is None or (self._last or 0.0) - heard.since >= GONE_AFTER
