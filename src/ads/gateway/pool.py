"""The replicas of one deployment and the predictions that wait for them.

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
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from ads.gateway.answer import error_body
from ads.gateway.frames import Input, Output
from ads.gateway.limits import Limits
from ads.gateway.metrics import DeploymentMetrics
from ads.gateway.replica import Replica
from ads.gateway.tables import DeploymentRoute

__all__ = ["Pool", "Prediction", "pick", "share"]


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
_BUSY = error_body("ServiceUnavailable", "The deployment is at its limit. Try again later.")
_WAITED = error_body("ServiceUnavailable", "No replica of the deployment became free in time. Try again later.")
_DIED = error_body("ServiceUnavailable", "The replicas died while they answered this request.")
_TOO_LONG = error_body("GatewayTimeout", "The prediction took longer than the deployment allows.")
_STOPPED = error_body("NotAuthorizedOrNotFound", "The deployment is not active.")
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


class Prediction:
    """One request on its way. ``reply`` is called once with status, body and retry-after."""

    __slots__ = (
        "_reply",
        "arrived",
        "begun",
        "copies",
        "input",
        "piece",
        "replica_id",
        "sent",
        "source",
        "tries",
        "waiting",
    )

    def __init__(
        self,
        item: Input,
        arrived: float,
        reply: Callable[[int, bytes, int], None],
        piece: Callable[[bytes], None] | None = None,
    ) -> None:
        self.input = item
        self.piece = piece
        """Is called with each piece of a streamed answer before ``reply``; None for an answer that comes whole."""
        self.begun = False
        self.source: Replica | None = None
        self.arrived = arrived
        self.waiting = arrived
        self.sent = 0.0
        self.tries = 0
        self.copies = 1
        """In how many places it is, waiting or in flight: only the last one may say that it failed."""
        self.replica_id = ""
        self._reply: Callable[[int, bytes, int], None] | None = reply

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits for the answer."""
        return self._reply is not None

    def abandon(self) -> None:
        """Forget the caller: it left. The replica of a streamed answer need not go on with it."""
        self._reply = None
        if self.begun and self.source is not None:
            self.source.cut()

    def hold(self, full: bool) -> None:
        """Let the replica of a streamed answer wait, or go on."""
        if self.begun and self.source is not None and self.source.held != full:
            self.source.hold(full)

    def answer(self, status: int, body: bytes, retry_after: int = 0) -> None:
        """Give the caller its answer; later ones are dropped."""
        reply, self._reply = self._reply, None
        if reply is not None:
            reply(status, body, retry_after)


