"""How fast what waits gets its turn, so that who would wait in vain is told at once. Pure."""

from __future__ import annotations

import math

__all__ = ["Pace"]

_MEMORY_SECONDS = 10.0
_EVIDENCE = 10.0


class Pace:
    """The answers per second of a lane while predictions waited, over about the last ten seconds of waiting."""

    __slots__ = ("_answers", "_at", "_seconds", "_total", "known")

    def __init__(self) -> None:
        self._answers = self._seconds = 0.0
        self._at: float | None = None
        self._total = 0
        self.known = False
        """Whether enough is known to tell of a wait."""

    def note(self, total: int, now: float, waiting: bool) -> None:
        """Take note of how many were answered in ``total``. When nothing waits, what was known is forgotten."""
        if not waiting:
            self._answers = self._seconds = 0.0
            self._at = None
            self.known = False
            return
        if self._at is not None:
            keep = math.exp((self._at - now) / _MEMORY_SECONDS)
            self._answers = self._answers * keep + (total - self._total)
            self._seconds = self._seconds * keep + (now - self._at)
        self._at, self._total = now, total
        self.known = self._answers >= _EVIDENCE

    def wait(self, ahead: int) -> float:
        """Return the seconds until so many have had their turn; 0.0 as long as too little is known."""
        if not self.known:
            return 0.0
        return ahead * self._seconds / self._answers
