from hypothesis import given
from hypothesis import strategies as st

from ads.service.backoff import STABLE_SECONDS, next_crashes, pause


def test_at_once_then_doubling_up_to_a_minute():
    assert [pause(crashes) for crashes in range(1, 11)] == [0, 0.5, 1, 2, 4, 8, 16, 32, 60, 60]


def test_a_child_that_lived_long_begins_again():
    assert next_crashes(7, STABLE_SECONDS) == 1
    assert next_crashes(7, 1.0) == 8


@given(st.integers(0, 10**9))
def test_pauses_never_shrink_and_are_bounded(crashes):
    assert 0 <= pause(crashes) <= pause(crashes + 1) <= 60
