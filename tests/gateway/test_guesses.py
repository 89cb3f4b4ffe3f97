"""Wrong credentials: slowed down by address, never at the cost of good ones."""

import http.client

import pytest

from ads.gateway.guesses import Guesses

from .conftest import DEPLOYMENT, TOKEN


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_a_burst_and_then_a_rate():
    clock = Clock()
    guesses = Guesses(3, 0.5, clock)
    assert [guesses.wrong("a") for _ in range(5)] == [0, 0, 0, 2, 2]
    assert guesses.exceeded("a")
    assert not guesses.exceeded("b")
    clock.now += 2
    assert not guesses.exceeded("a")
    assert [guesses.wrong("a"), guesses.wrong("a")] == [0, 2]
    clock.now += 1000
    assert [guesses.wrong("a") for _ in range(4)] == [0, 0, 0, 2]


def test_a_stopped_guesser_is_free_again_as_soon_as_he_was_told():
    clock = Clock()
    guesses = Guesses(1, 0.1, clock)
    guesses.wrong("a")
    wait = guesses.wrong("a")
    for _ in range(50):  # trying in between doesn't make it longer
        guesses.wrong("a")
    clock.now += wait
    assert guesses.wrong("a") == 0


def test_what_is_remembered_is_bounded_and_one_network_is_one_peer():
    guesses = Guesses(3, 1.0, Clock())
    for number in range(10_000):
        guesses.wrong(f"10.0.{number // 256}.{number % 256}")
    assert len(guesses) <= 4096
    guesses = Guesses(2, 1.0, Clock())
    assert [guesses.wrong(f"2001:db8::{n:x}") for n in range(4)] == [0, 0, 1, 1]
    assert not guesses.exceeded("2001:db8:0:1::1")
    assert guesses.wrong("fe80::1%eth0") == 0
    assert guesses.wrong("not an address: really") == 0


@pytest.fixture
def gateway(make_gateway):
    made = make_gateway(wrong_credentials=10, wrong_credentials_per_second=0.01)
    made.deploy(("a",))
    return made


def test_predictions_with_wrong_tokens_become_429_and_the_right_one_passes(gateway):
    answers = [gateway.predict({"x": 1}, token=f"wrong-{number}") for number in range(30)]
    assert [status for status, _, _ in answers] == [401] * 10 + [429] * 20
    _, headers, body = answers[-1]
    assert 0 < int(headers["retry-after"]) <= 100
    assert body["code"] == "TooManyRequests"
    assert gateway.predict({"x": 1})[0] == 200
    assert gateway.predict({"x": 1}, token=None)[0] == 401  # no credential is no guess


def test_wrong_tokens_for_control_become_429_and_the_right_one_passes(gateway, start_control):
    start_control(gateway)
    statuses = [gateway.request("GET", "/early", token=f"wrong-{number}")[0] for number in range(30)]
    assert statuses == [401] * 10 + [429] * 20
    assert gateway.request("GET", "/x")[0] == 200
    assert gateway.predict({"x": 1}, token="wrong")[0] == 429


def test_a_refused_guess_with_a_body_leaves_the_connection_in_order(gateway, start_control):
    start_control(gateway)
    for number in range(12):
        gateway.predict({"x": 1}, token=f"wrong-{number}")
    connection = http.client.HTTPConnection(*gateway.address, timeout=30)
    for token, status in (("wrong", 429), (TOKEN, 200), ("wrong", 429), (TOKEN, 200)):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request("POST", "/x", b'{"a": 1}', headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
        connection.request("POST", f"/{DEPLOYMENT}/predict", b'{"a": 1}', headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.close()
