"""Spans of predictions for OpenTelemetry: the request, its wait, its inference.

Needs the extra ``openads[otel]``, and is on where ``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``…_TRACES_ENDPOINT``) is set;
the other ``OTEL_*`` variables count as they do everywhere. A thread makes the spans and another one sends them, so no
answer waits for either.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

from ads.gateway.tracing import Recorded, Recorder, Trace

__all__ = ["Spans", "recorder_of"]

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 0.5
_MOST_WAITING = 20_000
_MOST_MILLISECONDS = 2000
_FAULT = 500
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def recorder_of(variables: Mapping[str, str]) -> Recorder | None:
    """Return where spans go, None where nobody said so or the packages are missing."""
    if not any(variables.get(name) for name in _ENDPOINTS) or variables.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    if variables.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return None
    try:
        return Spans()
    except ImportError as error:
        logger.warning("no spans are exported: install openads[otel] (%s)", error)
        return None


class Spans:
    """A recorder that exports by OTLP over HTTP. :meth:`close` sends what is left, for at most two seconds."""

    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        names = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "openads"}
        self._ids = _ids()
        self._provider = TracerProvider(resource=Resource.create(names), id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("openads.gateway")
        self._waiting: deque[Recorded] = deque()
        self._dropped = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
        self._thread.start()

    def wants(self, trace: Trace) -> bool:
        """Ask the sampler that ``OTEL_TRACES_SAMPLER`` names."""
        found: Any = self._provider.sampler.should_sample(_parent(trace), int(trace.trace_id, 16), "predict")
        return bool(found.decision.is_sampled())

    def note(self, recorded: Recorded) -> None:
        """Have the spans of a request made."""
        if len(self._waiting) >= _MOST_WAITING:
            self._dropped += 1
        else:
            self._waiting.append(recorded)

    def close(self) -> None:
        """Send what is left."""
        self._over.set()
        self._thread.join(_MOST_MILLISECONDS / 1000)

    def _run(self) -> None:
        while not self._over.wait(_EVERY_SECONDS):
            self._make_all()
        self._make_all()
        self._provider.force_flush(_MOST_MILLISECONDS)

    def _make_all(self) -> None:
        while self._waiting:
            self._make(self._waiting.popleft())
        if self._dropped:
            logger.error("the spans of %d requests were dropped", self._dropped)
            self._dropped = 0

    def _make(self, one: Recorded) -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

        attributes: dict[str, Any] = {
            "http.request.method": one.method,
            "http.response.status_code": one.status,
            "url.path": one.path.partition("?")[0],
            "client.address": one.remote,
            "deployment.id": one.deployment_id,
            "model.name": one.model,
            "openads.request.id": one.request_id,
            "openads.tries": one.tries,
        }
        self._ids.give(one.trace)
        request = self._tracer.start_span(
            f"{one.method} predict", _parent(one.trace), SpanKind.SERVER, attributes, start_time=_ns(one.begin)
        )
        if one.status >= _FAULT:
            request.set_status(Status(StatusCode.ERROR))
        inside = set_span_in_context(request)
        if one.arrived:
            begun = one.sent or one.end
            self._child("queue", inside, one.arrived, begun, {})
            if one.sent:
                self._child("inference", inside, one.sent, one.end, {"openads.replica.id": one.replica_id})
        request.end(_ns(one.end))

    def _child(self, name: str, parent: Any, begin: float, end: float, attributes: dict[str, Any]) -> None:
        self._tracer.start_span(name, parent, attributes=attributes, start_time=_ns(begin)).end(_ns(end))


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)


def _parent(trace: Trace) -> Any:
    """Return the context that a request's span belongs to."""
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    if not trace.parent_id:
        return Context()
    flags = TraceFlags(TraceFlags.SAMPLED if trace.sampled else TraceFlags.DEFAULT)
    parent = SpanContext(int(trace.trace_id, 16), int(trace.parent_id, 16), is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(parent), Context())


def _ids() -> Any:
    """Return a maker of ids that gives a request's span the ids that the replica and the logs have."""
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class _Ids(RandomIdGenerator):
        def __init__(self) -> None:
            self._next: Trace | None = None

        def give(self, trace: Trace) -> None:
            self._next = trace

        def generate_trace_id(self) -> int:
            return int(self._next.trace_id, 16) if self._next is not None else super().generate_trace_id()

        def generate_span_id(self) -> int:
            given, self._next = self._next, None
            return int(given.span_id, 16) if given is not None else super().generate_span_id()

    return _Ids()
