"""A gateway between raw sockets and replicas, and the canaries that must be right after every abuse of it."""

import contextlib
import json
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ads.home import Home
from tests.gateway.conftest import DEPLOYMENT, Control, Gateway

PREDICT = f"/{DEPLOYMENT}/predict"
LIVE = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
CHUNKED = "transfer-encoding: chunked"
LENGTH = "content-length: 3"
UNKNOWN = f"/{DEPLOYMENT[:-1]}b/predict"


def canary(gateway):
    """Make four predictions at once; each must get its own answer."""

    def predict(number):
        status, _, body = gateway.predict({"number": number})
        return status, body["echo"]["number"]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(predict, range(4))) == [(200, number) for number in range(4)]


@pytest.fixture(scope="module")
def abused():
    root = Path(tempfile.mkdtemp(prefix="oah"))
    gateway = Gateway(Home(root), {})
    control = Control(gateway.home.control_socket)
    try:
        gateway.deploy(("a", "b"))
        yield gateway.start()
    finally:
        control.stop()
        gateway.stop()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def door(abused):
    """The gateway; at the end of every test its canaries are right and it has not grown a connection."""
    canary(abused)
    yield abused
    canary(abused)
    for wire in abused.wires:
        wire.close()
    abused.wires.clear()


@pytest.fixture
def strict_door():
    """Return a function that starts a gateway of its own, with deadlines that a test can wait for."""
    made = []

    def make(**limits):
        root = Path(tempfile.mkdtemp(prefix="oah"))
        made.append(Gateway(Home(root), limits))
        made[-1].deploy(("a", "b"))
        return made[-1].start()

    yield make
    for gateway in made:
        canary(gateway)
        gateway.stop()
        shutil.rmtree(gateway.home.root, ignore_errors=True)


def refused(gateway, data, *statuses):
    """Send this and a request behind it: one answer with one of these statuses, as JSON, and the end."""
    wire = gateway.connect()
    with contextlib.suppress(OSError):
        wire.send(data + LIVE)
    status, headers, body = wire.answer()
    assert status in statuses, (data[:200], status, body)
    assert headers["content-type"] == "application/json"
    assert set(json.loads(body)) == {"code", "message"}
    assert headers["opc-request-id"]
    assert wire.closed(), data[:200]


def answered(gateway, data):
    """Send this; return status and body of the answer."""
    status, _, body = gateway.connect().send(data).answer()
    return status, body
