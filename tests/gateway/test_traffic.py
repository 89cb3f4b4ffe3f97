"""Two revisions of one deployment: who gets which request, and what callers notice of a bad candidate."""

import json
import socket
import threading

import pytest

from ads.gateway.shadow import same_answer
from tests.gateway.conftest import DEPLOYMENT, TOKEN


@pytest.fixture
def two(make_gateway, eventually):
    """Return a function that publishes two revisions with these weights, and waits until both answer."""
    gateway = make_gateway()

    def publish(serving, candidate, **settings):
        for name in ("old", "new"):
            if name not in gateway.replicas:
                gateway.start_replica(name)
        gateway.deploy(
            (),
            revision=1,
            replicas=[place(gateway, "old", 1, serving), place(gateway, "new", 2, candidate)],
            **settings,
        )
        eventually(lambda: all_ready(gateway), what="both replicas")
        return gateway

    return publish


def place(gateway, name, revision, weight):
    return {"id": name, "socket": str(gateway.home.replica_socket(name)), "revision": revision, "weight": weight}


def all_ready(gateway):
    authorization = {"Authorization": f"Bearer {TOKEN}"}
    with socket.create_connection(gateway.address, 10) as wire:
        lines = "".join(f"{name}: {value}\r\n" for name, value in authorization.items())
        wire.sendall(f"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{lines}\r\n".encode())
        text = b"".join(iter(lambda: wire.recv(65536), b"")).decode()
    return f'openads_replicas{{deployment="{DEPLOYMENT}",state="absent"}} 0' in text


def watch(gateway):
    """Yield what the gateway tells, line by line."""
    (path,) = gateway.home.gateways.glob("*.sock")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(path))
        connection.sendall(b"watch\n")
        for line in connection.makefile("rb"):
            yield json.loads(line)["deployments"].get(DEPLOYMENT, {})


def told(gateway, condition):
    """Return the first thing that the gateway tells and that fulfils the condition."""
    return next(found for found in watch(gateway) if condition(found))


def replicas(gateway, count, **options):
    found = [gateway.predict(number, **options) for number in range(count)]
    assert {status for status, _, _ in found} == {200}
    return [body["replica"] for _, _, body in found]


def test_each_revision_gets_its_exact_share_evenly_spread(two):
    gateway = two(80, 20)
    seen = replicas(gateway, 100)
    assert seen.count("new") == 20
    assert all(seen[begin : begin + 5].count("new") == 1 for begin in range(0, 100, 5))
    counted = told(gateway, lambda found: found["revisions"]["1"]["requests"] == 80)
    assert counted["revisions"]["2"]["requests"] == sum(counted["revisions"]["2"]["latency"]) == 20


def test_a_candidate_without_a_share_gets_nothing_but_what_a_header_names(two):
    gateway = two(100, 0, rules=[{"header": "X-Variant", "value": "b", "revision": 2}])
    assert set(replicas(gateway, 20)) == {"old"}
    assert set(replicas(gateway, 20, headers={"x-variant": "b"})) == {"new"}
    assert set(replicas(gateway, 5, headers={"x-variant": "c"})) == {"old"}


def test_a_caller_stays_with_its_revision_where_a_key_decides(two):
    gateway = two(50, 50, sticky="X-User")
    seen = {user: set(replicas(gateway, 6, headers={"x-user": f"u{user}"})) for user in range(12)}
    assert all(len(found) == 1 for found in seen.values())
    assert set.union(*seen.values()) == {"old", "new"}


def test_what_a_candidate_fails_on_is_answered_by_the_serving_revision(two):
    gateway = two(50, 50)
    found = [gateway.predict({"status": 500, "only": "new"}) for _ in range(20)]
    assert {status for status, _, _ in found} == {200}
    assert {body["replica"] for _, _, body in found} == {"old"}
    counted = told(gateway, lambda seen: seen["revisions"]["2"]["requests"] == 10)["revisions"]
    assert counted["2"]["errors"] == 10
    assert counted["1"] | {"latency": 0} == {"requests": 20, "errors": 0, "latency": 0}
    assert gateway.predict({"status": 500})[0] == 500  # both fail: that is the answer


def test_a_candidate_that_dies_loses_nothing(two, eventually):
    gateway = two(50, 50)
    found = [gateway.predict({"die": "new"}) for _ in range(10)]
    assert {status for status, _, _ in found} == {200}
    assert {body["replica"] for _, _, body in found} == {"old"}


def test_what_waits_for_a_revision_that_leaves_goes_to_the_one_that_stays(two):
    gateway = two(0, 100)
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(gateway.predict({"sleep": 0.2, "only": "new"})))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    told(gateway, lambda seen: seen["samples"] > 0)
    gateway.deploy((), revision=1, replicas=[place(gateway, "old", 1, 100)])
    for thread in threads:
        thread.join(20)
    assert [status for status, _, _ in answers] == [200] * 4
    assert set(replicas(gateway, 5)) == {"old"}


def test_a_shadow_sees_copies_and_its_different_answers_are_told(two):
    gateway = two(100, 0, shadow=2, shadow_percent=50)
    assert set(replicas(gateway, 20)) == {"old"}
    seen = told(gateway, lambda found: found["compared"] == 10)
    assert seen["disagreed"] == 10
    first = seen["pairs"][0]
    assert json.loads(first["serving_answer"])["replica"] == "old"
    assert json.loads(first["shadow_answer"])["replica"] == "new"
    assert first["request_id"]
    assert told(gateway, bool)["pairs"] == []  # each is told once


def test_a_slow_shadow_keeps_nobody_waiting(two, eventually):
    gateway = two(100, 0, shadow=2)
    for _ in range(50):
        assert gateway.predict({"sleep": 20, "only": "new"})[2]["replica"] == "old"
    assert told(gateway, bool)["compared"] == 0


def test_the_first_request_is_held_until_there_is_a_replica(make_gateway):
    gateway = make_gateway(queue_seconds=0.5)
    gateway.deploy((), revision=1, hold_seconds=30.0)
    answers = []
    caller = threading.Thread(target=lambda: answers.append(gateway.predict("first")))
    caller.start()
    assert told(gateway, lambda found: found["calling"])
    for _ in zip(range(3), watch(gateway), strict=False):  # longer than requests wait for a busy replica
        assert not answers
    gateway.start_replica("a")
    gateway.deploy(("a",), revision=1, hold_seconds=30.0, start=False)
    caller.join(20)
    assert answers[0][0] == 200
    assert answers[0][2]["echo"] == "first"


def test_a_request_is_not_held_for_ever(make_gateway):
    gateway = make_gateway(queue_seconds=0.1)
    gateway.deploy((), revision=1, hold_seconds=0.5)
    status, headers, _ = gateway.predict("first")
    assert (status, "Retry-After" in {name.title() for name in headers}) == (503, True)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b"[1, 2]", b"[1,2]", True),
        (b'{"a": 0.1, "b": 1}', b'{"b": 1, "a": 0.10000000001}', True),
        (b"[0.1]", b"[0.2]", False),
        (b"[1]", b"[1, 1]", False),
        (b"[true]", b"[1]", False),
        (b'{"a": 1}', b'{"a": 1, "b": null}', False),
        (b"not JSON", b"[1]", False),
        (b'"a"', b'"b"', False),
    ],
)
def test_answers_are_the_same_when_they_mean_the_same(one, other, same):
    assert same_answer(one, other) is same
