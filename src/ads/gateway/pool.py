"""One deployment at the gateway: a lane for each revision that serves, and who of them gets the next request.

Most deployments have one lane. During a rollout there are two: each gets the share of the requests that the table
gives it, in turns that are spread evenly, unless a header's rule names the revision. A lane without a replica that
answers hands what waits to another one, and what the newer revision fails on (5xx) is answered by the one that served
before: a bad candidate costs its callers time, not answers. A shadow gets copies of requests once their callers have
their answers, and never makes anybody wait.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from zlib import crc32

from ads.gateway.answer import error_body
from ads.gateway.frames import Output
from ads.gateway.lane import Lane, pick, share
from ads.gateway.limits import Limits
from ads.gateway.metrics import DeploymentMetrics
from ads.gateway.poison import Poison
from ads.gateway.prediction import Prediction
from ads.gateway.replica import Replica
from ads.gateway.shadow import Shadow
from ads.gateway.tables import DeploymentRoute, ReplicaRoute

__all__ = ["Pool", "Prediction", "pick", "share"]

_STOPPED = error_body("NotAuthorizedOrNotFound", "The deployment is not active.")
_NO_FIELDS: Mapping[bytes, bytes] = {}
_POISON = error_body(
    "RequestEndsReplicas", "This request ended the replicas that answered it. It is not tried again for a while."
)
_ALL = 100


class Pool:
    """See the module. ``kill`` is asked to replace a replica that exceeded the time limit; ``call`` is called when a
    request comes and there is no replica to wait for.
    """

    def __init__(
        self,
        route: DeploymentRoute,
        limits: Limits,
        clock: Callable[[], float],
        kill: Callable[[Replica], None],
        metrics: DeploymentMetrics,
        call: Callable[[], None] = lambda: None,
    ) -> None:
        self.route = route
        self.metrics = metrics
        self.lanes: dict[int, Lane] = {}
        self.load_sum = 0
        self.load_samples = 0
        self._limits = limits
        self._clock = clock
        self._kill = kill
        self._call = call
        self._leaving: list[Lane] = []
        self._only: Lane | None = None
        self.poison = Poison(clock)
        self.shadow: Shadow | None = None
        self.update(route)

    # -- how it is

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is in flight."""
        return all(lane.idle for lane in (*self.lanes.values(), *self._leaving))

    @property
    def queue_depth(self) -> int:
        """How many predictions wait."""
        return sum(lane.queue_depth for lane in self.lanes.values())

    @property
    def inflight(self) -> int:
        """How many predictions replicas work on."""
        return sum(lane.inflight for lane in (*self.lanes.values(), *self._leaving))

    @property
    def replicas_by_state(self) -> dict[str, int]:
        """How many of the wanted replicas are ready and absent."""
        ready = sum(lane.ready for lane in self.lanes.values())
        return {"ready": ready, "absent": sum(lane.wanted for lane in self.lanes.values()) - ready}

    @property
    def calling(self) -> bool:
        """Whether requests wait although no replica is wanted."""
        return self.queue_depth > 0 and not any(lane.wanted for lane in self.lanes.values())

    # -- what it should be

    def update(self, route: DeploymentRoute) -> None:
        """Follow a new table: connect to new replicas, let go of those that left it."""
        self.route = route
        wanted: dict[int, dict[str, ReplicaRoute]] = {}
        for replica in route.replicas if route.serving else ():
            wanted.setdefault(replica.revision, {})[replica.id] = replica
        if not wanted:
            wanted = {route.revision: {}}
        if wanted.keys() - self.lanes.keys():
            self.poison.clear()
        gone = [lane for revision, lane in self.lanes.items() if revision not in wanted]
        for revision, places in wanted.items():
            lane = self.lanes.get(revision)
            if lane is None:
                lane = Lane(revision, self, self._limits, self._clock, self._kill, self.metrics)
                self.lanes[revision] = lane
            lane.timeout_seconds = route.timeout_seconds
            lane.hold_seconds = route.hold_seconds
            lane.weight = max((place.weight for place in places.values()), default=_ALL)
            lane.follow(places)
        for lane in gone:
            del self.lanes[lane.revision]
            lane.follow({})
            self._main().adopt(lane.empty())
            self._leaving.append(lane)
        self._follow_shadow(route)
        self._only = next(iter(self.lanes.values())) if len(self.lanes) == 1 else None
        if not route.serving:
            self._answer_queue()

    def _follow_shadow(self, route: DeploymentRoute) -> None:
        lane = self.lanes.get(route.shadow) if route.shadow is not None else None
        if lane is None:
            self.shadow = None
        elif self.shadow is None or self.shadow.lane is not lane:
            self.shadow = Shadow(lane, route.shadow_percent, self._clock)
        for each in self.lanes.values():
            each.watched = lane is not None and each is not lane

    def close(self) -> None:
        """Let go of all replicas; what waits is answered 404: the deployment is gone."""
        for lane in self.lanes.values():
            lane.follow({})
        self._answer_queue()

    def drain(self) -> None:
        """Nothing new is tried from now on when a replica dies: the gateway is about to leave."""
        for lane in self.lanes.values():
            lane.drain()

    # -- requests

    def submit(self, prediction: Prediction, fields: Mapping[bytes, bytes] = _NO_FIELDS) -> None:
        """Have a prediction made, now or when a replica is free. ``fields`` are the request's headers."""
        seconds = self.poison.seconds(prediction.input) if self.poison.suspects else 0.0
        if seconds:
            prediction.answer(422, _POISON, math.ceil(seconds))
            return
        lane = self._only or self._choose(fields)
        lane.submit(prediction)
        if not lane.wanted and lane.queue_depth == 1:
            self._call()

    def sweep(self, now: float) -> None:
        """Enforce the time limits, and note how much there is to do."""
        for lane in (*self.lanes.values(), *self._leaving):
            lane.sweep(now)
        self._leaving = [lane for lane in self._leaving if not lane.idle]
        shadow = self.shadow.lane if self.shadow is not None else None
        self.load_sum += sum(
            lane.inflight + lane.queue_depth for lane in (*self.lanes.values(), *self._leaving) if lane is not shadow
        )
        self.load_samples += 1

    def _choose(self, fields: Mapping[bytes, bytes]) -> Lane:
        """Return the lane of the next request: by rule, by its caller's key, or in turn."""
        named = self._named(fields)
        if named is not None:
            return named
        able = [lane for lane in self.lanes.values() if lane.weight and lane.ready]
        if not able:
            return self._main()
        if len(able) == 1:
            return able[0]
        total = sum(lane.weight for lane in able)
        key = fields.get(self.route.sticky) if self.route.sticky else None
        if key is not None:
            point = crc32(key) % total
            for lane in able:
                point -= lane.weight
                if point < 0:
                    return lane
        for lane in able:
            lane.credit += lane.weight
        chosen = max(able, key=lambda lane: lane.credit)
        chosen.credit -= total
        return chosen

    def _named(self, fields: Mapping[bytes, bytes]) -> Lane | None:
        for rule in self.route.rules:
            if fields.get(rule.header) == rule.value:
                lane = self.lanes.get(rule.revision)
                if lane is not None and lane.ready and (self.shadow is None or lane is not self.shadow.lane):
                    return lane
        return None

    def _main(self) -> Lane:
        """Return the lane of the revision that serves; where that isn't there, of any."""
        lane = self.lanes.get(self.route.revision)
        if lane is not None:
            return lane
        return max(self.lanes.values(), key=lambda each: each.weight)

    def _answer_queue(self) -> None:
        for lane in self.lanes.values():
            for prediction in lane.empty():
                prediction.answer(404, _STOPPED)

    # -- what lanes tell

    def waiting_room(self, size: int) -> bool:
        """Tell whether one more prediction of so many bytes may wait."""
        only = self._only
        if only is not None:
            return only.queue_depth < self._limits.queue_items and only.queued_bytes + size <= self._limits.queue_bytes
        items = waiting = 0
        for lane in self.lanes.values():
            items += lane.queue_depth
            waiting += lane.queued_bytes
        return items < self._limits.queue_items and waiting + size <= self._limits.queue_bytes

    def exhausted(self, prediction: Prediction) -> None:
        """Refuse this request's body for a while: it ended replicas, or was near when they ended."""
        if not prediction.begun:
            self.poison.note(prediction.input)

    def joined(self, lane: Lane) -> None:
        """Give a lane that answers what waits where nobody does."""
        if self._only is not None or (self.shadow is not None and lane is self.shadow.lane):
            return
        for other in self.lanes.values():
            if other is not lane and other.queue_depth and not other.ready:
                lane.adopt(other.empty())

    def stranded(self, lane: Lane) -> None:
        """Give what waits in a lane without a replica that answers to one that has one."""
        shadow = self.shadow.lane if self.shadow is not None else None
        if lane is shadow:
            lane.empty()
            return
        if lane.revision not in self.lanes or self.lanes[lane.revision] is not lane:
            self._main().adopt(lane.empty())
            return
        for other in self.lanes.values():
            if other is not lane and other is not shadow and other.ready:
                other.adopt(lane.empty())
                return

    def takes_over(self, lane: Lane, prediction: Prediction) -> bool:
        """Have the serving revision answer what another one failed on."""
        if self._only is lane or lane.revision in {self.route.revision, self.route.shadow}:
            return False
        main = self._main()
        if main is lane or not main.ready or prediction.begun or prediction.tries >= self._limits.tries:
            return False
        if not prediction.wanted or prediction.copies > 1:
            return False
        prediction.waiting = self._clock()
        main.submit(prediction)
        return True

    def answered_by(self, lane: Lane, prediction: Prediction, output: Output) -> None:  # noqa: ARG002 - it's the owner's protocol
        """Show the shadow what was asked, and compare."""
        if self.shadow is not None and prediction.piece is None:
            self.shadow.offer(prediction, output)
