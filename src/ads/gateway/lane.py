"""The replicas of one revision of a deployment and the predictions that wait for them.

A replica has one frame in flight. What arrives while every replica is busy waits in one queue with a bound and a
deadline. A replica that has proven that merged requests get the same answers is given several at once (*natural
batching*: there is no timer, a batch is what came while the replicas were busy).

The request is held whole, so that a replica's death costs nothing: it is given to another one, at most
``limits.tries`` times in all, because a request may be what kills them. From its second try on it travels alone, so
that it can't take others with it. A replica that is silent for far longer than is usual here is passed over as long as
it is silent: what it has is also given to a free one, and the first answer counts.
"""

from __future__ import annotations

import logging
import math
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from ads.deploy.rollout import BOUNDS
from ads.gateway.answer import error_body
from ads.gateway.frames import Output
from ads.gateway.limits import Limits
from ads.gateway.metrics import DeploymentMetrics
from ads.gateway.outliers import Outliers
from ads.gateway.pace import Pace
from ads.gateway.prediction import Prediction
from ads.gateway.replica import Replica
from ads.gateway.tables import ReplicaRoute

__all__ = ["Counts", "Lane", "LaneOwner", "pick", "share"]


class _Candidate(Protocol):
    @property
    def ready(self) -> bool: ...
    @property
    def busy(self) -> bool: ...
    @property
    def used(self) -> float: ...


_C = TypeVar("_C", bound=_Candidate)

logger = logging.getLogger(__name__)

_UNUSUAL = 10.0
_FORGETTING = 0.99
_FAULT = 500
_IN_TIME = 0.8
"""The part of the longest wait that a queue may take as it moves now: some take longer than expected."""
_BUSY = error_body("ServiceUnavailable", "The deployment is at its limit. Try again later.")
_WAITED = error_body("ServiceUnavailable", "No replica of the deployment became free in time. Try again later.")
_DIED = error_body("ServiceUnavailable", "The replicas died while they answered this request.")
_TOO_LONG = error_body("GatewayTimeout", "The prediction took longer than the deployment allows.")
_LEAVING = error_body("ServiceUnavailable", "The service is stopping. Try again later.")


def pick(replicas: Iterable[_C]) -> _C | None:
    """Return the free replica that has rested longest, None when none is free."""
    best: _C | None = None
    for replica in replicas:
        if replica.ready and not replica.busy and (best is None or replica.used < best.used):
            best = replica
    return best


