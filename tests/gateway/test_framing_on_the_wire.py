"""Requests with more than one meaning, too large or too slow ones, over raw sockets. Numbers: abuse catalogue 3.5."""

import contextlib
import json
import time

import pytest

DEPLOYMENT = "ocid1.datasciencemodeldeployment.oc1.local." + "a" * 60
LIVE = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
CHUNKED = "transfer-encoding: chunked"

BAD_HEADS = {
    "127 length and chunked": (["content-length: 3", CHUNKED], 400),
    "127 chunked and length": ([CHUNKED, "content-length: 3"], 400),
    "127 two lengths": (["content-length: 3", "content-length: 3"], 400),
    "127 list of lengths": (["content-length: 3, 3"], 400),
    **{
        f"128 length {value!r}": ([f"content-length: {value}"], 400)
        for value in ("+5", "-1", "0x5", "1_0", "5 5", "", "five", "9" * 40, "1.0", "\xb2")
    },
    "129 unknown coding": (["transfer-encoding: unknown"], 501),
    "129 identity last": (["transfer-encoding: chunked, identity"], 501),
    "129 chunked twice": (["transfer-encoding: chunked, chunked"], 501),
    "129 vertical tab": (["transfer-encoding: \x0bchunked"], 400),
    "129 quoted": (['transfer-encoding: "chunked"'], 501),
    "129 gzip": (["transfer-encoding: gzip, chunked"], 501),
    "130 space before the colon": (["transfer-encoding : chunked"], 400),
    "130 two codings": ([CHUNKED, CHUNKED], 400),
    "140 no colon": (["nonsense", "content-length: 3"], 400),
    "140 space in a name": (["two words: x", "content-length: 3"], 400),
    "140 empty name": ([": x", "content-length: 3"], 400),
    "140 NUL": (["x: a\0b", "content-length: 3"], 400),
    "140 bare CR": (["x: a\rb", "content-length: 3"], 400),
    "140 folded": (["x: a", " b", "content-length: 3"], 400),
    "138 bare LF": (["x: a\ny: b", "content-length: 3"], 400),
    "141 2,000 headers": ([f"x-{number}: 1" for number in range(2000)], 431),
    "141 64 kB cookie": (["cookie: " + "x" * 65536], 431),
    "143 unknown expectation": (["expect: cake", "content-length: 3"], 417),
    "155 two credentials": (["authorization: Bearer the-token", "content-length: 3"], 400),
}


@pytest.mark.parametrize("name", BAD_HEADS)
def test_bad_heads(shared, name):
    lines, status = BAD_HEADS[name]
    wire = shared.connect().send(shared.head(*lines) + b"[1]" + LIVE)
    got, headers, body = wire.answer()
    assert got == status
    assert set(json.loads(body)) == {"code", "message"}
    assert "opc-request-id" in headers
    assert wire.closed()  # one answer, nothing after it
    assert shared.predict([1])[0] == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("", 400),
        ("host: x\r\nhost: x", 400),
        ("host: x/y", 400),
        ("host: a b", 400),
        ("host: u@h", 400),
        ("host:", 400),
    ],
)
def test_136_hosts(shared, host, status):
    assert shared.connect().send(shared.head("content-length: 3", host=host) + b"[1]").answer()[0] == status


@pytest.mark.parametrize("host", ["localhost:8900", "[::1]:8900", "a.example", "127.0.0.1"])
def test_good_hosts(shared, host):
    wire = shared.connect().send(shared.head("content-length: 3", host=f"host: {host}") + b"[1]")
    assert wire.answer()[0] == 200


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /health/live", 400),
        (b"GET /health/live HTTP/9.9", 505),
        (b"PRI * HTTP/2.0", 505),
        (b"GET /health/live HTTP/1.1 ", 400),
        (b"GET  /health/live HTTP/1.1", 400),
        (b"GET\t/health/live HTTP/1.1", 400),
        (b"GET http://elsewhere/ HTTP/1.1", 400),
        (b"OPTIONS * HTTP/1.1", 400),
        (b"CONNECT elsewhere:80 HTTP/1.1", 400),
        (b"get /health/live HTTP/1.1", 400),
        (b"\r\nGET /health/live HTTP/1.1", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"G" * 65536 + b" / HTTP/1.1", 414),
        (b"GET /" + b"x" * 131072 + b" HTTP/1.1", 414),
        (b"GET /\xff HTTP/1.1", 400),
    ],
)
def test_137_138_142_152_request_lines(shared, line, status):
    wire = shared.connect()
    with contextlib.suppress(OSError):
        wire.send(line + b"\r\nhost: x\r\n\r\n" + LIVE)
    assert wire.answer()[0] == status
    assert wire.closed()
    assert shared.alive()


@pytest.mark.parametrize("beginning", [b"\x16\x03\x01", b"\0\0\0", b"GET / HTTP/1.1\nhost: x\n\n"])
def test_138_noise_is_refused_at_once(shared, beginning):
    assert shared.connect().send(beginning).answer()[0] == 400


