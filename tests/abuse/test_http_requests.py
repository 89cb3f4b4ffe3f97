"""HTTP requests as they are abused: lines 142 to 152 of the catalogue's part 3.5, each test named after its line."""

# ruff: noqa: F811 - fixtures are imported

import contextlib
import json
import socket
import time

import psutil
import pytest

from tests.gateway.conftest import DEPLOYMENT, TOKEN, eventually

from .http_door import (  # noqa: F401 - fixtures
    CHUNKED,
    LENGTH,
    LIVE,
    PREDICT,
    abused,
    answered,
    canary,
    door,
    refused,
    strict_door,
)


def test_3_5_142_long_targets(door):
    refused(door, b"GET /" + b"x" * 131072 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 414)
    query = "&".join(f"a{number}=1" for number in range(800))
    assert answered(door, door.head(LENGTH, path=f"{PREDICT}?{query}") + b"[1]")[0] == 200
    query = "&".join(f"a{number}=1" for number in range(2000))
    assert answered(door, door.head(LENGTH, path=f"{PREDICT}?{query}") + b"[1]")[0] in {200, 400, 414}


def test_3_5_143_expectations(door):
    refused(door, door.head("expect: cake", LENGTH) + b"[1]", 417)
    assert answered(door, door.head("expect: 100-continue", LENGTH) + b"[1]")[0] == 200
    wire = door.connect().send(door.head("expect: 100-continue", LENGTH))
    assert wire.answer()[0] == 100
    assert wire.send(b"[1]").answer()[0] == 200


def test_3_5_144_upgrades(door):
    settings = "http2-settings: AAMAAABkAAQAAP__"
    for lines in (
        ("connection: upgrade", "upgrade: websocket", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="),
        ("connection: upgrade, http2-settings", "upgrade: h2c", settings),
    ):
        for path in (PREDICT, "/echo"):
            wire = door.connect().send(door.head(*lines, LENGTH, path=path) + b"[1]" + LIVE)
            assert wire.answer()[0] == 200
            assert json.loads(wire.answer()[2]) == {"status": "live"}


def test_3_5_145_headers_that_cost_time(door):
    ranges = "range: bytes=" + ",".join(f"{number}-{number}" for number in range(600))
    for line in (
        ranges,
        "accept: " + "a/b;q=0.5," * 2500,
        "accept-encoding: " + "gzip;q=0.1," * 2500,
        "accept-encoding: bogus",
        "accept: " + ";" * 20000,
        "content-type: application/json;" + "a=b;" * 5000,
    ):
        begin = time.monotonic()
        assert answered(door, door.head(line, LENGTH) + b"[1]")[0] == 200
        assert time.monotonic() - begin < 30


def test_3_5_146_pipelined_requests(door):
    bodies = [json.dumps({"number": number, "sleep": 0.04 * (5 - number)}).encode() for number in range(6)]
    wire = door.connect().send(b"".join(door.head(f"content-length: {len(body)}") + body for body in bodies))
    assert [json.loads(wire.answer()[2])["echo"]["number"] for _ in bodies] == list(range(6))


def test_3_5_147_bad_then_good(door):
    wire = door.connect().send(door.head("content-length: 1") + b"{" + door.head(LENGTH) + b"[1]")
    assert wire.answer()[0] == 400  # the body was no JSON; the framing was good
    assert json.loads(wire.answer()[2])["echo"] == [1]
    refused(door, b"GET / HTTP/7.7\r\n\r\n" + door.head(LENGTH) + b"[1]", 505)


def test_3_5_148_slow_clients_are_cut_off_and_nobody_else_is(strict_door):
    gateway = strict_door(header_seconds=0.8, body_seconds=0.8)
    beginnings = (
        [gateway.head(LENGTH)[:40]] * 40
        + [gateway.head("content-length: 100") + b"["] * 20
        + [gateway.head(CHUNKED) + b"5\r\n[1"] * 10
    )
    wires = [gateway.connect().send(data) for data in beginnings]
    begin = time.monotonic()
    worst = 0.0
    while time.monotonic() - begin < 0.6:
        before = time.monotonic()
        canary(gateway)
        worst = max(worst, time.monotonic() - before)
    answers = [wire.answer() for wire in wires]
    assert time.monotonic() - begin < 30
    assert {answer[0] for answer in answers if answer is not None} == {408}
    assert worst < 5
    dripping = gateway.connect()
    with contextlib.suppress(OSError):
        for byte in gateway.head(LENGTH) * 100:
            dripping.send(bytes([byte]))
            assert time.monotonic() - begin < 30
            if dripping.socket.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK):
                break


