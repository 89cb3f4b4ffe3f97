"""Replicas on TCP: the gateway knows them by their key, and they answer as those of this machine do."""

import json
import shutil
import socket
import tempfile
import threading
from pathlib import Path

import pytest

from ads.home import Home
from ads.worker.frames import DESCRIPTION, encode_frame

from .conftest import DEPLOYMENT, Gateway, eventually
from .served_model import ServedModel, prepare_iris

KEY = "a7" * 32
OTHER = DEPLOYMENT[:-1] + "b"


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A gateway with the iris model twice: on a Unix socket, and (OTHER) on TCP."""
    root = Path(tempfile.mkdtemp(prefix="oag"))
    gateway = Gateway(Home(root), {})
    folder, _, gateway.frame = prepare_iris(tmp_path_factory.mktemp("iris"))
    served = []
    try:
        gateway.start()
        served.append(ServedModel(gateway, folder, DEPLOYMENT))
        served.append(ServedModel(gateway, folder, OTHER, name="remote", key=KEY))
        gateway.remote = served[1]
        yield gateway
    finally:
        for each in served:
            each.close()
        gateway.stop()
        shutil.rmtree(root, ignore_errors=True)


def routed(gateway, *places):
    gateway.deploy((), OTHER, name="remote", replicas=list(places))


class Impostor:
    """Something else that listens at an address: it says ``words`` to everybody, then nothing."""

    def __init__(self, words=b""):
        self._words = words
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._connections = []
        self.heard = b""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._connections.append(connection)
            if self._words:
                connection.sendall(self._words)
                self.heard += connection.recv(1 << 16)

    @property
    def place(self):
        return {"id": "impostor", "socket": f"tcp://127.0.0.1:{self._listening.getsockname()[1]}", "key": KEY}

    def close(self):
        for each in (self._listening, *self._connections):
            each.close()


@pytest.mark.parametrize("body", [[[5.1, 3.5, 1.4, 0.2]], {"data": [[6.0, 3.0, 4.8, 1.8]]}, b"{", [["x"]]])
def test_answers_are_those_of_a_replica_on_this_machine(both, body):
    routed(both, both.remote.place)
    near, far = (both.predict(body, deployment=deployment) for deployment in (DEPLOYMENT, OTHER))
    assert near[0] == far[0]
    for answer in (near[2], far[2]):
        answer.pop("requestId", None)
    assert near[2] == far[2]


def test_a_deployment_of_remote_replicas_describes_its_model(both):
    routed(both, both.remote.place)
    assert both.predict([[5.1, 3.5, 1.4, 0.2]], deployment=OTHER)[0] == 200
    answers = [both.request("GET", f"/{deployment}/v2/models/model")[2] for deployment in (DEPLOYMENT, OTHER)]
    assert answers[0]["inputs"]
    assert answers[0]["inputs"] == answers[1]["inputs"]
    kept = both.home.deployment(OTHER) / "remote" / "description.json"
    assert kept.stat().st_mode & 0o077 == 0
    routed(both)
    eventually(lambda: not kept.exists(), what="forgetting a replica that left the table")


def test_a_wrong_key_reaches_no_replica_until_the_right_one_comes(both):
    routed(both, {**both.remote.place, "key": "00" * 32})
    status, headers, _ = both.predict([[5.1, 3.5, 1.4, 0.2]], deployment=OTHER, headers={"request-timeout": "2"})
    assert status in (503, 504), headers
    assert both.predict([[5.1, 3.5, 1.4, 0.2]])[0] == 200
    routed(both, both.remote.place)
    assert both.predict([[5.1, 3.5, 1.4, 0.2]], deployment=OTHER)[0] == 200


DESCRIBED = encode_frame(DESCRIPTION, 0, b"p" * 32 + b"{}")


@pytest.mark.parametrize("words", [b"", b"short", b"q" * 32, b"q" * 32 + b"\xff" * 400, b"q" * 32 + DESCRIBED])
def test_who_is_no_replica_gets_no_request(both, words):
    impostor = Impostor(words)
    try:
        routed(both, impostor.place, both.remote.place)
        for _ in range(20):
            assert both.predict([[5.1, 3.5, 1.4, 0.2]], deployment=OTHER)[0] == 200
        assert b"5.1" not in impostor.heard
    finally:
        impostor.close()
        routed(both, both.remote.place)


def test_a_route_with_an_address_that_is_none_leaves_the_last_table(both):
    routed(both, both.remote.place)
    for place in ({"id": "x", "socket": "tcp://nowhere"}, {"id": "x", "socket": "tcp://h:1", "key": "no"}):
        routed(both, place)
        assert both.predict([[5.1, 3.5, 1.4, 0.2]], deployment=OTHER)[0] == 200
    routed(both, both.remote.place)
    assert json.loads(both.home.routes_file.read_text())["generation"] == both.generation
