"""What came of a simulation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Outcome", "Recovery"]

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Recovery:
    """How many seconds after a fault a deployment had as many replicas as before; infinite: not in this run."""

    fault: str
    deployment: str
    time: float
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """``statuses`` counts the answers (0: the gateway ended); ``began``, ``took`` and ``whose`` are of the good ones.

    ``under_way`` is what had no answer at the end, ``scaled`` every other number of replicas that was wanted, with time
    and deployment, ``first_answers`` when each replica answered first. Times in seconds.
    """

    seconds: float
    arrived: int
    statuses: Mapping[int, int]
    under_way: int
    began: Numbers
    took: Numbers
    whose: npt.NDArray[np.int64]
    names: tuple[str, ...]
    replica_seconds: float
    busy_seconds: float
    gateway_busy: float
    recoveries: tuple[Recovery, ...]
    scaled: tuple[tuple[float, str, int], ...]
    first_answers: tuple[float, ...]
    no_room: int
    events: int

    @property
    def answered(self) -> int:
        """How many got their prediction."""
        return self.statuses.get(200, 0)

    @property
    def refused(self) -> int:
        """How many got something else."""
        return sum(self.statuses.values()) - self.answered

    @property
    def rate(self) -> float:
        """Predictions per second."""
        return self.answered / self.seconds

    @property
    def utilisation(self) -> float:
        """The part of the replicas' time in which they predicted."""
        return self.busy_seconds / self.replica_seconds if self.replica_seconds else 0.0

    @property
    def recovery(self) -> float:
        """The longest time until all replicas were there again."""
        return max((recovery.seconds for recovery in self.recoveries), default=0.0)

    def percentile(self, percent: float, since: float = 0.0, until: float = math.inf) -> float:
        """Return the latency that so many percent of the requests that began in a time stay below."""
        took = self.took[(self.began >= since) & (self.began < until)]
        return float(np.percentile(took, percent)) if len(took) else math.nan
