"""What gateways tell is added up once, whatever gateways and connections do."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ads.deploy.rollout import BOUNDS
from ads.deploy.signals import Signals
from ads.home import Home

from .conftest import wait_until

D = "ocid1.datasciencemodeldeployment.oc1.local.x"


class Gateway:
    """The socket of a gateway that says what it is told to say."""

    def __init__(self, folder: Path, name: str) -> None:
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(folder / f"{name}.sock"))
        self.listening.listen()
        self.connection: socket.socket | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        connection, _ = self.listening.accept()
        assert connection.recv(64) == b"watch\n"
        self.connection = connection

    def say(self, **said: Any) -> None:
        wait_until(lambda: self.connection)
        assert self.connection is not None
        deployment = {"load": 0, "samples": 0, "calling": False, "revisions": {}, "compared": 0, "disagreed": 0}
        line = json.dumps({"gateway": 1, "deployments": {D: {**deployment, "pairs": [], **said}}})
        self.connection.sendall(line.encode() + b"\n")

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.listening.close()


def counts(requests: int, errors: int = 0) -> dict[str, Any]:
    return {"requests": requests, "errors": errors, "latency": [requests, *[0] * len(BOUNDS)]}


@pytest.fixture
def woken() -> threading.Event:
    return threading.Event()


@pytest.fixture
def home(machine_folder: Path) -> Home:
    home = Home(machine_folder)
    home.create()
    return home


@pytest.fixture
def machine_folder() -> Iterator[Path]:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="ads") as folder:  # a Unix socket's address is short
        yield Path(folder) / "h"


@pytest.fixture
def signals(home: Home, woken: threading.Event) -> Iterator[Signals]:
    found = Signals(home, woken.set)
    found.start()
    yield found
    found.stop()


def test_several_gateways_are_added_up_and_a_new_one_counts_from_its_beginning(signals: Signals, home: Home) -> None:
    one, two = Gateway(home.gateways, "1"), Gateway(home.gateways, "2")
    one.say(revisions={"1": counts(10, 1)})
    two.say(revisions={"1": counts(5), "2": counts(3, 3)})
    one.say(revisions={"1": counts(12, 1)})
    wait_until(lambda: signals.arm(D, 1).requests == 17)
    assert (signals.arm(D, 1).errors, signals.arm(D, 1).latency[0]) == (1, 17)
    assert (signals.arm(D, 2).requests, signals.arm(D, 2).errors) == (3, 3)
    assert signals.arm(D, 3).requests == 0
    one.close()
    (home.gateways / "1.sock").unlink()
    fresh = Gateway(home.gateways, "3")
    fresh.say(revisions={"1": counts(4)})
    wait_until(lambda: signals.arm(D, 1).requests == 21)
    two.close()
    fresh.close()


def test_the_load_is_what_there_was_on_average_since_the_last_line(signals: Signals, home: Home) -> None:
    one, two = Gateway(home.gateways, "1"), Gateway(home.gateways, "2")
    one.say(load=100, samples=10)
    one.say(load=120, samples=15)
    two.say(load=6, samples=3)
    wait_until(lambda: signals.load(D).in_flight == 6.0)
    one.close()
    wait_until(lambda: signals.load(D).in_flight == 2.0)
    two.close()


def test_a_call_wakes_at_once(signals: Signals, home: Home, woken: threading.Event) -> None:
    one = Gateway(home.gateways, "1")
    one.say(calling=True, load=1, samples=5)
    assert woken.wait(20)
    assert signals.load(D).calling
    assert signals.load(D).in_flight >= 1
    one.close()


def test_differences_are_taken_once_and_bounded(signals: Signals, home: Home) -> None:
    pair = {"request_id": "r", "serving_status": 200, "serving_answer": "1", "shadow_status": 200, "shadow_answer": "2"}
    one = Gateway(home.gateways, "1")
    one.say(compared=300, disagreed=250, pairs=[{**pair, "request_id": str(number)} for number in range(250)])
    wait_until(lambda: signals.compared(D) == (300, 250))
    found = signals.take_pairs(D)
    assert (len(found), found[-1].request_id) == (200, "249")
    assert signals.take_pairs(D) == []
    one.close()


def test_what_cannot_be_read_is_passed_over(signals: Signals, home: Home) -> None:
    one = Gateway(home.gateways, "1")
    wait_until(lambda: one.connection)
    assert one.connection is not None
    one.connection.sendall(b"nonsense\n{}\n")
    one.say(revisions={"1": {"requests": 9, "errors": 0, "latency": [9]}, "2": counts(1)})  # another version's buckets
    wait_until(lambda: signals.arm(D, 2).requests == 1)
    assert signals.arm(D, 1).requests == 0
    one.close()


def test_deployments_that_are_gone_are_forgotten(signals: Signals, home: Home) -> None:
    gateway = Gateway(home.gateways, "1")
    gateway.say(revisions={"1": counts(5)})
    wait_until(lambda: signals.arm(D, 1).requests == 5)
    signals.forget([D])
    assert signals.arm(D, 1).requests == 5
    signals.forget(["another"])
    assert signals.arm(D, 1).requests == 0
    gateway.close()
