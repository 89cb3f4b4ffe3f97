"""HTTP's framing as it is abused: lines 127 to 141 of the catalogue's part 3.5, each test named after its line.

Over raw sockets; after each, four parallel predictions must be right: nothing of one connection may reach another.
"""

# ruff: noqa: F811 - fixtures are imported

import contextlib
import json

from tests.gateway.conftest import DEPLOYMENT

from .http_door import CHUNKED, LENGTH, LIVE, PREDICT, UNKNOWN, abused, answered, door, refused  # noqa: F401 - fixtures


def test_3_5_127_two_ways_to_say_the_length(door):
    chunks = b"3\r\n[1]\r\n0\r\n\r\n"
    for lines in (
        [LENGTH, CHUNKED],
        [CHUNKED, LENGTH],
        [LENGTH, LENGTH],
        ["content-length: 3, 3"],
        [LENGTH, "content-length: 30"],
    ):
        for body in (b"[1]", chunks):
            refused(door, door.head(*lines) + body, 400)


def test_3_5_128_lengths_that_are_no_plain_numbers(door):
    for value in (
        "+5",
        "-1",
        "0x5",
        "1_0",
        "5 5",
        "",
        "five",
        "9" * 40,
        "1.0",
        "\xb2",
        "3\t3",
        "٣".encode().decode("latin-1"),
    ):
        refused(door, door.head(f"content-length: {value}") + b"[1]", 400)


def test_3_5_129_transfer_codings_other_than_chunked(door):
    for value in (
        "unknown",
        "chunked, identity",
        "identity",
        "chunked, chunked",
        "\x0bchunked",
        '"chunked"',
        "gzip, chunked",
        "chunked;a=b",
        ",chunked",
        "chunked,",
        "",
    ):
        refused(door, door.head(f"transfer-encoding: {value}") + b"3\r\n[1]\r\n0\r\n\r\n", 400, 501)


