from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ads.client.retries import Attempt, Retries, parse_retry_after


def test_a_busy_answer_is_tried_again_after_the_time_it_names() -> None:
    delay = Retries().delay(Attempt("POST", 1, status=503, retry_after=2.0), 0.0)
    assert delay is not None
    assert 2.0 <= delay < 2.2


def test_a_busy_answer_that_names_a_long_time_is_left_to_the_caller() -> None:
    assert Retries().delay(Attempt("GET", 1, status=429, retry_after=3600.0), 0.0) is None


def test_a_service_that_starts_again_is_waited_for_longer_than_one_that_is_too_busy() -> None:
    rules = Retries()
    waited = [rules.delay(Attempt("GET", number, status=503, retry_after=1.0), 0.5) for number in range(1, 21)]
    assert sum(each for each in waited if each is not None) > 19
    assert waited[-1] is None
    for busy in (Attempt("GET", 5, status=429, retry_after=1.0), Attempt("GET", 5, status=503)):
        assert rules.delay(busy, 0.5) is None


def test_an_error_that_will_not_pass_is_not_tried_again() -> None:
    for status in (400, 401, 404, 409, 412, 413, 500):
        assert Retries().delay(Attempt("GET", 1, status=status), 0.5) is None


def test_a_post_that_may_have_arrived_is_not_sent_twice() -> None:
    assert Retries().delay(Attempt("POST", 1, sent=True), 0.5) is None
    assert Retries().delay(Attempt("POST", 1, sent=True, repeatable=True), 0.5) is not None
    assert Retries().delay(Attempt("POST", 1, sent=False), 0.5) is not None


@given(number=st.integers(1, 50), jitter=st.floats(0, 1))
def test_delays_are_bounded_and_attempts_end(number: int, jitter: float) -> None:
    rules = Retries()
    delay = rules.delay(Attempt("GET", number), jitter)
    assert (delay is None) == (number >= rules.attempts)
    assert delay is None or 0 < delay <= rules.longest_delay


def test_retry_after_is_read_as_seconds() -> None:
    assert [parse_retry_after(v) for v in ("3", "0.5", None, "soon", "-1", "inf")] == [3.0, 0.5, None, None, None, None]
