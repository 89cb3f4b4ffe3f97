"""Which replica fails at what the others can do, and rests for a while: a broken GPU, a full disk, a lost connection.

What every replica fails at is the request's or the model's fault and ejects nobody.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Outliers"]

_FAULTS = 5
_REST_SECONDS = 10.0


class Outliers:
    """Faults in a row by replica. ``resting`` has those that get no work, each until a time in seconds."""

    def __init__(self) -> None:
        self.resting: dict[str, float] = {}
        self._faults: dict[str, tuple[int, float]] = {}
        self._good: dict[str, float] = {}

    def observe(self, name: str, faulty: bool, now: float, ready: Iterable[str]) -> bool:
        """Note how one call ended; tell whether the replica rests from now on.

        It does after five faults in a row, if each other one that is ``ready`` has answered well meanwhile and not
        badly since. So there is always another one.
        """
        if not faulty:
            self._faults.pop(name, None)
            self._good[name] = now
            return False
        count, since = self._faults.get(name, (0, now))
        self._faults[name] = count + 1, since
        if count + 1 < _FAULTS:
            return False
        others = [other for other in ready if other != name and other not in self.resting]
        if not others or any(other in self._faults or self._good.get(other, -1.0) < since for other in others):
            return False
        self.resting[name] = now + _REST_SECONDS
        return True

    def sweep(self, now: float) -> bool:
        """Let those work again that rested long enough, on probation; tell whether there are any."""
        over = [name for name, until in self.resting.items() if until <= now]
        for name in over:
            del self.resting[name]
            self._faults[name] = _FAULTS - 1, now
        return bool(over)

    def forget(self, name: str) -> None:
        """Know nothing of a replica whose process is another one."""
        self.resting.pop(name, None)
        self._faults.pop(name, None)
        self._good.pop(name, None)