def test_131_underscores_are_dropped(shared):
    wire = shared.connect().send(shared.head("transfer_encoding: chunked", "content-length: 3") + b"[1]" + LIVE)
    assert json.loads(wire.answer()[2])["echo"] == [1]
    assert wire.answer()[0] == 200


@pytest.mark.parametrize(
    "size", ["x", "-1", "+1", "0x3", "1_0", "", "1" + "0" * 15, "3" * 40, "3;" + "e" * 65536, "3;a\nb", "3\n"]
)
def test_132_133_chunk_sizes(shared, size):
    wire = shared.connect()
    with contextlib.suppress(OSError):
        wire.send(shared.head(CHUNKED) + size.encode() + b"\r\n[1]\r\n0\r\n\r\n" + LIVE)
    assert wire.answer()[0] in {400, 413}
    assert wire.closed()


@pytest.mark.parametrize("end", [b"xx", b"\n", b"[1]\r\n"])
def test_133_chunk_longer_than_its_size(shared, end):
    wire = shared.connect().send(shared.head(CHUNKED) + b"3\r\n[1]" + end + b"0\r\n\r\n" + LIVE)
    assert wire.answer()[0] == 400
    assert wire.closed()


def test_chunked_bodies_extensions_and_trailers(shared):
    chunks = b"1;a=b\r\n[\r\n1\r\n1\r\n1\r\n]\r\n0\r\ncontent-length: 9\r\nx: y\r\n\r\n"
    wire = shared.connect().send(shared.head(CHUNKED) + chunks + LIVE)
    assert json.loads(wire.answer()[2])["echo"] == [1]
    assert wire.answer()[0] == 200
    wire = shared.connect()
    for byte in shared.head(CHUNKED) + chunks:
        wire.send(bytes([byte]))
    assert json.loads(wire.answer()[2])["echo"] == [1]


def test_134_too_many_trailers(shared):
    wire = shared.connect()
    with contextlib.suppress(OSError):
        wire.send(shared.head(CHUNKED) + b"3\r\n[1]\r\n0\r\n" + b"x: y\r\n" * 5000 + b"\r\n")
    assert wire.answer()[0] == 431


def test_120_one_byte_chunks(shared):
    text = b"[" + b"1," * 60000 + b"1]"
    begin = time.monotonic()
    data = b"".join(b"1\r\n%c\r\n" % byte for byte in text) + b"0\r\n\r\n"
    assert shared.connect().send(shared.head(CHUNKED) + data).answer()[0] == 200
    assert time.monotonic() - begin < 30


