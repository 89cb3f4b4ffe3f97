"""What is kept of an answered prediction: counts, a line of the log, and where somebody asks, spans and the request."""

from __future__ import annotations

import time
from random import random
from typing import TYPE_CHECKING, NamedTuple

from ads.deploy.capture import CapturePolicy
from ads.gateway.access_log import Access
from ads.gateway.answer import Refusal
from ads.gateway.capture import Captured
from ads.gateway.pool import Prediction
from ads.gateway.request import RequestHead
from ads.gateway.router import Place
from ads.gateway.tracing import Recorded, Trace

if TYPE_CHECKING:
    from ads.gateway.door import Door
    from ads.gateway.predictions import Admission

__all__ = ["Answered", "note_answered", "note_refused"]

_LOGGED = frozenset({401, 429})


class Answered(NamedTuple):
    """One answered prediction. ``prediction`` is None where the caller was refused after its body was read."""

    head: RequestHead
    admission: Admission
    prediction: Prediction | None
    request_id: bytes
    trace: Trace
    remote: str
    status: int
    arrived: float
    bytes_in: int
    bytes_out: int
    answer: bytes


def note_answered(door: Door, one: Answered) -> None:
    """Count and log the prediction."""
    seconds = door.clock() - one.arrived
    pool, prediction = one.admission.pool, one.prediction
    pool.metrics.codes[one.status] += 1
    pool.metrics.request.observe(seconds)
    if door.predictions.rates.limiting:
        door.predictions.rates.spend(pool.route.id, one.bytes_out)
    sent = prediction.sent if prediction is not None else 0.0
    door.access_log.note(
        tuple.__new__(
            Access,
            (
                pool.route.id,
                time.time() - seconds,
                one.request_id,
                one.admission.identity.principal,
                one.remote,
                one.head.method,
                one.head.target,
                one.status,
                one.bytes_in,
                one.bytes_out,
                seconds,
                sent - prediction.arrived if prediction is not None and sent else 0.0,
                prediction.replica_id if prediction is not None else "",
                prediction.tries if prediction is not None else 0,
                one.trace,
                0,
            ),
        )
    )
    policy = pool.route.capture
    if policy is not None and prediction is not None and random() < policy.sample:  # noqa: S311 - it hides nothing
        _capture(door, one, policy, prediction, seconds)
    if one.trace.sampled and door.tracing.recorder is not None:
        door.tracing.recorder.note(_recorded(door, one, seconds))


def note_refused(door: Door, head: RequestHead, place: Place, refusal: Refusal, request_id: bytes, remote: str) -> None:
    """Log who was kept out at the door, 401 and 429, where it is clear which deployment was meant."""
    if refusal.status not in _LOGGED:
        return
    pools = door.predictions.named(place)
    if len(pools) != 1:
        return
    door.access_log.note_refused(
        Access(
            deployment_id=pools[0].route.id,
            time=time.time(),
            request_id=request_id,
            principal=refusal.principal,
            remote=remote,
            method=head.method,
            path=head.target,
            status=refusal.status,
            bytes_in=0,
            bytes_out=len(refusal.body),
            seconds=0.0,
            queue_seconds=0.0,
            replica_id="",
            tries=0,
        )
    )


def _capture(door: Door, one: Answered, policy: CapturePolicy, prediction: Prediction, seconds: float) -> None:
    door.capture.note(
        Captured(
            deployment_id=one.admission.pool.route.id,
            policy=policy,
            time=time.time() - seconds,
            request_id=one.request_id.decode(),
            trace_id=one.trace.trace_id.decode(),
            principal=one.admission.identity.principal,
            status=one.status,
            seconds=seconds,
            replica_id=prediction.replica_id,
            kind=prediction.input.kind,
            content_type=one.head.fields.get(b"content-type", b"").decode("latin-1")[:200],
            body=prediction.input.body,
            answer=one.answer,
        )
    )


def _recorded(door: Door, one: Answered, seconds: float) -> Recorded:
    prediction = one.prediction
    end = time.time()
    to_unix = end - door.clock()
    return Recorded(
        trace=one.trace,
        deployment_id=one.admission.pool.route.id,
        model=one.admission.pool.route.name,
        request_id=one.request_id.decode(),
        method=one.head.method.decode(),
        path=one.head.target.decode("latin-1"),
        remote=one.remote,
        status=one.status,
        begin=end - seconds,
        arrived=prediction.arrived + to_unix if prediction is not None else 0.0,
        sent=prediction.sent + to_unix if prediction is not None and prediction.sent else 0.0,
        end=end,
        replica_id=prediction.replica_id if prediction is not None else "",
        tries=prediction.tries if prediction is not None else 0,
    )
