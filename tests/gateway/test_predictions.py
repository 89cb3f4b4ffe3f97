"""Predictions through a real gateway and real replicas."""

import contextlib
import json
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

DEPLOYMENT = "ocid1.datasciencemodeldeployment.oc1.local." + "a" * 60
UNKNOWN = "ocid1.datasciencemodeldeployment.oc1.local." + "b" * 60


def test_a_prediction_is_the_replicas_answer(shared):
    status, headers, body = shared.predict([1, 2])
    assert status == 200
    assert body["echo"] == [1, 2]
    assert headers["content-type"] == "application/json"
    assert body["meta"]["request_id"] == headers["opc-request-id"]
    assert "server" not in headers


def test_callers_request_id_comes_back_cleaned(shared):
    _, headers, _ = shared.predict(1, headers={"opc-request-id": 'abc"<1>'})
    assert headers["opc-request-id"].startswith("abc1/")
    other = shared.predict(1, headers={"opc-request-id": "abc1"})[1]
    assert other["opc-request-id"] != headers["opc-request-id"]


def test_body_kinds(shared):
    assert shared.predict([1], headers={"Content-Type": "application/json; charset=utf-8"})[2]["echo"] == [1]
    assert shared.predict([1], headers={"Content-Type": "APPLICATION/JSON"})[2]["echo"] == [1]
    wire = shared.connect().send(shared.head("content-length: 3") + b"[1]")
    assert json.loads(wire.answer()[2])["echo"] == [1]
    _, _, body = shared.predict(b"\0\1\2", headers={"Content-Type": "application/octet-stream"})
    assert body["bytes"] == 3
    assert body["meta"]["content_type"] == "application/octet-stream"


def test_replicas_errors_pass_through(shared):
    status, _, body = shared.predict(b"{")
    assert (status, body["code"]) == (400, "CannotParseRequest")
    assert shared.predict({"status": 500})[0] == 500
    assert shared.predict({"status": 999})[0] == 500


def test_refusals(shared):
    assert shared.predict([1], token=None)[0] == 401
    for wrong in ("the-toke", "the-tokenx", "THE-TOKEN"):
        status, headers, body = shared.predict([1], token=wrong)
        assert (status, body["code"]) == (401, "NotAuthenticated")
        assert "opc-request-id" in headers
    status, _, body = shared.predict([1], deployment=UNKNOWN)
    assert (status, body["code"]) == (404, "NotAuthorizedOrNotFound")
    assert shared.predict([1], deployment=UNKNOWN, token="wrong")[0] == 401
    status, _, body = shared.predict(b"")
    assert (status, body["code"]) == (400, "CannotParseRequest")
    assert shared.request("POST", f"/{DEPLOYMENT}/predict/v1/x", b"[1]")[0] == 404
    status, _, body = shared.request("GET", "/health/live?x", token=None)
    assert (status, body) == (200, {"status": "live"})
    assert shared.request("GET", "/health/ready", token=None)[0] == 200


