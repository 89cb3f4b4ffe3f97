"""How long something takes: a draw for each time it is done. ``items`` is how many requests a frame has."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Protocol

__all__ = ["Constant", "Duration", "Exponential", "Linear", "Lognormal"]


class Duration(Protocol):
    """Seconds, drawn."""

    def draw(self, items: int, numbers: Random) -> float:
        """Return the seconds for so many items."""


@dataclass(frozen=True)
class Constant:
    """Always the same for each item."""

    seconds: float

    def draw(self, items: int, numbers: Random) -> float:  # noqa: ARG002
        return self.seconds * items


@dataclass(frozen=True)
class Exponential:
    """Without memory."""

    mean: float

    def draw(self, items: int, numbers: Random) -> float:
        return sum(numbers.expovariate(1 / self.mean) for _ in range(items))


@dataclass(frozen=True)
class Lognormal:
    """A median, and a spread upwards: ``sigma`` 0.5 has a p99 of three medians."""

    median: float
    sigma: float = 0.5

    def draw(self, items: int, numbers: Random) -> float:
        return sum(numbers.lognormvariate(math.log(self.median), self.sigma) for _ in range(items))


@dataclass(frozen=True)
class Linear:
    """As natural batching has it: ``base`` for a frame and ``each`` for a request; ``sigma`` spreads the whole."""

    base: float
    each: float
    sigma: float = 0.0

    def draw(self, items: int, numbers: Random) -> float:
        found = self.base + self.each * items
        return found * numbers.lognormvariate(0.0, self.sigma) if self.sigma else found
