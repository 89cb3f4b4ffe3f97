"""Predictions from the head of a request to the deployment's pool: admitted or refused before the body is read."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ads.gateway.answer import Refusal, error_body
from ads.gateway.asked import Asked, asked_of
from ads.gateway.authentication import Authentication, check_digest
from ads.gateway.body_buffer import too_large
from ads.gateway.frames import Input
from ads.gateway.limits import Limits
from ads.gateway.metrics import Gauges, Metrics, of_control, render
from ads.gateway.pool import Pool, Prediction
from ads.gateway.rates import Rates
from ads.gateway.replica import Replica
from ads.gateway.request import RequestHead
from ads.gateway.router import Place
from ads.gateway.signals import signals_line
from ads.gateway.tables import DeploymentRoute, Tables
from ads.gateway.tracing import NO_TRACE, Trace
from ads.home import Home, open_regular
from ads.identity.verifier import Identity, Verifier

__all__ = ["Admission", "Predictions", "Stream", "load_seconds"]

logger = logging.getLogger(__name__)

_SUPERVISOR_SECONDS = 10.0
_LATE = error_body("GatewayTimeout", "The prediction took longer than the request allows.")
_ANY_MODEL = "model"
_LARGEST_STATUS = 1024 * 1024
_ADMITTED_SECONDS = 1.0
_MOST_ADMITTED = 512


@dataclass(frozen=True, slots=True)
class Admission:
    """A prediction whose body may be read, up to ``max_body_bytes``."""

    identity: Identity
    pool: Pool
    max_body_bytes: int
    asked: Asked


@dataclass(frozen=True, slots=True)
class _Admitted:
    admission: Admission
    verifier: Verifier | None
    until: float


@dataclass(frozen=True, slots=True)
class Stream:
    """That an answer is wanted in pieces: ``events`` or ``lines``, and who takes them."""

    mode: str
    piece: Callable[[bytes], None]


class Predictions:
    """All deployments that this gateway knows, each with its pool."""

    def __init__(self, home: Home, limits: Limits, clock: Callable[[], float]) -> None:
        self._home = home
        self._limits = limits
        self._clock = clock
        self._pools: dict[str, Pool] = {}
        self._leaving: list[Pool] = []
        self._admitted: dict[RequestHead, _Admitted] = {}
        self._orders: set[asyncio.Task[None]] = set()
        self._to_kill: list[str] = []
        self.call: Callable[[], None] = lambda: None
        """Called when a request came for a deployment that has no replica at the moment."""
        self.tables = Tables(home, self._follow)
        self.metrics = Metrics()
        self.rates = Rates(limits.rate_limit, limits.rate_limit_per_token, clock)
        self.authentication = Authentication(self.tables, clock, limits)

    @property
    def idle(self) -> bool:
        """Whether no prediction waits or is in flight."""
        return all(pool.idle for pool in (*self._pools.values(), *self._leaving))

    @property
    def pools(self) -> Mapping[str, Pool]:
        """Each deployment that the table has, by its id."""
        return self._pools

    def admit(self, head: RequestHead, place: Place, remote: str = "") -> Admission:
        """Return where the prediction goes. Raises Refusal, credentials first: a stranger learns nothing else."""
        known = self._admitted.get(head)
        if known is not None and known.verifier is self.tables.verifier and self._clock() < known.until:
            if self.rates.limiting:
                self._limit(known.admission.pool, known.admission.identity)
            return known.admission
        identity = self.authentication.identify(head, remote)
        if head.method != b"POST":
            raise Refusal(405, "MethodNotAllowed", "Predictions are made with POST.")
        pool = self._pool(identity, place)
        asked = asked_of(head, place)
        if head.content_length is None and not head.chunked:
            raise Refusal(411, "LengthRequired", "A prediction needs a Content-Length.")
        largest = pool.route.max_body_bytes
        if head.content_length is not None and head.content_length > largest:
            raise too_large(largest)
        self._limit(pool, identity)
        admission = Admission(identity, pool, largest, asked)
        self._remember(head, admission)
        return admission

    def _limit(self, pool: Pool, identity: Identity) -> None:
        """Return when the deployment and the caller may have one more prediction. Raises Refusal, counted."""
        try:
            self.rates.admit(pool.route.id, identity.principal)
        except Refusal as refusal:
            pool.metrics.codes[refusal.status] += 1
            refusal.counted = True
            refusal.principal = identity.principal
            raise

    def _remember(self, head: RequestHead, admission: Admission) -> None:
        """Admit the next request with the very same head at once, for a second or until the tables change.

        A signed one is never remembered: its date makes it another one each time.
        """
        expires = admission.identity.permissions.scope.expires
        if admission.identity.body_sha256 is not None or (expires is not None and expires < time.time() + 1.0):
            return
        if len(self._admitted) >= _MOST_ADMITTED:
            self._admitted.clear()
        self._admitted[head] = _Admitted(admission, self.tables.verifier, self._clock() + _ADMITTED_SECONDS)

    def find(self, head: RequestHead, place: Place, remote: str = "") -> tuple[Identity, Pool]:
        """Return who asks, and the deployment that they ask about and may use. Raises Refusal."""
        identity = self.authentication.identify(head, remote)
        return identity, self._pool(identity, place)

    def named(self, place: Place) -> list[Pool]:
        """Return the deployments that a request names, whoever sent it."""
        if place.deployment_id:
            pool = self._pools.get(place.deployment_id)
            return [pool] if pool is not None else []
        return [pool for pool in self._pools.values() if pool.route.name == place.model]

    def _pool(self, identity: Identity, place: Place) -> Pool:
        if self.tables.routes is None:
            raise Refusal(503, "ServiceUnavailable", "The service is starting. Try again later.", retry_after=1)
        named = self.named(place)
        found = [pool for pool in named if pool.route.serving and self.authentication.may_use(identity, pool.route)]
        if not found:
            raise Refusal(404, "NotAuthorizedOrNotFound", "There is no active deployment with this id.")
        if len(found) > 1:
            raise Refusal(409, "IncorrectState", "Several deployments have this name: use the id of one.")
        route = found[0].route
        if place.below or place.model not in ("", _ANY_MODEL, route.name, route.id):
            raise Refusal(404, "NotFound", "The deployment has nothing at this path.")
        return found[0]

    def folder(self, deployment_id: str) -> Path:
        """Return the folder of a deployment that is known here."""
        return self._home.deployment(deployment_id)

    def metrics_text(self, head: RequestHead, remote: str = "") -> bytes:
        """Return all metrics for Prometheus. Raises Refusal without a credential, for other methods and for a body."""
        self.authentication.require_inspection(self.authentication.identify(head, remote))
        if head.method not in {b"GET", b"HEAD"}:
            raise Refusal(405, "MethodNotAllowed", "Metrics are read with GET.")
        if head.has_body:
            raise Refusal(400, "InvalidParameter", "Metrics are asked without a body.")
        own = render(self.metrics, {deployment_id: self._gauges(pool) for deployment_id, pool in self._pools.items()})
        return own + of_control(self._home.control_metrics_file, time.time())

    def _gauges(self, pool: Pool) -> Gauges:
        folder = self._home.deployment(pool.route.id)
        times = [load_seconds(folder / replica.id / "status.json") for replica in pool.route.replicas]
        return Gauges(
            pool.queue_depth,
            pool.inflight,
            pool.replicas_by_state,
            max((seconds for seconds in times if seconds is not None), default=None),
        )

    def start(
        self,
        head: RequestHead,
        admission: Admission,
        body: bytes,
        request_id: bytes,
        reply: Callable[[int, bytes, int], None],
        stream: Stream | None = None,
        trace: Trace = NO_TRACE,
    ) -> Prediction:
        """Have the prediction made, its answer whole or as a stream of pieces.

        Raises Refusal for an empty body, or one that is not what was signed.
        """
        if admission.identity.body_sha256 is not None:
            check_digest(admission.identity, body)
        if not body:
            raise Refusal(400, "CannotParseRequest", "The body is empty.")
        asked = admission.asked
        if trace.trace_id:
            meta = b'{"request_id":"%b","traceparent":"%b"%b}' % (request_id, trace.header, asked.meta)
        else:
            meta = b'{"request_id":"%b"%b}' % (request_id, asked.meta)
        if stream is not None:
            meta = b'%s,"stream":"%s"}' % (meta[:-1], stream.mode.encode())
        deadline = None
        if asked.timeout:
            reply = deadline = _Deadline(asked.timeout, reply)
        item = tuple.__new__(Input, (asked.kind, meta, body))
        prediction = Prediction(item, self._clock(), reply, stream.piece if stream else None)
        if deadline is not None:
            deadline.begin(prediction)
        if self.rates.limiting:
            self.rates.spend(admission.pool.route.id, len(body))
        admission.pool.submit(prediction, head.fields)
        return prediction

    def sweep(self, now: float) -> None:
        """Enforce the time limits."""
        for pool in (*self._pools.values(), *self._leaving):
            pool.sweep(now)
        self._leaving = [pool for pool in self._leaving if not pool.idle]

    def drain(self) -> None:
        """Finish what is there; nothing new comes."""
        for pool in self._pools.values():
            pool.drain()

    def close(self) -> None:
        """Let go of every replica."""
        self._follow({})

    def _follow(self, routes: dict[str, DeploymentRoute]) -> None:
        self._admitted.clear()
        for deployment_id, pool in list(self._pools.items()):
            if deployment_id not in routes:
                del self._pools[deployment_id]
                pool.close()
                self._leaving.append(pool)
                self.metrics.forget(deployment_id)
                self.rates.forget(deployment_id)
        for deployment_id, route in routes.items():
            self.rates.follow(deployment_id, route.rate_limit, route.bandwidth_mbps)
            known = self._pools.get(deployment_id)
            if known is None:
                self._pools[deployment_id] = Pool(
                    route, self._limits, self._clock, self._replace, self.metrics.of(deployment_id), self._call
                )
            elif known.route != route:
                known.update(route)

    def _call(self) -> None:
        self.call()

    def signals(self) -> bytes:
        """Return what the control plane is told of all deployments."""
        kill, self._to_kill = self._to_kill, []
        return signals_line(self._pools, kill)

    def _replace(self, replica: Replica) -> None:
        logger.error("replica %s exceeded the time limit and is killed", replica.id)
        if replica.socket.startswith("tcp:"):  # no process of this machine: whoever leads knows where it runs
            self._to_kill.append(replica.id)
            self._call()
            replica.release()
            return
        task = asyncio.get_running_loop().create_task(self._order_kill(replica))
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)

    async def _order_kill(self, replica: Replica) -> None:
        try:
            await asyncio.wait_for(self._order({"op": "kill", "name": f"replica/{replica.id}"}), _SUPERVISOR_SECONDS)
        except (OSError, asyncio.TimeoutError, ValueError) as error:
            logger.error("the supervisor could not be asked to kill replica %s: %r", replica.id, error)  # noqa: TRY400
        finally:
            replica.release()

    async def _order(self, order: dict[str, str]) -> None:
        reader, writer = await asyncio.open_unix_connection(str(self._home.supervisor_socket))
        try:
            writer.write(json.dumps(order).encode() + b"\n")
            answer = json.loads(await reader.readline())
            if not answer.get("ok"):
                logger.error("the supervisor refused %s: %s", order, answer.get("error"))
        finally:
            writer.close()


class _Deadline:
    """A reply that comes in time: 504 when the answer doesn't."""

    def __init__(self, seconds: float, reply: Callable[[int, bytes, int], None]) -> None:
        self._seconds = seconds
        self._reply = reply
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, prediction: Prediction) -> None:
        """Let the time run."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._seconds, prediction.answer, 504, _LATE)

    def __call__(self, status: int, body: bytes, retry_after: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._reply(status, body, retry_after)


def load_seconds(path: Path) -> float | None:
    """Return how long a replica took to import score.py and load the model, None as long as it has not."""
    try:
        with open_regular(path) as file:  # the replica's own folder: what it puts there is not to be trusted
            stages = json.loads(file.read(_LARGEST_STATUS))["stages"]
        times = {stage["name"]: float(stage["seconds"]) for stage in stages}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return times.get("import", 0.0) + times["load"] if "load" in times else None