def test_3_5_130_transfer_coding_where_it_can_not_be(door):
    chunks = b"3\r\n[1]\r\n0\r\n\r\n"
    refused(door, door.head("transfer-encoding : chunked") + chunks, 400)
    refused(door, door.head(CHUNKED, CHUNKED) + chunks, 400)
    refused(door, door.head(CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0") + chunks, 400)


def test_3_5_131_underscores_reach_no_back_end(door):
    wire = door.connect().send(door.head("transfer_encoding: chunked", "content_length: 30", LENGTH) + b"[1]" + LIVE)
    assert json.loads(wire.answer()[2])["echo"] == [1]
    assert wire.answer()[0] == 200
    _, body = answered(door, door.head("transfer_encoding: chunked", LENGTH, path="/echo") + b"[1]")
    assert not [name for name in json.loads(body)["headers"] if "_" in name or name == "transfer-encoding"]


def test_3_5_132_chunk_sizes_that_are_no_plain_hexadecimal(door):
    for size in ("x", "-1", "+1", "0x3", "1_0", "", " 3", "1" + "0" * 15, "3" * 40):
        refused(door, door.head(CHUNKED) + size.encode() + b"\r\n[1]\r\n0\r\n\r\n", 400, 413)


def test_3_5_133_chunks_that_do_not_end_where_they_say(door):
    for chunk in (
        b"3\r\n[1]xx",
        b"3\r\n[1]\n0\r\n\r\n",
        b"2\r\n[1]\r\n0\r\n\r\n",
        b"3\n[1]\r\n0\r\n\r\n",
        b"3;a\nb\r\n[1]\r\n",
        b"3;" + b"e" * 65536 + b"\r\n[1]\r\n0\r\n\r\n",
        b"3\r\r\n[1]\r\n",
    ):
        refused(door, door.head(CHUNKED) + chunk, 400)


def test_3_5_134_trailers(door):
    refused(door, door.head(CHUNKED) + b"3\r\n[1]\r\n0\r\n" + b"x: y\r\n" * 5000 + b"\r\n", 431)
    wire = door.connect().send(door.head(CHUNKED) + b"3\r\n[1]\r\n0\r\ncontent-length: 44\r\nhost: y\r\n\r\n" + LIVE)
    assert json.loads(wire.answer()[2])["echo"] == [1]
    assert json.loads(wire.answer()[2]) == {"status": "live"}


def test_3_5_135_bodies_that_nobody_wants_are_not_requests(door):
    inner = b"GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n"
    for method, path in (
        ("GET", "/health/live"),
        ("POST", UNKNOWN),
        ("GET", PREDICT),
        ("GET", "/metrics"),
        ("POST", "/early"),
        ("GET", f"/{DEPLOYMENT}/docs"),
        ("GET", "/v2/models/x"),
    ):
        wire = door.connect().send(door.head(f"content-length: {len(inner)}", method=method, path=path) + inner)
        assert wire.answer()[0] in {400, 401, 404, 405}, path
        with contextlib.suppress(OSError):
            wire.send(LIVE)
        following = wire.answer()
        assert following is None or json.loads(following[2]) == {"status": "live"}, path
    refused(door, door.head(CHUNKED, path=UNKNOWN) + b"27\r\n" + inner + b"\r\n0\r\n\r\n", 404)


def test_3_5_136_hosts(door):
    for host in (
        "",
        "host: x\r\nhost: x",
        "host: x/y",
        "host: a b",
        "host: u@h",
        "host:",
        "host: x:y",
        "host: [x",
        "host: x\r\nHost: y",
    ):
        refused(door, door.head(LENGTH, host=host) + b"[1]", 400)
    for host in ("evil.example", f"evil.example:{door.address[1]}", "127.0.0.1.evil.example", "x.evil"):
        refused(door, door.head(LENGTH, host=f"host: {host}") + b"[1]", 421)
        refused(door, door.head(LENGTH, host=f"host: {host}", path="/echo") + b"[1]", 421)


def test_3_5_137_versions(door):
    for version in (
        b"",
        b" HTTP/0.9",
        b" HTTP/9.9",
        b" HTTP/2.0",
        b" HTTP/1.10",
        b" HTTP/1,1",
        b" FTP/1.1",
        b" word",
        b" HTTP/1.1 ",
    ):
        refused(door, b"GET /health/live" + version + b"\r\nhost: x\r\n\r\n", 400, 505)
    refused(door, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 505)


def test_3_5_138_noise(door):
    for noise in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        bytes(range(256)) * 4,
        b"\0\0\0\0",
        b"G" * 65536 + b" / HTTP/1.1\r\n",
    ):
        refused(door, noise + b"\r\n\r\n", 400, 414, 431)


def test_3_5_139_spaces_and_line_ends(door):
    for line in (
        b"GET\t/health/live HTTP/1.1",
        b"GET  /health/live HTTP/1.1",
        b"GET /health/live  HTTP/1.1",
        b"\r\nGET /health/live HTTP/1.1",
        b" GET /health/live HTTP/1.1",
        b"get /health/live HTTP/1.1",
    ):
        refused(door, line + b"\r\nhost: x\r\n\r\n", 400)
    refused(door, b"GET /health/live HTTP/1.1\nhost: x\n\n", 400)
    refused(door, b"GET /health/live HTTP/1.1\r\nhost: x\n\r\n", 400)


def test_3_5_140_header_lines(door):
    for line in (
        "nonsense",
        "two words: x",
        ": x",
        "x: a\0b",
        "x: a\rb",
        "x: a\r\n b",
        "x: a\r\n\tb",
        "x\x7f: 1",
        "x(: 1",
        "é: 1",
        "x: a\nb: c",
    ):
        refused(door, door.head(line, LENGTH) + b"[1]", 400)


def test_3_5_141_too_many_and_too_large_headers(door):
    for lines in (
        [f"x-{number}: 1" for number in range(2000)],
        ["x: " + "y" * 131072],
        ["cookie: " + "x" * 65536],
        [f"x-{number}: " + "y" * 10000 for number in range(100)],
    ):
        refused(door, door.head(*lines, LENGTH) + b"[1]", 431, 400)
    wire = door.connect()
    with contextlib.suppress(OSError):
        wire.send(b"GET / HTTP/1.1\r\n")
        for _ in range(4000):
            wire.send(b"x: " + b"y" * 200 + b"\r\n")  # headers without end
    assert wire.answer()[0] == 431
