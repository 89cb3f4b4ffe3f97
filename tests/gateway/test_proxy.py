"""What is not a prediction goes to control and comes back, whole and at the slower side's pace."""

import contextlib
import hashlib
import json
import threading
import time

LIVE = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"


def test_requests_arrive_untouched(shared_with_control):
    gateway = shared_with_control
    path = "/20190101/models?displayName=a%2Fb%20c&x=%C3%A4"
    headers = {"X-Custom": "value", "X-Forwarded-For": "1.2.3.4", "Opc-Request-Id": "mine"}
    status, answer, body = gateway.request("PUT", path, b"hello", headers)
    assert status == 200
    assert (body["method"], body["target"], body["size"]) == ("PUT", path, 5)
    assert body["headers"]["x-custom"] == "value"
    assert body["headers"]["authorization"] == "Bearer the-token"
    assert "x-forwarded-for" not in body["headers"]
    assert answer["opc-request-id"].startswith("mine/")
    assert "server" not in answer


def test_without_credentials_it_is_controls_to_refuse(shared_with_control):
    assert shared_with_control.request("GET", "/anything", token=None)[0] == 200


def test_chunked_both_ways(shared_with_control):
    wire = shared_with_control.connect()
    head = shared_with_control.head("transfer-encoding: chunked", path="/x")
    wire.send(head + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n" + LIVE)
    body = json.loads(wire.answer()[2])
    assert body["sha256"] == hashlib.sha256(b"hello world").hexdigest()
    assert wire.answer()[0] == 200
    wire.send(shared_with_control.head(path="/chunks", method="GET"))
    status, headers, content = wire.answer()
    assert (status, content) == (200, b"".join(b"chunk %d;" % number for number in range(5)))
    assert headers["opc-request-id"] == "controls"


def test_keep_alive_and_pipelining_across_both(shared_with_control):
    gateway = shared_with_control
    wire = gateway.connect()
    control = gateway.head("content-length: 2", path="/a") + b"ab"
    predict = gateway.head("content-length: 1") + b"7"
    wire.send(control + predict + LIVE + control)
    assert json.loads(wire.answer()[2])["size"] == 2
    assert json.loads(wire.answer()[2])["echo"] == 7
    assert json.loads(wire.answer()[2]) == {"status": "live"}
    assert json.loads(wire.answer()[2])["size"] == 2


def test_large_uploads_and_downloads(shared_with_control):
    data = bytes(range(256)) * 4096 * 64  # 64 MiB
    _, _, body = shared_with_control.request("POST", "/upload", data)
    assert (body["size"], body["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    with contextlib.closing(shared_with_control.http()) as connection:
        connection.request("GET", "/size?67108864")
        assert len(connection.getresponse().read()) == 67108864


def test_memory_stays_flat_when_the_client_reads_slowly(make_gateway, start_control):
    import psutil

    gateway = make_gateway()
    start_control(gateway)
    process = psutil.Process(gateway.process.pid)
    before = process.memory_info().rss
    wire = gateway.connect().send(gateway.head(path="/size?500000000", method="GET"))
    deadline = time.monotonic() + 1.5
    while time.monotonic() < deadline:
        assert process.memory_info().rss < before + 50_000_000
        time.sleep(0.05)
    assert len(wire.answer()[2]) == 500000000


def test_empty_answers_and_head(shared_with_control):
    with contextlib.closing(shared_with_control.http()) as connection:
        connection.request("DELETE", "/empty")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (204, b"")
        connection.request("HEAD", "/size?5")
        answer = connection.getresponse()
        assert (answer.headers["content-length"], answer.read()) == ("5", b"")
        connection.request("GET", "/x")
        assert connection.getresponse().status == 200


def test_an_early_answer_reaches_a_client_that_still_sends(shared_with_control):
    for _ in range(5):
        wire = shared_with_control.connect().send(shared_with_control.head("content-length: 50000000", path="/early"))
        with contextlib.suppress(OSError):
            for _ in range(50):
                wire.send(b"x" * 1_000_000)
        status, headers, _ = wire.answer()
        assert (status, headers["connection"]) == (401, "close")


def test_expect_continue_is_controls_decision(shared_with_control):
    wire = shared_with_control.connect()
    wire.send(shared_with_control.head("content-length: 3", "expect: 100-continue", path="/x"))
    assert wire.answer()[0] == 100
    assert json.loads(wire.send(b"abc").answer()[2])["size"] == 3
    wire.send(shared_with_control.head("content-length: 3", "expect: 100-continue", path="/early"))
    assert wire.answer()[0] == 401


def test_without_control_503(make_gateway):
    shared = make_gateway()
    status, headers, body = shared.request("GET", "/20190101/models")
    assert (status, headers["retry-after"], body["code"]) == (503, "1", "ServiceUnavailable")
    wire = shared.connect().send(shared.head("content-length: 2", path="/a") + b"ab" + LIVE)
    assert wire.answer()[0] == 503
    assert wire.answer()[0] == 200
    wire = shared.connect().send(shared.head("content-length: 2000000", path="/a") + b"ab")
    assert wire.answer()[0] == 503
    assert wire.closed()


def test_control_coming_back_is_found(make_gateway, start_control):
    gateway = make_gateway()
    assert gateway.request("GET", "/x")[0] == 503
    control = start_control(gateway)
    assert gateway.request("GET", "/x")[0] == 200
    control.stop()
    assert gateway.request("GET", "/x")[0] == 503
    start_control(gateway)
    assert gateway.request("GET", "/x")[0] == 200


def test_who_comes_while_control_starts_waits_for_it(make_gateway, start_control):
    gateway = make_gateway(control_seconds=60)
    wire = gateway.connect().send(gateway.head("content-length: 2", path="/x") + b"ab")
    leaves = gateway.connect().send(gateway.head("content-length: 2", path="/x") + b"ab")
    leaves.close()
    assert gateway.request("GET", "/health/live")[0] == 200
    start_control(gateway)
    status, _, body = wire.answer()
    assert (status, json.loads(body)["size"]) == (200, 2)


def test_broken_chunks_never_reach_control_as_whole(shared_with_control):
    wire = shared_with_control.connect()
    wire.send(shared_with_control.head("transfer-encoding: chunked", path="/x") + b"5\r\nhello\r\nzz\r\n")
    assert wire.answer()[0] == 400
    assert wire.closed()


def test_a_stalled_upload_is_cut_off(make_gateway, start_control):
    gateway = make_gateway(stall_seconds=0.5)
    start_control(gateway)
    wire = gateway.connect().send(gateway.head("content-length: 100", path="/x") + b"a")
    assert wire.answer()[0] == 408


def test_a_client_that_leaves_ends_its_exchange(shared_with_control):
    threads = threading.active_count()
    for _ in range(20):
        wire = shared_with_control.connect().send(shared_with_control.head("content-length: 100", path="/x") + b"a")
        wire.close()
    assert shared_with_control.request("GET", "/x")[0] == 200
    assert threading.active_count() <= threads + 1
