from hypothesis import given
from hypothesis import strategies as st

from ads.service.backoff import next_crashes, pause


def test_at_once_then_doubling_up_to_a_minute():
    crashes, pauses = 0, []
    for _ in range(10):
        crashes = next_crashes(crashes, 0.1)
        pauses.append(pause(crashes))
    assert pauses == [0, 0.5, 1, 2, 4, 8, 16, 32, 60, 60]


def test_a_child_that_lived_long_begins_again():
    assert next_crashes(7, 10.0) == 1
    assert next_crashes(7, 1.0) == 8


def test_between_starts_of_a_child_that_was_killed_or_had_started_is_half_a_second():
    crashes = 0
    for turn in range(50):
        crashes = next_crashes(crashes, 0.3, killed=True) if turn % 2 else next_crashes(crashes, 3.0)
        assert pause(crashes) <= 0.5


@given(st.integers(0, 10**9))
def test_pauses_never_shrink_and_are_bounded(crashes):
    assert 0 <= pause(crashes) <= pause(crashes + 1) <= 60
