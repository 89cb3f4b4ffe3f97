"""A replica that hangs is passed over; nobody waits for it, and it is welcome again once it answers."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import psutil


def test_a_stopped_replica_costs_nobody_its_answer(make_gateway, eventually):
    gateway = make_gateway(silent_seconds=0.5)
    gateway.deploy(("a", "b"))
    for _ in range(6):
        assert gateway.predict([0])[0] == 200
    gateway.replicas["a"].send_signal(signal.SIGSTOP)
    stopped = psutil.Process(gateway.replicas["a"].pid)
    eventually(lambda: stopped.status() == psutil.STATUS_STOPPED, what="the stop")
    with ThreadPoolExecutor(4) as pool:
        begin = time.monotonic()
        answers = list(pool.map(lambda number: gateway.predict({"number": number}), range(40)))
        seconds = time.monotonic() - begin
    assert [(status, body["echo"]["number"], body["replica"]) for status, _, body in answers] == [
        (200, number, "b") for number in range(40)
    ]
    assert seconds < 10
    gateway.replicas["a"].send_signal(signal.SIGCONT)
    eventually(lambda: gateway.predict([1])[2]["replica"] == "a", what="work for the replica that is back")


def test_one_that_hangs_everywhere_is_tried_twice_and_ends(make_gateway, tmp_path):
    gateway = make_gateway(silent_seconds=0.3)
    gateway.deploy(("a", "b", "c"), timeout_seconds=2.0)
    for _ in range(6):
        assert gateway.predict([0])[0] == 200
    note = tmp_path / "note"
    status, _, body = gateway.predict({"sleep": 30, "note": str(note)})
    assert (status, body["code"]) == (504, "GatewayTimeout")
    assert len(note.read_text().split()) == 2
    assert gateway.predict([1])[0] == 200


def test_the_first_answer_counts_even_when_the_silent_one_dies(make_gateway, tmp_path, eventually):
    gateway = make_gateway(silent_seconds=0.3)
    gateway.deploy(("a", "b"))
    for _ in range(6):
        assert gateway.predict([0])[0] == 200
    note = tmp_path / "note"
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(gateway.predict, {"sleep": 1.5, "note": str(note)})
        eventually(lambda: note.exists() and len(note.read_text().split()) == 2, what="a second try")
        first = note.read_text().split()[0]
        gateway.replicas[first].kill()
        status, _, body = answer.result()
    assert status == 200
    assert body["replica"] != first


def test_a_slow_model_is_not_taken_for_a_hanging_one(make_gateway, tmp_path):
    gateway = make_gateway(silent_seconds=0.1)
    gateway.deploy(("a", "b"))
    assert gateway.predict({"sleep": 0.5})[0] == 200
    note = tmp_path / "note"
    assert gateway.predict({"sleep": 2, "note": str(note)})[0] == 200
    assert len(note.read_text().split()) == 1