class Pool:
    """See the module. ``kill`` is asked to replace a replica that exceeded the time limit, by the replica's id."""

    def __init__(
        self,
        route: DeploymentRoute,
        limits: Limits,
        clock: Callable[[], float],
        kill: Callable[[Replica], None],
        metrics: DeploymentMetrics,
    ) -> None:
        self.route = route
        self.metrics = metrics
        self._limits = limits
        self._clock = clock
        self._kill = kill
        self._replicas: dict[str, Replica] = {}
        self._flights: dict[Replica, list[Prediction]] = {}
        self._queue: deque[Prediction] = deque()
        self._queued_bytes = 0
        self._silent: set[Replica] = set()
        self._usual: float | None = None
        self._draining = False
        self.update(route)

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
    def replicas_by_state(self) -> dict[str, int]:
        """How many of the wanted replicas are ready and absent."""
        ready = sum(replica.ready for replica in self._replicas.values())
        return {"ready": ready, "absent": len(self._replicas) - ready}

    def update(self, route: DeploymentRoute) -> None:
        """Follow a new table: connect to new replicas, let go of those that left it."""
        self.route = route
        wanted = {replica.id: replica for replica in route.replicas} if route.serving else {}
        for replica_id, replica in list(self._replicas.items()):
            if replica_id not in wanted or wanted[replica_id].socket != replica.socket:
                del self._replicas[replica_id]
                replica.retire()
        for replica_id, place in wanted.items():
            if replica_id not in self._replicas:
                replica = self._replicas[replica_id] = Replica(place, self, self._limits.answer_bytes)
                replica.start()
        if not route.serving:
            self._answer_queue(404, _STOPPED, 0)

    def close(self) -> None:
        """Let go of all replicas; what waits is answered 404: the deployment is gone."""
        for replica in self._replicas.values():
            replica.retire()
        self._replicas.clear()
        self._answer_queue(404, _STOPPED, 0)

    def submit(self, prediction: Prediction) -> None:
        """Have a prediction made, now or when a replica is free."""
        replica = pick(self._replicas.values()) if not self._queue else None
        if replica is not None:
            self._send(replica, [prediction])
            return
        size = len(prediction.input.body)
        limits = self._limits
        if len(self._queue) >= limits.queue_items or self._queued_bytes + size > limits.queue_bytes:
            prediction.answer(503, _BUSY, 1)
            return
        self._queue.append(prediction)
        self._queued_bytes += size

    def sweep(self, now: float) -> None:
        """Answer what waited or ran too long, drop what nobody waits for, pass over who is silent."""
        oldest = now - self._limits.queue_seconds
        for prediction in [item for item in self._queue if item.waiting < oldest or not item.wanted]:
            self._queue.remove(prediction)
            self._queued_bytes -= len(prediction.input.body)
            self._fail(prediction, 503, _WAITED, 1)
        patience = self._patience()
        for replica, flight in list(self._flights.items()):
            # A batch gets half the time: then there is enough left to ask each of its requests alone.
            together = len(flight) > 1
            if replica.held:
                replica.used = now  # it waits for its caller, whose patience the connection limits
            if now - replica.used > (self.route.timeout_seconds / 2 if together else self.route.timeout_seconds):
                if not together:
                    del self._flights[replica]
                    self._fail(flight[0], 504, _TOO_LONG)
                replica.drop()
                self._kill(replica)
            elif now - replica.used > patience and replica not in self._silent:
                self._pass_over(replica, flight)

    def drain(self) -> None:
        """Nothing new is tried from now on when a replica dies: the gateway is about to leave."""
        self._draining = True

    def connected(self, replica: Replica) -> None:
        """A replica is free: give it work."""
        self.metrics.cold_starts += 1
        self._feed(replica)

    def answered(self, replica: Replica, outputs: Sequence[Output]) -> None:
        """Pass answers on to their callers, but first give the replica its next frame."""
        flight = self._flights.pop(replica)
        seconds = self._clock() - replica.used
        self.metrics.inference.observe(seconds)
        if flight[0].begun:
            seconds = 0.0  # since the last piece: it says nothing of what is usual
        if replica in self._silent:
            self._silent.discard(replica)
            logger.warning("replica %s answers again", replica.id)
        else:
            self._usual = max(seconds, (self._usual or 0.0) * _FORGETTING)
        self.metrics.batch.observe(len(flight))
        if self._queue and replica.id in self._replicas:
            self._feed(replica)
        for prediction, output in zip(flight, outputs, strict=True):
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
        left = any(prediction.begun and not prediction.wanted for prediction in self._flights.get(replica, ()))
        if self._replicas.get(replica.id) is replica and not left:
            self.metrics.restarts += 1
        self._silent.discard(replica)
        for prediction in reversed(self._flights.pop(replica, ())):
            if prediction.copies > 1:
                prediction.copies -= 1
            elif prediction.tries >= self._limits.tries or prediction.begun:
                prediction.answer(503, _DIED, 5)
            elif self._draining:
                prediction.answer(503, _LEAVING, 1)
            elif prediction.wanted:
                prediction.waiting = self._clock()
                self._queue.appendleft(prediction)
                self._queued_bytes += len(prediction.input.body)
        self._feed_all()

    def _patience(self) -> float:
        """Return for how many seconds a replica may be silent before it is passed over."""
        return math.inf if self._usual is None else max(self._limits.silent_seconds, _UNUSUAL * self._usual)

    def _pass_over(self, replica: Replica, flight: list[Prediction]) -> None:
        """Give what a silent replica has to free ones as well, if there are any."""
        if pick(self._replicas.values()) is None:
            return
        logger.warning("replica %s is silent and passed over", replica.id)
        self._silent.add(replica)
        for prediction in reversed(flight):
            if prediction.wanted and prediction.tries < self._limits.tries and prediction.piece is None:
                prediction.copies += 1
                prediction.waiting = self._clock()
                self._queue.appendleft(prediction)
                self._queued_bytes += len(prediction.input.body)
        self._feed_all()

    def _fail(self, prediction: Prediction, status: int, body: bytes, retry_after: int = 0) -> None:
        """Give up one copy of a prediction, and the prediction with the last one."""
        if prediction.copies > 1:
            prediction.copies -= 1
        else:
            prediction.answer(status, body, retry_after)

    def _feed_all(self) -> None:
        while self._queue:
            free = pick(self._replicas.values())
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
            ready = sum(each.ready for each in self._replicas.values()) - len(self._silent)
            most = min(most, share(len(self._queue), ready))
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
                self.metrics.queue.observe(now - prediction.arrived)
            prediction.tries += 1
            prediction.sent = now
            prediction.replica_id = replica.id
        self._flights[replica] = batch
        replica.send([prediction.input for prediction in batch], now)

    def _pop(self) -> Prediction:
        prediction = self._queue.popleft()
        self._queued_bytes -= len(prediction.input.body)
        return prediction

    def _answer_queue(self, status: int, body: bytes, retry_after: int) -> None:
        while self._queue:
            self._pop().answer(status, body, retry_after)
