from __future__ import annotations

import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ads.deploy.engines.supervisor_client import EngineUnavailable, SupervisorClient


@pytest.fixture
def supervisor() -> Iterator[tuple[Path, list[Any], list[bytes]]]:
    """A socket that notes orders and gives the answers in a list, one for each connection."""
    orders: list[Any] = []
    answers: list[bytes] = []
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        path = Path(folder) / "s.sock"
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, connection.makefile("rb") as file:
                    orders.append(json.loads(file.readline() or b"null"))
                    if answers:
                        connection.sendall(answers.pop(0))

        thread = threading.Thread(target=serve)
        thread.start()
        yield path, orders, answers
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_orders_go_out_as_lines(supervisor: Any) -> None:
    path, orders, answers = supervisor
    answers += [b'{"ok": true, "pid": 5}\n', b'{"ok": true}\n', b'{"ok": true}\n']
    client = SupervisorClient(path)
    assert client.start("replica/a", ["x"], {"A": "1"}, Path("/c"), Path("/l"), 3.0) == 5
    client.stop("replica/a", 3.0)
    client.kill("replica/a")
    assert [order["op"] for order in orders] == ["start", "stop", "kill"]
    assert orders[0]["env"] == {"A": "1"}


def test_children_are_read(supervisor: Any) -> None:
    path, _, answers = supervisor
    child = {"name": "control", "pid": 0, "state": "backoff", "restarts": 2, "exit_code": None, "signal": 9}
    answers.append(json.dumps({"ok": True, "children": [child]}).encode() + b"\n")
    (found,) = SupervisorClient(path).list()
    assert (found.running, found.restarts, found.signal, found.started) == (False, 2, 9, 0.0)


@pytest.mark.parametrize("answer", [b"", b"rubbish\n", b'{"ok": false, "error": "no"}\n'])
def test_a_bad_answer_is_an_error(supervisor: Any, answer: bytes) -> None:
    path, _, answers = supervisor
    answers.append(answer)
    with pytest.raises(EngineUnavailable):
        SupervisorClient(path).kill("x")


def test_nobody_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="doesn't answer"):
        SupervisorClient(tmp_path / "nothing").list()