def test_3_5_148_dripping_headers_end_at_their_deadline(strict_door):
    gateway = strict_door(header_seconds=0.5)
    wire = gateway.connect()
    wire.socket.settimeout(0.02)
    begin = time.monotonic()
    got = b""
    while not got and time.monotonic() - begin < 10:
        with contextlib.suppress(OSError):
            wire.socket.sendall(b"x")
        with contextlib.suppress(TimeoutError):
            got = wire.socket.recv(100)
    assert b" 4" in got[:14]
    assert time.monotonic() - begin < 30


def test_3_5_149_idle_vanishing_and_unreading_clients(strict_door):
    gateway = strict_door(linger_seconds=0.2, stall_seconds=0.5)
    process = psutil.Process(gateway.process.pid)
    canary(gateway)
    base = process.num_fds()
    idle = [gateway.connect() for _ in range(300)]
    for number in range(150):
        ending = (
            b"",
            b"GET ",
            gateway.head("content-length: 9") + b"[",
            gateway.head("content-length: 14") + b'{"sleep": 0.1}',
        )
        wire = gateway.connect().send(ending[number % 4])
        wire.close()
        gateway.wires.remove(wire)
    body = b'{"size": 20000000}'
    readers = [gateway.connect().send(gateway.head(f"content-length: {len(body)}") + body) for _ in range(10)]
    canary(gateway)
    for wire in (*idle, *readers):
        wire.close()
    eventually(lambda: process.num_fds() <= base + 1, seconds=20, what="the descriptors' return")


def test_3_5_150_ids_that_are_something_else(door):
    for path in (
        f"/%6fcid1{DEPLOYMENT[5:]}/predict",
        f"/{DEPLOYMENT}%2Fpredict",
        f"//{DEPLOYMENT}/predict",
        f"/{DEPLOYMENT}/../predict",
        f"/{DEPLOYMENT}%00/predict",
        f"/{DEPLOYMENT}\\predict",
        f"/{DEPLOYMENT}%0d%0ax:%20y/predict",
        "/%252e%252e/predict",
        "/%c0%ae%c0%ae/predict",
        "/{{7*7}}/predict",
        "/'%20OR%201=1--/predict",
        f"/{DEPLOYMENT}/predict/../../x",
    ):
        status, body = answered(door, door.head(LENGTH, path=path) + b"[1]")
        if status == 200:  # control's to answer, and it got the path as it was sent: here it echoes
            assert json.loads(body)["target"].startswith(path.partition("?")[0][:10])
        else:
            assert status in {400, 404}
    for model in ("%00", "..%2f..", "%252e", "%0d%0aset-cookie:%20a=b", "{{7*7}}", "%ff"):
        wire = door.connect().send(door.head(LENGTH, path=f"/v2/models/{model}/infer") + b"{ }")
        status, headers, body = wire.answer()
        assert (status, set(json.loads(body))) == (404, {"error"})
        assert "set-cookie" not in headers


def test_3_5_151_methods(door):
    for method, statuses in {
        "GET": {405},
        "PUT": {405},
        "DELETE": {405},
        "PATCH": {405},
        "HEAD": {405},
        "TRACE": {405, 501},
        "OPTIONS": {405},
        "CONNECT": {405, 501},
        "BREW": {501},
    }.items():
        connection = door.connect()
        connection.send(door.head(method=method))
        line = connection.file.readline()
        assert int(line.split()[1]) in statuses, method
        assert TOKEN.encode() not in connection.file.read1(65536)  # TRACE echoes nothing


def test_3_5_152_a_proxys_request_goes_nowhere(door):
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.3)
        port = elsewhere.getsockname()[1]
        for target in (
            f"http://127.0.0.1:{port}/",
            f"http://localhost{PREDICT}",
            f"//127.0.0.1:{port}/x",
            f"127.0.0.1:{port}",
            "*",
        ):
            wire = door.connect().send(door.head(LENGTH, path=target) + b"[1]")
            status, _, body = wire.answer()
            assert status in {400, 404, 421} or json.loads(body)["target"].startswith("//")
        with pytest.raises(TimeoutError):
            elsewhere.accept()
