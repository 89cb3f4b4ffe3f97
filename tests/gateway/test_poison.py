"""A request that ends replicas: tried on two of them, then refused for a while, so that a repetition ends none."""

import json

from ads.gateway.frames import BYTES, JSON, Input
from ads.gateway.poison import Poison

KILLER = {"die": True}


def bring_back(gateway, eventually):
    for name in ("a", "b"):
        gateway.replicas[name].wait(10)
        gateway.start_replica(name)
    eventually(lambda: {gateway.predict([1])[2].get("replica") for _ in range(4)} == {"a", "b"}, what="both replicas")


def test_a_repetition_ends_no_replica(make_gateway, eventually):
    gateway = make_gateway()
    gateway.deploy(("a", "b"))
    status, headers, _ = gateway.predict(KILLER)
    assert (status, headers["retry-after"]) == (503, "5")
    bring_back(gateway, eventually)
    for _ in range(3):
        status, headers, body = gateway.predict(KILLER)
        assert (status, body["code"]) == (422, "RequestEndsReplicas")
        assert 1 <= int(headers["retry-after"]) <= 30
    assert gateway.predict([2])[0] == 200
    assert [gateway.replicas[name].poll() for name in ("a", "b")] == [None, None]


def test_a_new_revision_is_asked_again(make_gateway, eventually):
    gateway = make_gateway()
    gateway.deploy(("a", "b"))
    assert gateway.predict(KILLER)[0] == 503
    bring_back(gateway, eventually)
    assert gateway.predict(KILLER)[0] == 422
    sockets = [{"id": name, "socket": str(gateway.home.replica_socket(name)), "revision": 2} for name in ("a", "b")]
    gateway.deploy((), replicas=sockets, revision=2)
    eventually(lambda: gateway.predict([1])[0] == 200)
    assert gateway.predict(KILLER)[0] == 503


def test_the_time_doubles_and_the_memory_is_bounded():
    now = [0.0]
    poison = Poison(lambda: now[0])
    item = Input(JSON, b"{}", b"[1]")
    assert poison.seconds(item) == 0
    waits = []
    for _ in range(7):
        poison.note(item)
        waits.append(poison.seconds(item))
        now[0] += waits[-1]
        assert poison.seconds(item) == 0
    assert waits == [30, 60, 120, 240, 480, 600, 600]
    poison.note(item)
    assert poison.seconds(Input(BYTES, b"{}", b"[1]")) == 0  # another kind of body
    for number in range(1000):
        poison.note(Input(JSON, b"", json.dumps(number).encode()))
    assert len(poison.suspects) == 256
    poison.clear()
    assert poison.seconds(item) == 0
