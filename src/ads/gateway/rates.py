"""How often and how much: token buckets for callers, deployments and their bandwidth."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable

from ads.gateway.answer import Refusal

__all__ = ["Bucket", "Rates"]

_BURST_SECONDS = 1.0
_MOST_CALLERS = 10_000
_BYTES_PER_MEGABIT = 125_000


class Bucket:
    """Fills by ``rate`` a second up to what comes in one second, at least 1. What is taken may leave a debt."""

    __slots__ = ("_at", "_left", "rate")

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self._left = self._most
        self._at = now

    @property
    def _most(self) -> float:
        return max(1.0, self.rate * _BURST_SECONDS)

    def wait(self, now: float, amount: float = 0.0) -> float:
        """Return for how many seconds nothing may be taken yet, 0.0 when ``amount`` is there."""
        self._left = min(self._most, self._left + (now - self._at) * self.rate)
        self._at = now
        missing = min(amount, self._most) - self._left
        return max(0.0, missing / self.rate)

    def take(self, amount: float) -> None:
        """Take what was used."""
        self._left -= amount

    def full(self, now: float) -> bool:
        """Tell whether it has been left alone for long enough to be forgotten."""
        return self._left + (now - self._at) * self.rate >= self._most


class Rates:
    """The buckets of one gateway. ``per_deployment`` and ``per_caller`` are predictions a second, 0 for no limit."""

    def __init__(self, per_deployment: float, per_caller: float, clock: Callable[[], float]) -> None:
        self._per_deployment = per_deployment
        self._per_caller = per_caller
        self._clock = clock
        self._deployments: dict[str, Bucket] = {}
        self._bandwidths: dict[str, Bucket] = {}
        self._callers: dict[Hashable, Bucket] = {}
        self.limiting = bool(per_caller)
        """Whether there is any limit at all: without one nobody need be asked, or told of."""

    def follow(self, deployment_id: str, rate: float | None, megabits: float | None) -> None:
        """Set what holds for a deployment; None is the gateway's own rate, and any bandwidth."""
        self._set(self._deployments, deployment_id, self._per_deployment if rate is None else rate)
        self._set(self._bandwidths, deployment_id, (megabits or 0.0) * _BYTES_PER_MEGABIT)
        self._note_limits()

    def forget(self, deployment_id: str) -> None:
        """Drop the buckets of a deployment that is gone."""
        self._deployments.pop(deployment_id, None)
        self._bandwidths.pop(deployment_id, None)
        self._note_limits()

    def admit(self, deployment_id: str, caller: Hashable) -> None:
        """Count one prediction. Raises Refusal (429, with the seconds to wait) for one too many."""
        if not self.limiting:
            return
        now = self._clock()
        buckets = [(self._deployments.get(deployment_id), 1.0, "The deployment gets more requests than it allows.")]
        buckets.append((self._bandwidths.get(deployment_id), 0.0, "The deployment's bandwidth is used up."))
        if self._per_caller:
            buckets.append((self._caller(caller, now), 1.0, "This credential sends more requests than it may."))
        for bucket, amount, message in buckets:
            seconds = bucket.wait(now, amount) if bucket is not None else 0.0
            if seconds > 0:
                raise Refusal(429, "TooManyRequests", message, retry_after=max(1, math.ceil(seconds)))
        for bucket, amount, _ in buckets:
            if bucket is not None:
                bucket.take(amount)

    def spend(self, deployment_id: str, size: int) -> None:
        """Count bytes that went in or out."""
        bucket = self._bandwidths.get(deployment_id)
        if bucket is not None:
            bucket.take(size)

    def _caller(self, caller: Hashable, now: float) -> Bucket:
        bucket = self._callers.get(caller)
        if bucket is None:
            if len(self._callers) >= _MOST_CALLERS:
                self._callers = {key: each for key, each in self._callers.items() if not each.full(now)}
            bucket = self._callers[caller] = Bucket(self._per_caller, now)
        return bucket

    def _note_limits(self) -> None:
        self.limiting = bool(self._per_caller or self._deployments or self._bandwidths)

    def _set(self, buckets: dict[str, Bucket], deployment_id: str, rate: float) -> None:
        if not rate:
            buckets.pop(deployment_id, None)
        elif deployment_id not in buckets or buckets[deployment_id].rate != rate:
            buckets[deployment_id] = Bucket(rate, self._clock())