def test_other_methods_are_405(shared):
    for method in ("GET", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"):
        status, _, body = shared.request(method, f"/{DEPLOYMENT}/predict")
        assert (status, body["code"]) == (405, "MethodNotAllowed")
    wire = shared.connect().send(shared.head(method="HEAD") + shared.head("content-length: 1") + b"1")
    wire.file.readline()
    while wire.file.readline() != b"\r\n":
        pass
    assert wire.answer()[0] == 200  # a HEAD has no body, the next answer follows


def test_not_serving_is_404(make_gateway):
    gateway = make_gateway()
    gateway.deploy(("a",))
    assert gateway.predict([1])[0] == 200
    assert gateway.deploy(("a",), serving=False) == 1
    assert gateway.predict([1])[0] == 404


def test_exactly_ten_mebibytes_pass_and_one_more_byte_does_not(shared):
    exact = b'"' + b"x" * (10 * 1024 * 1024 - 2) + b'"'
    status, _, body = shared.predict(exact)
    assert status == 200
    assert len(body["echo"]) == len(exact) - 2
    wire = shared.connect().send(shared.head("content-length: 10485761"))
    status, headers, _ = wire.answer()  # before a byte of the body
    assert (status, headers["connection"]) == (413, "close")
    assert wire.closed()


def test_too_much_in_chunks_is_413(shared):
    wire = shared.connect().send(shared.head("transfer-encoding: chunked"))
    chunk = b"100000\r\n" + b"1" * 0x100000 + b"\r\n"
    with contextlib.suppress(OSError):
        for _ in range(11):
            wire.send(chunk)
    assert wire.answer()[0] == 413
    assert shared.alive()


def test_expect_continue(shared):
    wire = shared.connect().send(shared.head("content-length: 3", "expect: 100-continue"))
    assert wire.answer()[0] == 100
    assert wire.send(b"[1]").answer()[0] == 200
    wire = shared.connect().send(shared.head("content-length: 11000000", "expect: 100-continue"))
    assert wire.answer()[0] == 413
    assert shared.connect().send(shared.head("content-length: 3", "expect: a-miracle")).answer()[0] == 417


def test_signed_requests(make_gateway, signer):
    entry, signed = signer
    gateway = make_gateway()
    gateway.deploy()
    gateway.publish_identities(keys=[entry])
    host = f"{gateway.address[0]}:{gateway.address[1]}"
    body = b'{"data":[1]}'
    headers = signed("POST", f"/{DEPLOYMENT}/predict", body, host)
    assert gateway.predict(body, headers=headers, token=None)[0] == 200
    assert gateway.predict(b'{"data":[2]}', headers=headers, token=None)[0] == 401
    assert gateway.predict(body, deployment=UNKNOWN, headers=headers, token=None)[0] == 401
    gateway.publish_identities(keys=[])
    assert gateway.predict(body, headers=headers, token=None)[0] == 401


def test_credentials_are_followed(make_gateway):
    gateway = make_gateway()
    gateway.deploy()
    assert gateway.predict(1)[0] == 200
    gateway.publish_identities(tokens=("another",))
    assert gateway.predict(1)[0] == 401
    assert gateway.predict(1, token="another")[0] == 200


def test_a_killed_replica_costs_no_request(make_gateway):
    gateway = make_gateway()
    gateway.deploy(("a", "b"))
    stop = threading.Event()
    wrong = []

    def stream(number):
        count = 0
        while not stop.is_set():
            value = [number, count]
            status, _, body = gateway.predict({"value": value, "sleep": 0.002})
            if status != 200 or body["echo"]["value"] != value:
                wrong.append((status, body))
            count += 1
        return count

    with ThreadPoolExecutor(4) as clients:
        counts = [clients.submit(stream, number) for number in range(4)]
        for turn in range(6):
            name = "ab"[turn % 2]
            time.sleep(0.1)  # let requests be in flight
            gateway.replicas[name].send_signal(signal.SIGKILL)
            gateway.replicas[name].wait()
            gateway.start_replica(name)
            time.sleep(0.2)
        stop.set()
        total = sum(count.result() for count in counts)
    assert wrong == []
    assert total > 50


def test_killed_in_the_middle_is_answered_by_the_other(make_gateway, tmp_path):
    gateway = make_gateway()
    gateway.deploy(("a", "b"))
    note = tmp_path / "note"
    while not note.exists() or "a" not in note.read_text().split():
        status, _, body = gateway.predict({"die": "a", "note": str(note)})
        assert (status, body["replica"]) == (200, "b")


def test_a_poisonous_request_kills_two_replicas_and_not_a_third(make_gateway, tmp_path):
    gateway = make_gateway()
    gateway.deploy(("a", "b", "c"))
    note = tmp_path / "note"
    status, headers, body = gateway.predict({"die": True, "note": str(note)})
    assert (status, body["code"]) == (503, "ServiceUnavailable")
    assert int(headers["retry-after"]) > 0
    assert len(note.read_text().split()) == 2
    assert gateway.predict([1])[0] == 200


def test_no_replica_at_all(make_gateway):
    gateway = make_gateway(queue_seconds=0.3)
    gateway.deploy(("a",), start=False)
    status, headers, _ = gateway.predict([1])
    assert (status, headers["retry-after"]) == (503, "1")


def test_a_request_waits_for_the_replica_to_come_back(make_gateway):
    gateway = make_gateway()
    gateway.deploy(("a",))
    gateway.replicas["a"].kill()
    gateway.replicas["a"].wait()
    with ThreadPoolExecutor(1) as client:
        answer = client.submit(gateway.predict, [1])
        gateway.start_replica("a")
        assert answer.result()[0] == 200


def test_the_queue_is_bounded(make_gateway):
    gateway = make_gateway(queue_items=2)
    gateway.deploy(("a",))
    with ThreadPoolExecutor(6) as clients:
        answers = list(clients.map(gateway.predict, [{"sleep": 0.5}] * 6))
    statuses = sorted(status for status, _, _ in answers)
    assert statuses.count(503) >= 2
    assert statuses.count(200) >= 3 - 1
    assert all("retry-after" in headers for status, headers, _ in answers if status == 503)


def test_a_hanging_replica_is_killed_through_the_supervisor(make_gateway):
    import socket

    gateway = make_gateway()
    orders = []
    supervisor = socket.socket(socket.AF_UNIX)
    supervisor.bind(str(gateway.home.supervisor_socket))
    supervisor.listen()

    def supervise():
        connection, _ = supervisor.accept()
        with connection, connection.makefile("rb") as file:
            orders.append(json.loads(file.readline()))
            gateway.replicas["a"].kill()
            gateway.replicas["a"].wait()
            connection.sendall(b'{"ok": true}\n')
        gateway.start_replica("a")

    thread = threading.Thread(target=supervise)
    thread.start()
    gateway.deploy(("a",), timeout_seconds=0.5)
    status, _, body = gateway.predict({"sleep": 30})
    assert (status, body["code"]) == (504, "GatewayTimeout")
    thread.join(10)
    assert orders == [{"op": "kill", "name": "replica/a"}]
    assert gateway.predict([1])[0] == 200
    supervisor.close()


def test_one_deployment_waits_without_the_other(make_gateway):
    gateway = make_gateway()
    gateway.deploy(("a",))
    gateway.deploy(("b",), deployment=UNKNOWN)
    with ThreadPoolExecutor(1) as client:
        slow = client.submit(gateway.predict, {"sleep": 4.0})
        assert gateway.predict([1], deployment=UNKNOWN)[2]["replica"] == "b"
        assert not slow.done()
        assert slow.result()[0] == 200


def test_large_answers(shared):
    status, _, body = shared.predict({"size": 20_000_000})
    assert status == 200
    assert len(body) == 20_000_000


def test_access_log(make_gateway, eventually):
    gateway = make_gateway()
    gateway.deploy()
    _, headers, _ = gateway.predict([1])
    log = gateway.home.deployment(DEPLOYMENT) / "access.log"
    line = json.loads(eventually(lambda: log.exists() and log.read_text()))
    assert line["status"] == 200
    assert line["requestId"] == headers["opc-request-id"]
    assert line["replica"] == "a"
    assert "the-token" not in log.read_text()


def test_a_broken_table_leaves_the_last_good_one(make_gateway):
    from ads.gateway_notice import notify_gateways

    gateway = make_gateway()
    gateway.deploy()
    gateway.home.routes_file.write_text('{"deployments": [{"id"')
    gateway.home.identities_file.write_text("[]")
    assert notify_gateways(gateway.home) == 1
    assert gateway.predict([1])[0] == 200
    gateway.home.routes_file.unlink()
    gateway.home.identities_file.unlink()
    assert notify_gateways(gateway.home) == 1
    assert gateway.predict([1])[0] == 200


def test_without_tables_nothing_is_decided(make_gateway):
    gateway = make_gateway(start=False)
    gateway.home.identities_file.unlink()
    gateway.start()
    assert gateway.request("GET", "/health/ready", token=None)[0] == 503
    assert gateway.predict([1])[0] == 503
    gateway.publish_identities()
    assert gateway.predict([1])[0] == 503
    gateway.deploy()
    assert gateway.predict([1])[0] == 200


def test_tables_are_noticed_without_a_notice(make_gateway, eventually):
    gateway = make_gateway()
    gateway.deploy()
    assert gateway.predict([1])[0] == 200
    gateway.home.routes_file.write_text('{"generation": 99, "deployments": []}')
    eventually(lambda: gateway.predict([1])[0] == 404)


def test_sigterm_finishes_what_is_in_flight(make_gateway):
    gateway = make_gateway()
    gateway.deploy()
    with ThreadPoolExecutor(1) as client:
        slow = client.submit(gateway.predict, {"sleep": 1.0})
        time.sleep(0.3)  # the request is with the replica
        gateway.process.send_signal(signal.SIGTERM)
        assert slow.result()[0] == 200
    assert gateway.process.wait(10) == 0
    assert not list(gateway.home.gateways.iterdir())


def test_a_new_gateway_takes_over_the_socket(make_gateway):
    gateway = make_gateway()
    gateway.deploy()
    gateway.process.kill()
    gateway.process.wait()
    waiting = gateway.connect().send(gateway.head("content-length: 1") + b"1")  # not refused: it waits in the socket
    gateway.start()
    assert waiting.answer()[0] == 200
    assert len(list(gateway.home.gateways.iterdir())) == 1


def test_large_bodies_together_are_bounded(make_gateway):
    gateway = make_gateway(held_bytes=15_000_000)
    gateway.deploy()
    large = b'"' + b"x" * 9_000_000 + b'"'
    first = gateway.connect().send(gateway.head(f"content-length: {len(large)}") + large[:-1])
    second = gateway.connect()
    with contextlib.suppress(OSError):
        second.send(gateway.head(f"content-length: {len(large)}") + large)
    status, headers, _ = second.answer()
    assert (status, headers["retry-after"]) == (503, "1")
    assert first.send(large[-1:]).answer()[0] == 200
    for _ in range(3):
        assert gateway.predict(large)[0] == 200  # what was held is given back


def test_replacing_the_gateway_gently_fails_nobody(make_gateway):
    gateway = make_gateway()
    gateway.deploy()
    stop = threading.Event()
    failed = []

    def stream():
        wire = gateway.connect()
        count = 0
        while not stop.is_set():
            body = b"%d" % count
            answer = wire.send(gateway.head(f"content-length: {len(body)}") + body).answer()
            if answer is None or answer[0] != 200 or json.loads(answer[2])["echo"] != count:
                failed.append(answer)
                return count
            if answer[1].get("connection") == "close":
                wire = gateway.connect()
            count += 1
        return count

    with ThreadPoolExecutor(3) as clients:
        counts = [clients.submit(stream) for _ in range(3)]
        for _ in range(3):
            time.sleep(0.3)  # requests are under way
            gateway.process.send_signal(signal.SIGTERM)
            assert gateway.process.wait(10) == 0
            gateway.start()
        stop.set()
        assert sum(count.result() for count in counts) > 30
    assert failed == []