def test_130_chunked_in_http_1_0(shared):
    head = shared.head(CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0")
    assert shared.connect().send(head + b"3\r\n[1]\r\n0\r\n\r\n").answer()[0] == 400


def test_http_1_0_is_answered_and_closed(shared):
    wire = shared.connect().send(shared.head("content-length: 3").replace(b"HTTP/1.1", b"HTTP/1.0") + b"[1]")
    assert wire.answer()[0] == 200
    assert wire.closed()


def test_135_a_refused_body_is_not_read_as_a_request(shared):
    inner = LIVE
    unknown = f"/{DEPLOYMENT[:-1]}b/predict"
    for method, path in (("GET", "/health/live"), ("POST", unknown), ("GET", f"/{DEPLOYMENT}/predict")):
        wire = shared.connect()
        wire.send(shared.head(f"content-length: {len(inner)}", method=method, path=path) + inner)
        assert wire.answer()[0] in {400, 404, 405}
        wire.send(LIVE)
        assert wire.answer()[0] == 200  # exactly one answer before
    wire = shared.connect().send(shared.head(CHUNKED, path=unknown) + b"26\r\n" + inner + b"\r\n0\r\n\r\n")
    assert wire.answer()[0] == 404
    assert wire.closed()


def test_144_no_upgrade(shared):
    lines = ("connection: upgrade", "upgrade: websocket", "content-length: 3")
    assert shared.connect().send(shared.head(*lines) + b"[1]").answer()[0] == 200


def test_146_pipelined_requests_are_answered_in_order(shared):
    parts = []
    for number in range(5):
        body = json.dumps({"number": number, "sleep": 0.05 * (5 - number)}).encode()
        parts.append(shared.head(f"content-length: {len(body)}") + body)
    wire = shared.connect().send(b"".join(parts) + LIVE)
    assert [json.loads(wire.answer()[2])["echo"]["number"] for _ in range(5)] == [0, 1, 2, 3, 4]
    assert wire.answer()[0] == 200


def test_many_pipelined_requests(shared):
    wire = shared.connect()
    one = shared.head("content-length: 1") + b"1"
    wire.send(one * 300)
    assert [wire.answer()[0] for _ in range(300)] == [200] * 300


def test_connection_close_is_followed(shared):
    wire = shared.connect().send(shared.head("content-length: 1", "connection: close") + b"1")
    assert wire.answer()[1]["connection"] == "close"
    assert wire.closed()


def test_half_closed_clients_get_their_answer(shared):
    import socket

    wire = shared.connect().send(shared.head("content-length: 14") + b'{"sleep": 0.3}')
    wire.socket.shutdown(socket.SHUT_WR)
    while (status := wire.answer()[0]) == 100:  # whether anybody is still there
        pass
    assert status == 200
    assert wire.closed()


def test_411_without_a_length(shared):
    assert shared.connect().send(shared.head()).answer()[0] == 411


def test_119_gigantic_lengths_are_refused_at_once(shared):
    for length in (100 * 1024**3, 2**59):
        begin = time.monotonic()
        assert shared.connect().send(shared.head(f"content-length: {length}")).answer()[0] == 413
        assert time.monotonic() - begin < 30
    assert shared.connect().send(shared.head(f"content-length: {2**63}")).answer()[0] in {400, 413}


def test_the_413_survives_a_client_that_keeps_sending(shared):
    wire = shared.connect().send(shared.head("content-length: 20000000"))
    with contextlib.suppress(OSError):
        for _ in range(20):
            wire.send(b"x" * 1_000_000)
    assert wire.answer()[0] == 413


def test_148_slow_headers_are_cut_off(make_gateway):
    gateway = make_gateway(header_seconds=0.6, idle_seconds=30)
    gateway.deploy()
    wires = [gateway.connect() for _ in range(10)]
    begin = time.monotonic()
    open_wires = set(wires)
    for byte in gateway.head("content-length: 3"):
        for wire in list(open_wires):
            try:
                wire.send(bytes([byte]))
            except OSError:  # noqa: PERF203
                open_wires.discard(wire)
        if not open_wires or time.monotonic() - begin > 5:
            break
        assert gateway.alive()  # others are served; it also paces the drip
        time.sleep(0.02)
    answer = wires[0].answer()
    assert answer is None or answer[0] == 408
    assert time.monotonic() - begin < 30


def test_148_slow_bodies_are_cut_off(make_gateway):
    gateway = make_gateway(body_seconds=0.5)
    gateway.deploy()
    counted = gateway.connect().send(gateway.head("content-length: 100") + b"[")
    chunked = gateway.connect().send(gateway.head(CHUNKED) + b"1\r\n[\r\n")
    for wire in (counted, chunked):
        assert wire.answer()[0] == 408
        assert wire.closed()


def test_149_idle_and_unread_connections_end(make_gateway, eventually):
    import psutil

    gateway = make_gateway(idle_seconds=3, stall_seconds=0.5)
    gateway.deploy()
    process = psutil.Process(gateway.process.pid)

    def callers():
        return [c for c in process.net_connections("tcp") if c.status == psutil.CONN_ESTABLISHED]

    idle = gateway.connect()
    used = gateway.connect().send(gateway.head("content-length: 1") + b"1")
    assert used.answer()[0] == 200
    assert idle.closed()
    assert used.closed()
    body = b'{"size": 50000000}'
    reader = gateway.connect().send(gateway.head(f"content-length: {len(body)}") + body)
    eventually(callers, what="the connection of who asks")
    eventually(lambda: not callers(), what="the end of who asks and doesn't read")
    with pytest.raises((ConnectionError, AssertionError)):
        assert len(reader.answer()[2]) == 50000002
    assert gateway.alive()


def test_too_many_connections(make_gateway):
    gateway = make_gateway(connections=5)
    wires = [gateway.connect() for _ in range(10)]
    assert wires[-1].answer()[0] == 503
    for wire in wires:
        wire.close()


def test_150_escaped_paths_reach_no_deployment(shared):
    for path in (f"/%6fcid1{DEPLOYMENT[5:]}/predict", f"/{DEPLOYMENT}%2Fpredict", f"//{DEPLOYMENT}/predict"):
        status = shared.connect().send(shared.head("content-length: 1", path=path) + b"1").answer()[0]
        assert status == 503  # control's to answer, and there is none


def test_149_what_clients_leave_behind_is_given_back(make_gateway):
    import psutil

    gateway = make_gateway(linger_seconds=0.3)
    gateway.deploy()
    assert gateway.predict([1])[0] == 200
    process = psutil.Process(gateway.process.pid)
    base = process.num_fds()
    endings = (
        b"",
        b"GET ",
        gateway.head("content-length: 100") + b"[",
        gateway.head("content-length: 99999999") + b"[",
        gateway.head(CHUNKED) + b"zz\r\n",
        gateway.head("content-length: 14") + b'{"sleep": 0.1}',
        gateway.head("content-length: 100", path="/control") + b"a",
    )
    for beginning in endings:
        for _ in range(10):
            gateway.connect().send(beginning).close()
    deadline = time.monotonic() + 60
    while process.num_fds() > base + 1:
        assert time.monotonic() < deadline, f"{process.num_fds()} descriptors, {base} before"
        time.sleep(0.05)
    assert gateway.predict([1])[0] == 200
