"""More than fits: who would wait in vain is told at once, and the others are answered as fast as ever."""

from concurrent.futures import ThreadPoolExecutor

from ads.gateway.pace import Pace


def test_the_wait_is_known_after_a_few_answers():
    pace = Pace()
    assert pace.wait(1000) == 0.0
    for step in range(11):
        pace.note(20 * step, step * 0.2, waiting=True)  # a hundred a second
    assert 9.9 < pace.wait(1000) < 10.1
    assert pace.wait(0) == 0.0


def test_an_empty_queue_forgets():
    pace = Pace()
    for step in range(11):
        pace.note(20 * step, step * 0.2, waiting=True)
    pace.note(500, 3.0, waiting=False)
    assert pace.wait(1000) == 0.0
    pace.note(100_000, 60.0, waiting=True)  # what was answered meanwhile did not wait
    assert pace.wait(1000) == 0.0


def test_it_follows_a_slower_pace():
    pace = Pace()
    total = 0
    for step in range(200):
        total += 20 if step < 50 else 2
        pace.note(total, step * 0.2, waiting=True)
    assert 7.0 < pace.wait(100) < 10.1  # ten a second now


def test_who_would_wait_in_vain_is_told_at_once(make_gateway, eventually):
    gateway = make_gateway(queue_seconds=5)
    gateway.deploy(("a",))
    with ThreadPoolExecutor(200) as clients:
        asked = [clients.submit(gateway.predict, {"sleep": 0.05}) for _ in range(200)]  # twenty a second are answered
        eventually(lambda: sum(each.done() for each in asked) > 20, what="answers")
        status, headers, _ = gateway.predict([1])
        refused_so_far = [each for each in asked if each.done() and each.result()[0] != 200]
        assert (status, headers["retry-after"]) == (503, "1")
        assert refused_so_far == []  # nobody's patience has ended yet
        statuses = {each.result()[0] for each in asked}
    assert statuses == {200, 503}
    assert gateway.predict([1])[0] == 200
