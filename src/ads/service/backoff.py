"""When a child that died is started again: at once, then after pauses that double. Pure."""

from __future__ import annotations

__all__ = ["STABLE_SECONDS", "next_crashes", "pause"]

STABLE_SECONDS = 10.0
"""A child that lived this long begins again without a pause."""

_FIRST = 0.5
_LONGEST = 60.0


def next_crashes(crashes: int, lived: float) -> int:
    """Return how many times in a row it has died early, now that it died again after ``lived`` seconds."""
    return 1 if lived >= STABLE_SECONDS else crashes + 1


def pause(crashes: int) -> float:
    """Return the seconds to wait after this many early deaths in a row: 0, 0.5, 1, 2, 4 … 60."""
    if crashes <= 1:
        return 0.0
    return min(_FIRST * 2.0 ** min(crashes - 2, 16), _LONGEST)