def share(waiting: int, replicas: int) -> int:
    """Return how many of the waiting one of these replicas takes, so that those that get free next have work, too."""
    return -(-waiting // max(1, replicas))


class Counts:
    """What one revision did since the gateway knows it: requests, errors, and how long calls took, in buckets."""

    __slots__ = ("errors", "latency", "requests")

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self.latency = [0] * (len(BOUNDS) + 1)

    def observe(self, seconds: float, requests: int, errors: int) -> None:
        """Count the requests of one call."""
        self.requests += requests
        self.errors += errors
        self.latency[bisect_left(BOUNDS, seconds)] += requests


class LaneOwner(Protocol):
    """The deployment that a lane belongs to."""

    def waiting_room(self, size: int) -> bool:
        """Tell whether one more prediction of so many bytes may wait."""

    def joined(self, lane: Lane) -> None:
        """A replica of the lane became ready."""

    def stranded(self, lane: Lane) -> None:
        """No replica of the lane is ready any more."""

    def takes_over(self, lane: Lane, prediction: Prediction) -> bool:
        """Have a prediction that failed in this lane made elsewhere; tell whether that is done."""

    def exhausted(self, prediction: Prediction) -> None:
        """A prediction ended the last replica that it may be tried on."""

    def answered_by(self, lane: Lane, prediction: Prediction, output: Output) -> None:
        """A prediction was answered; called only while ``lane.watched``."""


class Lane:
    """See the module. ``kill`` is asked to replace a replica that exceeded the time limit."""

    def __init__(
        self,
        revision: int,
        owner: LaneOwner,
        limits: Limits,
        clock: Callable[[], float],
        kill: Callable[[Replica], None],
        metrics: DeploymentMetrics,
    ) -> None:
        self.revision = revision
        self.weight = 0
        self.credit = 0
        """What the deployment owes this lane in its turn-taking."""
        self.counts = Counts()
        self.watched = False
        """Whether the owner wants to see each answer."""
        self.timeout_seconds = 60.0
        self.hold_seconds = 0.0
        """How long predictions may wait while no replica is there at all."""
        self.queued_bytes = 0
        self._owner = owner
        self._limits = limits
        self._clock = clock
        self._kill = kill
        self._metrics = metrics
        self._replicas: dict[str, Replica] = {}
        self._flights: dict[Replica, list[Prediction]] = {}
        self._queue: deque[Prediction] = deque()
        self._silent: set[Replica] = set()
        self._usual: float | None = None
        self._outliers = Outliers()
        self._pace = Pace()
        self._draining = False

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is in flight."""
        return not self._queue and not self._flights

    @property
    def queue_depth(self) -> int:
        """How many predictions wait."""
        return len(self._queue)

    @property
    def inflight(self) -> int:
        """How many predictions replicas work on."""
        return sum(map(len, self._flights.values()))

    @property
    def wanted(self) -> int:
        """How many replicas there should be."""
        return len(self._replicas)

    @property
    def ready(self) -> int:
        """How many replicas answer."""
        return sum(replica.ready for replica in self._replicas.values())

    def follow(self, wanted: Mapping[str, ReplicaRoute]) -> None:
        """Connect to new replicas, let go of those that left the table."""
        for replica_id, replica in list(self._replicas.items()):
            place = wanted.get(replica_id)
            if place is None or (place.socket, place.key) != (replica.socket, replica.key):
                del self._replicas[replica_id]
                replica.retire()
        for replica_id, place in wanted.items():
            if replica_id not in self._replicas:
                replica = self._replicas[replica_id] = Replica(place, self, self._limits.answer_bytes)
                replica.start()

    def submit(self, prediction: Prediction) -> None:
        """Have a prediction made, now or when a replica is free."""
        replica = pick(self._able()) if not self._queue else None
        if replica is not None:
            self._send(replica, [prediction])
        elif self._in_vain() or not self._owner.waiting_room(len(prediction.input.body)):
            prediction.answer(503, _BUSY, 1)
        else:
            self._append(prediction)

    def adopt(self, predictions: Iterable[Prediction]) -> None:
        """Take over what waited in another lane, in its order."""
        for prediction in predictions:
            self._append(prediction)
        self._feed_all()

    def empty(self) -> list[Prediction]:
        """Return all that waits; nothing waits any more."""
        found = list(self._queue)
        self._queue.clear()
        self.queued_bytes = 0
        return found

    def sweep(self, now: float) -> None:
        """Answer what waited or ran too long, drop what nobody waits for, pass over who is silent."""
        self._sweep_queue(now)
        self._pace.note(self.counts.requests, now, bool(self._queue))
        if self._outliers.resting and self._outliers.sweep(now):
            self._feed_all()
        patience = self._patience()
        for replica, flight in list(self._flights.items()):
            # A batch gets half the time: then there is enough left to ask each of its requests alone.
            together = len(flight) > 1
            if replica.held:
                replica.used = now  # it waits for its caller, whose patience the connection limits
            if now - replica.used > (self.timeout_seconds / 2 if together else self.timeout_seconds):
                if not together:
                    del self._flights[replica]
                    self._fail(flight[0], 504, _TOO_LONG)
                self.counts.observe(now - replica.used, len(flight), len(flight))
                replica.drop()
                self._kill(replica)
            elif now - replica.used > patience and replica not in self._silent:
                self._pass_over(replica, flight)

    def _sweep_queue(self, now: float) -> None:
        seconds = self._limits.queue_seconds
        if self.hold_seconds > seconds and not self.ready:
            seconds = self.hold_seconds
        oldest = now - seconds
        for prediction in [item for item in self._queue if item.waiting < oldest or not item.wanted]:
            self._queue.remove(prediction)
            self.queued_bytes -= len(prediction.input.body)
            self._fail(prediction, 503, _WAITED, 1)

    def drain(self) -> None:
        """Nothing new is tried from now on when a replica dies: the gateway is about to leave."""
        self._draining = True

    # -- what replicas tell

    def connected(self, replica: Replica) -> None:
        """A replica is free: give it work."""
        self._metrics.cold_starts += 1
        if self.ready == 1:
            now = self._clock()
            for prediction in self._queue:
                prediction.waiting = now  # from here on the usual patience counts
        self._owner.joined(self)
        self._feed(replica)

    def answered(self, replica: Replica, outputs: Sequence[Output]) -> None:
        """Pass answers on to their callers, but first give the replica its next frame."""
        flight = self._flights.pop(replica)
        seconds = self._clock() - replica.used
        self._metrics.inference.observe(seconds)
        errors = 0
        for output in outputs:
            if output.status >= _FAULT:
                errors += 1
        self.counts.observe(seconds, len(flight), errors)
        if flight[0].begun:
            seconds = 0.0  # since the last piece: it says nothing of what is usual
        if replica in self._silent:
            self._silent.discard(replica)
            logger.warning("replica %s answers again", replica.id)
        else:
            self._usual = max(seconds, (self._usual or 0.0) * _FORGETTING)
        self._metrics.batch.observe(replica.rows)
        self._metrics.rows += replica.rows
        self._judge(replica, errors == len(outputs))
        if self._queue and replica.id in self._replicas and replica.id not in self._outliers.resting:
            self._feed(replica)
        for prediction, output in zip(flight, outputs, strict=True):
            if output.status >= _FAULT and self._owner.takes_over(self, prediction):
                continue
            if self.watched:
                self._owner.answered_by(self, prediction, output)
            prediction.answer(output.status, output.body)

    def streamed(self, replica: Replica, piece: bytes) -> None:
        """Pass on a piece of an answer; end the stream when nobody takes it."""
        flight = self._flights.get(replica)
        if flight is None:
            return
        prediction = flight[0]
        replica.used = self._clock()
        if prediction.piece is None or not prediction.wanted:
            replica.cut()
            return
        prediction.begun = True
        prediction.source = replica
        prediction.piece(piece)

    def lost(self, replica: Replica) -> None:
        """Give what was in flight on a dead replica to another one, before everything that waits."""
        flight = self._flights.pop(replica, [])
        left = any(prediction.begun and not prediction.wanted for prediction in flight)
        if self._replicas.get(replica.id) is replica and not left:
            self._metrics.restarts += 1
            self.counts.observe(self._clock() - replica.used, len(flight), len(flight))
        self._silent.discard(replica)
        self._outliers.forget(replica.id)
        for prediction in reversed(flight):
            if prediction.copies > 1:
                prediction.copies -= 1
            elif prediction.tries >= self._limits.tries or prediction.begun:
                self._owner.exhausted(prediction)
                prediction.answer(503, _DIED, 5)
            elif self._draining:
                prediction.answer(503, _LEAVING, 1)
            elif prediction.wanted:
                self._return(prediction)
        self._feed_all()
        if not self.ready:
            self._owner.stranded(self)

    # -- the inside

    def _able(self) -> Iterable[Replica]:
        """Return the replicas that may get work."""
        resting = self._outliers.resting
        if not resting:
            return self._replicas.values()
        return [replica for replica in self._replicas.values() if replica.id not in resting]

    def _judge(self, replica: Replica, faulty: bool) -> None:
        ready = [each.id for each in self._replicas.values() if each.ready] if faulty else ()
        if self._outliers.observe(replica.id, faulty, self._clock(), ready):
            logger.warning("replica %s fails at what the others can do, and rests for a while", replica.id)

    def _in_vain(self) -> bool:
        """Tell whether who joins the queue now would hardly have its turn in time: then it is better told at once."""
        return (
            self._pace.known
            and self._pace.wait(len(self._queue)) > self._limits.queue_seconds * _IN_TIME
            and self.ready > 0
        )

    def _patience(self) -> float:
        """Return for how many seconds a replica may be silent before it is passed over."""
        return math.inf if self._usual is None else max(self._limits.silent_seconds, _UNUSUAL * self._usual)

    def _pass_over(self, replica: Replica, flight: list[Prediction]) -> None:
        """Give what a silent replica has to free ones as well, if there are any."""
        if pick(self._able()) is None:
            return
        logger.warning("replica %s is silent and passed over", replica.id)
        self._silent.add(replica)
        for prediction in reversed(flight):
            if prediction.wanted and prediction.tries < self._limits.tries and prediction.piece is None:
                prediction.copies += 1
                self._return(prediction)
        self._feed_all()

    def _return(self, prediction: Prediction) -> None:
        """Put a prediction that was in flight before everything that waits."""
        prediction.waiting = self._clock()
        self._queue.appendleft(prediction)
        self.queued_bytes += len(prediction.input.body)

    def _append(self, prediction: Prediction) -> None:
        self._queue.append(prediction)
        self.queued_bytes += len(prediction.input.body)

    def _fail(self, prediction: Prediction, status: int, body: bytes, retry_after: int = 0) -> None:
        """Give up one copy of a prediction, and the prediction with the last one."""
        if prediction.copies > 1:
            prediction.copies -= 1
        else:
            prediction.answer(status, body, retry_after)

    def _feed_all(self) -> None:
        while self._queue:
            free = pick(self._able())
            if free is None:
                return
            self._feed(free)

    def _feed(self, replica: Replica) -> None:
        batch = self._take(replica)
        if batch:
            self._send(replica, batch)

    def _take(self, replica: Replica) -> list[Prediction]:
        """Return what goes into the next frame: this replica's share of what waits, as far as it may be merged."""
        most = replica.batch
        if most > 1:
            most = min(most, share(len(self._queue), self.ready - len(self._silent)))
        batch: list[Prediction] = []
        size = 0
        while self._queue and len(batch) < most:
            first = self._queue[0]
            size += len(first.input.body)
            if batch and (first.tries or first.piece or size > self._limits.batch_bytes):
                break
            prediction = self._pop()
            if prediction.wanted:
                batch.append(prediction)
                if prediction.tries or prediction.piece:
                    break
        return batch

    def _send(self, replica: Replica, batch: list[Prediction]) -> None:
        now = self._clock()
        for prediction in batch:
            if not prediction.tries:
                self._metrics.queue.observe(now - prediction.arrived)
            prediction.tries += 1
            prediction.sent = now
            prediction.replica_id = replica.id
        self._flights[replica] = batch
        replica.send([prediction.input for prediction in batch], now)

    def _pop(self) -> Prediction:
        prediction = self._queue.popleft()
        self.queued_bytes -= len(prediction.input.body)
        return prediction
