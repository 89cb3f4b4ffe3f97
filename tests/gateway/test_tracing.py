"""W3C trace context through the gateway, and spans for OpenTelemetry."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ads.gateway.tracing import Tracing

from .conftest import DEPLOYMENT, eventually

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADER = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-0([01])")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"x",
        f"00-{TRACE}-{PARENT}".encode(),
        f"ff-{TRACE}-{PARENT}-01".encode(),
        f"00-{TRACE}-{PARENT}-01-more".encode(),
        f"00-{'0' * 32}-{PARENT}-01".encode(),
        f"00-{TRACE}-{'0' * 16}-01".encode(),
        f"00-{TRACE.upper()}-{PARENT}-01".encode(),
        f"00-{TRACE}-{PARENT}-01\r\nx: y".encode(),
    ],
)
def test_what_is_no_trace_begins_a_new_one(sent: bytes) -> None:
    found = Tracing().begin({b"traceparent": sent})
    assert HEADER.fullmatch(found.header.decode())
    assert (found.trace_id != TRACE.encode(), found.parent_id, found.sampled) == (True, b"", False)


def test_a_trace_is_continued_also_of_later_versions() -> None:
    for sent in (f"00-{TRACE}-{PARENT}-01", f"cc-{TRACE}-{PARENT}-09-what-will-be"):
        found = Tracing().begin({b"traceparent": sent.encode()})
        assert (found.trace_id, found.parent_id, found.sampled) == (TRACE.encode(), PARENT.encode(), True)
        assert found.span_id != PARENT.encode()


def answered(gateway: Any, **headers: str) -> tuple[str, str, dict[str, str]]:
    """Return trace and span of a prediction as its caller sees them, and the answer's headers."""
    _, found, told = gateway.predict(b"[1]", headers={"Content-Type": "application/json", **headers})
    match = HEADER.fullmatch(found["traceparent"])
    assert match is not None
    assert told["meta"]["traceparent"] == found["traceparent"]
    return match[1], match[2], found


def test_caller_replica_and_logs_have_the_same_ids(make_gateway: Any) -> None:
    gateway = make_gateway()
    gateway.deploy(("a",))
    trace_id, span_id, headers = answered(gateway)
    assert (trace_id, span_id) != (TRACE, PARENT)
    again, own, _ = answered(gateway, traceparent=f"00-{TRACE}-{PARENT}-01")
    assert (again, own != PARENT) == (TRACE, True)
    log = gateway.home.deployment(DEPLOYMENT) / "access.log"
    lines = eventually(lambda: log.exists() and log.read_text().count("\n") == 2 and log.read_text(), what="the log")
    first, second = map(json.loads, lines.splitlines())
    assert (first["traceId"], first["spanId"], first["requestId"]) == (trace_id, span_id, headers["opc-request-id"])
    assert (second["traceId"], second["spanId"]) == (TRACE, own)


def test_what_is_no_prediction_has_no_trace(shared: Any) -> None:
    with_trace = shared.connect().send(shared.head("content-length: 3") + b"[1]")
    assert "traceparent" in with_trace.answer()[1]
    with_trace.send(shared.head(method="GET", path="/metrics"))
    assert "traceparent" not in with_trace.answer()[1]


class Receiver(BaseHTTPRequestHandler):
    """Takes spans as OTLP over HTTP sends them."""

    spans: list[Any]
    resources: list[Any]

    def do_POST(self) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        data = self.rfile.read(int(self.headers["content-length"]))
        for resource in ExportTraceServiceRequest.FromString(data).resource_spans:
            type(self).resources.append(resource.resource)
            for scope in resource.scope_spans:
                type(self).spans.extend(scope.spans)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def receiver() -> Iterator[tuple[str, type[Receiver]]]:
    """An OTLP receiver: its address and what it got."""
    pytest.importorskip("opentelemetry.proto")
    kind = type("OwnReceiver", (Receiver,), {"spans": [], "resources": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", kind
    server.shutdown()
    thread.join()
    server.server_close()


def values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


def test_spans_go_where_the_endpoint_is(make_gateway: Any, receiver: tuple[str, type[Receiver]]) -> None:
    url, got = receiver
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    gateway = make_gateway(settings=settings)
    gateway.deploy(("a",))
    _, own, headers = answered(gateway, traceparent=f"00-{TRACE}-{PARENT}-01")
    eventually(lambda: len(got.spans) >= 3, what="the spans")
    found = {span.name: span for span in got.spans}
    request, queue, inference = found["POST predict"], found["queue"], found["inference"]
    assert {span.trace_id.hex() for span in got.spans} == {TRACE}
    assert (request.span_id.hex(), request.parent_span_id.hex()) == (own, PARENT)
    assert queue.parent_span_id == inference.parent_span_id == request.span_id
    assert values(request.attributes) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "url.path": f"/{DEPLOYMENT}/predict",
        "client.address": "127.0.0.1",
        "deployment.id": DEPLOYMENT,
        "model.name": "test",
        "openads.request.id": headers["opc-request-id"],
        "openads.tries": 1,
    }
    assert values(inference.attributes) == {"openads.replica.id": "a"}
    assert values(got.resources[0].attributes)["service.name"] == "openads"
    assert request.start_time_unix_nano <= queue.start_time_unix_nano <= queue.end_time_unix_nano
    assert queue.end_time_unix_nano <= inference.start_time_unix_nano + 1000
    assert inference.end_time_unix_nano <= request.end_time_unix_nano + 1000


def test_traces_that_are_not_sampled_are_not_sent_and_what_is_left_is_sent_at_the_end(
    make_gateway: Any, receiver: tuple[str, type[Receiver]]
) -> None:
    url, got = receiver
    gateway = make_gateway(settings={"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "60000"})
    gateway.deploy(("a",))
    _, _, headers = answered(gateway, traceparent=f"00-{TRACE}-{PARENT}-00")
    assert headers["traceparent"].endswith("-00")
    trace_id, _, headers = answered(gateway)
    assert headers["traceparent"].endswith("-01")
    gateway.process.terminate()
    assert gateway.process.wait(20) == 0
    assert {span.trace_id.hex() for span in got.spans} == {trace_id}


def test_a_receiver_that_is_not_there_harms_nobody(make_gateway: Any) -> None:
    gateway = make_gateway(
        settings={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_BSP_SCHEDULE_DELAY": "50"}
    )
    gateway.deploy(("a",))
    for number in range(5):
        assert gateway.predict([number])[0] == 200
