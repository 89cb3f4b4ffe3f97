"""Simulated time: what happens when, in its order; what happens at once, in the order in which it was planned."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

__all__ = ["Clock"]


class Clock:
    """Seconds since the start, and what is still to happen."""

    def __init__(self) -> None:
        self.now = 0.0
        self.events = 0
        self._planned: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = 0

    def read(self) -> float:
        """Return the time."""
        return self.now

    def at(self, time: float, call: Callable[..., None], *given: Any) -> None:
        """Have ``call`` called then; what should have been earlier happens now."""
        self._number += 1
        heappush(self._planned, (max(time, self.now), self._number, call, given))

    def after(self, seconds: float, call: Callable[..., None], *given: Any) -> None:
        """Have ``call`` called after so many seconds."""
        self.at(self.now + seconds, call, *given)

    def run(
        self, until: float = math.inf, times: Sequence[float] = (), arrive: Callable[[int], None] = lambda _: None
    ) -> None:
        """Let everything up to ``until`` happen. ``arrive`` is called with the place of each of ``times``, sorted."""
        number, total = 0, len(times)
        planned = self._planned
        while True:
            coming = times[number] if number < total else math.inf
            if planned and planned[0][0] <= coming:
                time, _, call, given = planned[0]
                if time > until:
                    break
                heappop(planned)
                self.now = time
                call(*given)
            elif coming <= until and number < total:
                self.now = max(coming, self.now)
                arrive(number)
                number += 1
            else:
                break
            self.events += 1
        if until < math.inf:
            self.now = max(self.now, until)
