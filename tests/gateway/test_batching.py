"""What waits goes to a replica together, where it takes more than one; nobody suffers from the company."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from ads.gateway.pool import share


@pytest.fixture
def batching(make_gateway):
    """Return a function that starts a gateway whose replicas take eight items in a frame."""

    def make(names=("a",), settings=None, **limits):
        gateway = make_gateway(**limits)
        gateway.batch = 8
        gateway.deploy(names, **(settings or {}))
        assert gateway.predict([0])[0] == 200
        return gateway

    return make


def occupy(pool, gateway, seconds, tmp_path, eventually, count=1):
    """Let the replicas be busy; return what is to come of it."""
    notes = [tmp_path / f"busy{number}" for number in range(count)]
    busy = [pool.submit(gateway.predict, {"sleep": seconds, "note": str(note)}) for note in notes]
    eventually(lambda: all(note.exists() for note in notes), what="busy replicas")
    return busy


def test_what_waits_goes_together_and_everybody_gets_its_own(batching, tmp_path, eventually):
    gateway = batching()
    with ThreadPoolExecutor(24) as pool:
        busy = occupy(pool, gateway, 1.0, tmp_path, eventually)
        waiting = [pool.submit(gateway.predict, {"number": number}) for number in range(20)]
        answers = [each.result() for each in waiting]
    assert busy[0].result()[0] == 200
    assert [body["echo"]["number"] for _, _, body in answers] == list(range(20))
    assert all(body["meta"]["request_id"] in headers["opc-request-id"] for _, headers, body in answers)
    assert max(body["count"] for _, _, body in answers) == 8


def test_replicas_share_what_waits(batching, tmp_path, eventually):
    gateway = batching(("a", "b"))
    with ThreadPoolExecutor(16) as pool:
        occupy(pool, gateway, 1.0, tmp_path, eventually, count=2)
        waiting = [pool.submit(gateway.predict, {"sleep": 0.05}) for _ in range(8)]
        answers = [each.result()[2] for each in waiting]
    assert {body["replica"] for body in answers} == {"a", "b"}
    assert max(body["count"] for body in answers) <= 4
    assert [share(8, 2), share(1, 3), share(9, 2), share(5, 0)] == [4, 1, 5, 5]


def test_the_poisonous_one_dies_alone(batching, tmp_path, eventually):
    gateway = batching(("a", "b", "c", "d"))
    with ThreadPoolExecutor(32) as pool:
        occupy(pool, gateway, 0.5, tmp_path, eventually, count=4)
        requests = [{"number": number} for number in range(20)]
        requests.insert(7, {"die": True, "note": str(tmp_path / "deaths")})
        answers = [each.result() for each in [pool.submit(gateway.predict, request) for request in requests]]
    poison = answers.pop(7)
    assert poison[0] == 503
    assert "retry-after" in poison[1]
    assert [body["echo"]["number"] for _, _, body in answers] == list(range(20))
    assert len((tmp_path / "deaths").read_text().split()) == 2


def test_one_that_hangs_takes_nobody_with_it(batching, tmp_path, eventually):
    gateway = batching(("a", "b"), settings={"timeout_seconds": 1.6})
    with ThreadPoolExecutor(16) as pool:
        occupy(pool, gateway, 0.5, tmp_path, eventually, count=2)
        requests = [{"number": 0}, {"sleep": 60}, {"number": 2}, {"number": 3}]
        answers = [each.result() for each in [pool.submit(gateway.predict, request) for request in requests]]
    assert [status for status, _, _ in answers] == [200, 504, 200, 200]


def test_a_large_body_travels_alone(batching, tmp_path, eventually):
    gateway = batching(batch_bytes=1000)
    with ThreadPoolExecutor(16) as pool:
        occupy(pool, gateway, 0.5, tmp_path, eventually)
        large = json.dumps({"text": "x" * 2000}).encode()
        bodies = [b"[1]", large, b"[2]", b"[3]"]
        answers = [each.result() for each in [pool.submit(gateway.predict, body) for body in bodies]]
    assert [status for status, _, _ in answers] == [200] * 4
    assert answers[1][2]["count"] == 1
