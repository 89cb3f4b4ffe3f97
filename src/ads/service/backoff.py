"""When a child that died is started again: at once, then after pauses that double. Pure.

Pauses count from the start before. Long ones are for a child that can't start. One that had started, or that somebody
killed, has only been unlucky: there is half a second between two of its starts at least, however often that happens.
"""

from __future__ import annotations

__all__ = ["next_crashes", "pause"]

_STABLE_SECONDS = 10.0
_STARTED_SECONDS = 2.0
_UNLUCKY = 2
_FIRST = 0.5
_LONGEST = 60.0


def next_crashes(crashes: int, lived: float, *, killed: bool = False) -> int:
    """Return how many early deaths in a row count, now that it died after ``lived`` seconds.

    ``killed`` says that SIGKILL ended it: it did not end by itself.
    """
    if lived >= _STABLE_SECONDS:
        return 1
    if killed or lived >= _STARTED_SECONDS:
        return min(crashes + 1, _UNLUCKY)
    return crashes + 1


def pause(crashes: int) -> float:
    """Return the seconds between two starts after this many early deaths in a row: 0, 0.5, 1, 2, 4 … 60."""
    if crashes <= 1:
        return 0.0
    return min(_FIRST * 2.0 ** min(crashes - 2, 16), _LONGEST)
