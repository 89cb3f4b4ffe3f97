"""A revision that is tried with copies of real requests. Its answers are compared with those that callers got.

A copy is made when the caller already has its answer. It is dropped when the shadow has too much to do.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ads.deploy.signals import Pair
from ads.gateway.frames import Output
from ads.gateway.lane import Lane
from ads.gateway.prediction import Prediction

__all__ = ["Shadow", "same_answer"]

_MOST_WAITING = 32
_MOST_PAIRS = 64
_LARGEST_COMPARED = 256 * 1024
_SHOWN = 2000
_NEAR = 1e-6
_FAULT = 500
_ALL = 100


class Shadow:
    """The lane that gets copies of ``percent`` of the requests, and what came of it."""

    def __init__(self, lane: Lane, percent: int, clock: Callable[[], float]) -> None:
        self.lane = lane
        self.compared = 0
        self.disagreed = 0
        self._percent = percent
        self._clock = clock
        self._credit = 0
        self._pairs: deque[Pair] = deque(maxlen=_MOST_PAIRS)

    def offer(self, prediction: Prediction, output: Output) -> None:
        """Have the request of a prediction that was answered made by the shadow, too, if it is its turn."""
        self._credit += self._percent
        if self._credit < _ALL:
            return
        self._credit -= _ALL
        lane = self.lane
        if output.status >= _FAULT or not lane.ready or lane.queue_depth >= _MOST_WAITING:
            return
        if len(prediction.input.body) + len(output.body) > _LARGEST_COMPARED:
            return
        copied = prediction.input

        def compare(status: int, body: bytes, _retry_after: int) -> None:
            self._compare(copied.meta, output, status, body)

        lane.submit(Prediction(copied, self._clock(), compare))

    def take_pairs(self) -> list[dict[str, Any]]:
        """Return the differences that nobody has heard of yet, as JSON objects."""
        found = [asdict(pair) for pair in self._pairs]
        self._pairs.clear()
        return found

    def _compare(self, meta: bytes, serving: Output, status: int, body: bytes) -> None:
        self.compared += 1
        if serving.status == status and same_answer(serving.body, body):
            return
        self.disagreed += 1
        self._pairs.append(Pair(_request_id(meta), serving.status, _shown(serving.body), status, _shown(body)))


def same_answer(one: bytes, other: bytes) -> bool:
    """Tell whether two JSON texts mean the same, numbers up to a millionth."""
    if one == other:
        return True
    try:
        return _same(json.loads(one), json.loads(other))
    except (ValueError, RecursionError):
        return False


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=_NEAR, abs_tol=_NEAR)
    return bool(one == other)


def _request_id(meta: bytes) -> str:
    try:
        return str(json.loads(meta).get("request_id", ""))
    except (ValueError, AttributeError):
        return ""


def _shown(body: bytes) -> str:
    return body.decode(errors="replace")[:_SHOWN]
