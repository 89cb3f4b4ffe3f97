"""Replicas on TCP: who knows the key is served as on a Unix socket, and nobody else learns or stops anything."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.worker import frames, strangers

from .conftest import LAUNCH, exactly, receive
from .test_replica import ECHO, OLDEST, sample

KEY = "5e" * 32
SLOW = """
    import time
    def load_model(): return 1
    def predict(data):
        time.sleep(data)
        return data
"""


@pytest.fixture
def remote(replica: Any) -> Any:
    running = replica(ECHO, key=KEY)
    running.wait("ready")
    return running


def ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def right(question: bytes) -> bytes:
    return strangers.answer(bytes.fromhex(KEY), question)


def test_who_knows_the_key_is_answered_as_on_a_unix_socket(replica: Any) -> None:
    case = {"sample__json": sample([[1.0]], {"prediction": [[1.0]]})}
    remote, near = replica(ECHO, key=KEY, **case), replica(ECHO, **case)
    port = remote.wait("ready")["port"]
    assert port > 0
    assert "port" not in near.wait("ready")
    for bodies in ([b"[1]", b"{", b'"\xc3\xbc"'], [b"[[1.5, null]]"]):
        assert remote.ask(*bodies) == near.ask(*bodies)


def test_the_oldest_python_listens_on_tcp(replica: Any) -> None:
    running = replica(ECHO, OLDEST, key=KEY)
    running.wait("ready")
    assert running.predict([1]) == (200, {"prediction": [1]})


def test_a_replica_tells_of_its_model(remote: Any) -> None:
    with remote.connect() as connection:
        connection.sendall(frames.encode_frame(frames.DESCRIBE, 3, b"q" * 32))
        kind, number, payload = receive(connection)
    assert (kind, number) == (frames.DESCRIPTION, 3)
    assert payload[:32] == hmac.new(bytes.fromhex(KEY), b"replica" + b"q" * 32, hashlib.sha256).digest()
    assert json.loads(payload[32:]) == json.loads((remote.status_path.parent / "description.json").read_text())


def test_a_wrong_answer_ends_the_connection(remote: Any) -> None:
    wrong = strangers.answer(b"x" * 32, b"")
    for words in (wrong, b"GET / HTTP/1.1\r\nhost: somebody\r\n\r\n", b"\0" * 5000):
        with remote.call() as connection:
            exactly(connection, strangers.SIZE)
            connection.sendall(words)
            assert ended(connection)
    assert remote.predict(1) == (200, {"prediction": 1})


def test_an_earlier_answer_is_worth_nothing(remote: Any) -> None:
    with remote.call() as first:
        question = exactly(first, strangers.SIZE)
        first.sendall(right(question) + frames.encode_frame(frames.PING, 1))
        assert receive(first)[0] == frames.PONG
        with remote.call() as second:
            assert exactly(second, strangers.SIZE) != question
            second.sendall(right(question) + frames.encode_frame(frames.PING, 1))
            assert ended(second)


def test_nothing_is_done_before_the_answer(remote: Any) -> None:
    with remote.call() as connection:
        connection.sendall(frames.encode_frame(frames.PING, 1) + b"\0" * strangers.SIZE)
        question = exactly(connection, strangers.SIZE)
        assert len(question) == strangers.SIZE
        assert ended(connection)


def test_who_says_nothing_or_half_holds_up_nobody_and_is_sent_away(remote: Any) -> None:
    began = time.monotonic()
    with remote.call() as silent, remote.call() as half:
        exactly(silent, strangers.SIZE)
        half.sendall(right(exactly(half, strangers.SIZE))[:16])
        for number in range(5):
            assert remote.predict(number) == (200, {"prediction": number})
        assert ended(silent)
        assert ended(half)
    assert time.monotonic() - began >= strangers.SECONDS


def test_more_strangers_than_there_is_room_for_hold_up_nobody(remote: Any) -> None:
    callers = [remote.call() for _ in range(3 * strangers.MOST)]
    assert remote.predict(1) == (200, {"prediction": 1})
    assert ended_after_question(callers[0])
    for caller in callers:
        caller.close()
    assert remote.predict(2) == (200, {"prediction": 2})


def ended_after_question(connection: socket.socket) -> bool:
    exactly(connection, strangers.SIZE)
    return ended(connection)


def test_an_answer_that_waited_for_a_prediction_is_in_time(replica: Any) -> None:
    running = replica(SLOW, key=KEY)
    running.wait("ready")
    with running.connect() as busy, running.call() as other:
        question = exactly(other, strangers.SIZE)
        item = frames.Item(frames.JSON, b"{}", str(strangers.SECONDS + 1).encode())
        busy.sendall(frames.encode_frame(frames.PREDICT, 1, frames.encode_items([item])))
        other.sendall(right(question) + frames.encode_frame(frames.PING, 2))
        assert receive(busy)[0] == frames.ANSWER
        assert receive(other)[0] == frames.PONG


@pytest.mark.parametrize("content", ["", "zz", "5e" * 31])
def test_a_key_that_is_none_is_told(replica: Any, tmp_path: Path, content: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "score.py").write_text("raise SystemExit")
    key, status = tmp_path / "key", tmp_path / "status.json"
    key.write_text(content)
    argv = [sys.executable, str(LAUNCH), "--artifact", str(folder), "--listen", "127.0.0.1:0", "--key", str(key)]
    process = subprocess.Popen([*argv, "--status", str(status)], stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while not status.exists() or json.loads(status.read_text())["state"] != "failed":
            assert time.monotonic() < end
            time.sleep(0.01)
        assert json.loads(status.read_text())["error"]["code"] == "replica-key"
    finally:
        process.kill()
        process.wait()


def test_a_port_without_a_key_is_no_option() -> None:
    argv = [sys.executable, str(LAUNCH), "--artifact", ".", "--listen", "127.0.0.1:0", "--status", "s"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "--key FILE" in done.stderr


sent = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 2**64 - 1), st.binary(max_size=60)), max_size=4)


@given(sent, st.data())
def test_the_answer_and_the_frames_survive_any_way_of_cutting_them(
    wanted: list[tuple[int, int, bytes]], data: st.DataObject
) -> None:
    made: list[frames.FrameBuffer] = []

    def proven() -> frames.FrameBuffer:
        made.append(frames.FrameBuffer())
        return made[-1]

    stranger = strangers.Stranger(bytes.fromhex(KEY), proven)
    wire = right(stranger.question) + b"".join(frames.encode_frame(*frame) for frame in wanted)
    received: list[tuple[int, int, bytes]] = []
    while wire:
        size = data.draw(st.integers(1, len(wire)))
        received += list((made[0] if made else stranger).feed(wire[:size]))
        wire = wire[size:]
    assert received == wanted
    assert len(made) == 1


@given(st.binary(max_size=200), st.integers(1, 40))
def test_whatever_else_comes_proves_nothing(words: bytes, size: int) -> None:
    def proven() -> frames.FrameBuffer:
        raise AssertionError("it was let in")

    stranger = strangers.Stranger(bytes.fromhex(KEY), proven)
    try:
        for position in range(0, len(words), size):
            assert list(stranger.feed(words[position : position + size])) == []
    except frames.FrameError:
        assert len(words) >= strangers.SIZE
    else:
        assert len(words) < strangers.SIZE
