"""Streamed answers from a real replica through a real gateway."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ads.worker

DEPLOYMENT = "ocid1.datasciencemodeldeployment.oc1.local." + "a" * 60
LAUNCH = Path(ads.worker.__file__).with_name("launch.py")
SCORE = """
import os, pathlib, time

def load_model():
    return 1

def predict(data, model=load_model()):
    if data == "plain":
        return {"prediction": [1]}
    if data == "wrong":
        raise ValueError("secret")
    return steps(data)

def steps(data):
    try:
        for number in range(data["count"]):
            if number == data.get("fail"):
                raise RuntimeError("secret")
            if number == data.get("die") and not pathlib.Path(data["note"]).exists():
                pathlib.Path(data["note"]).write_text("died")
                os._exit(1)
            time.sleep(data.get("pause", 0))
            yield {"number": number} if "text" not in data else data["text"]
    finally:
        if "end" in data:
            pathlib.Path(data["end"]).write_text("ended")
"""


@pytest.fixture
def streaming(make_gateway, tmp_path, eventually):
    """A gateway before one real replica."""
    (tmp_path / "score.py").write_text(SCORE)

    def start(**limits):
        gateway = make_gateway(**limits)
        path = gateway.home.replica_socket("s")
        argv = [sys.executable, str(LAUNCH), "--artifact", str(tmp_path), "--socket", str(path)]
        argv += ["--status", str(tmp_path / "status.json")]
        gateway.replicas["s"] = subprocess.Popen(argv)
        eventually(path.exists, what="the replica's socket")
        gateway.deploy(("s",))
        return gateway

    return start


def ask(gateway, value, accept="application/json, text/event-stream"):
    """Return the wire on which the answer comes."""
    body = json.dumps(value).encode()
    head = gateway.head(
        f"content-length: {len(body)}", f"accept: {accept}", path=f"/{DEPLOYMENT}/predictWithResponseStream"
    )
    return gateway.connect().send(head + body)


def test_each_thing_comes_as_an_event(streaming):
    gateway = streaming()
    wire = ask(gateway, {"count": 3})
    status, headers, body = wire.answer()
    assert (status, headers["content-type"]) == (200, "text/event-stream")
    assert headers["opc-request-id"]
    assert body == b'data: {"number":0}\n\ndata: {"number":1}\n\ndata: {"number":2}\n\n'
    wire.send(gateway.head("content-length: 7") + b'"plain"')  # the connection goes on
    assert json.loads(wire.answer()[2]) == {"prediction": [1]}
    assert ask(gateway, {"count": 1, "text": "two\nlines ü"}).answer()[2] == "data: two\ndata: lines ü\n\n".encode()
    assert ask(gateway, {"count": 0}).answer()[2] == b""
    log = gateway.home.deployment(DEPLOYMENT) / "access.log"
    deadline = time.monotonic() + 60
    while not log.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    first = json.loads(log.read_text().splitlines()[0])
    assert (first["status"], first["bytesOut"]) == (200, len(body))


def test_json_lines_for_who_asks_for_them(streaming):
    gateway = streaming()
    status, headers, body = ask(gateway, {"count": 2, "text": "a\nb"}, "application/x-ndjson").answer()
    assert (status, headers["content-type"]) == (200, "application/x-ndjson")
    assert [json.loads(line) for line in body.splitlines()] == ["a\nb", "a\nb"]


def test_pieces_come_as_they_are_made(streaming):
    wire = ask(streaming(), {"count": 3, "pause": 3.0})
    while wire.file.readline() != b"\r\n":
        pass
    begin = time.monotonic()
    assert wire.file.readline()
    assert wire.file.readline().startswith(b"data: ")
    assert time.monotonic() - begin < 5  # the rest takes 6 s more


def test_without_an_iterator_or_with_an_error_it_is_an_ordinary_error(streaming):
    gateway = streaming()
    status, headers, body = ask(gateway, "plain").answer()
    assert (status, json.loads(body)["code"]) == (409, "ExternalServerIncorrectState")
    assert headers["content-type"] == "application/json"
    status, _, body = ask(gateway, "wrong").answer()
    assert (status, json.loads(body)["code"]) == (500, "InternalServerError")
    assert b"secret" not in body


def test_an_error_in_the_middle_is_the_last_event(streaming):
    status, _, body = ask(streaming(), {"count": 5, "fail": 2}).answer()
    assert status == 200
    events = body.split(b"\n\n")
    assert events[:2] == [b'data: {"number":0}', b'data: {"number":1}']
    assert events[2].startswith(b"event: error\ndata: ")
    assert json.loads(events[2].partition(b"data: ")[2])["code"] == "InternalServerError"
    assert b"secret" not in body


def test_predict_collects_an_iterator(streaming):
    status, _, body = streaming().predict({"count": 2})
    assert (status, body) == (200, [{"number": 0}, {"number": 1}])


def test_the_model_stops_when_the_caller_left(streaming, tmp_path, eventually):
    gateway = streaming()
    end = tmp_path / "end"
    wire = ask(gateway, {"count": 10**6, "pause": 0.01, "end": str(end)})
    assert wire.file.readline().startswith(b"HTTP/1.1 200")
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wire.close()
    eventually(end.exists, what="the end of the model's loop")
    assert gateway.predict("plain")[0] == 200


def test_a_slow_caller_holds_the_model_back_and_costs_no_memory(streaming, eventually):
    gateway = streaming(stall_seconds=1.0)
    wire = ask(gateway, {"count": 10**6, "text": "x" * 100_000})
    assert wire.file.readline().startswith(b"HTTP/1.1 200")
    eventually(lambda: gateway.predict("plain")[0] == 200, seconds=20, what="the end of the stalled stream")
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak < 150_000  # kilobytes


def test_death_in_the_middle_is_told(streaming, tmp_path):
    gateway = streaming()
    note = tmp_path / "died"
    status, _, body = ask(gateway, {"count": 4, "die": 2, "pause": 0.05, "note": str(note)}).answer()
    assert status == 200
    assert body.count(b'data: {"number"') == 2
    assert b"event: error" in body
    assert note.read_text() == "died"


def test_silence_in_the_middle_ends_at_the_time_limit(streaming):
    gateway = streaming()
    gateway.deploy(("s",), timeout_seconds=1.0)
    wire = ask(gateway, {"count": 2, "pause": 0.7})  # each piece in time
    assert wire.answer()[2].count(b"data: ") == 2
    wire = ask(gateway, {"count": 5, "pause": 0.4})
    assert wire.file.readline().startswith(b"HTTP/1.1 200")
    os.kill(gateway.replicas["s"].pid, signal.SIGSTOP)
    with contextlib.suppress(OSError):
        assert b"GatewayTimeout" in wire.file.read()
