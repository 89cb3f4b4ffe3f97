from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ads.deploy.presence import GONE_AFTER, Presence


def test_a_node_is_there_once_its_heart_has_beaten_and_gone_after_five_seconds() -> None:
    presence = Presence()
    presence.look({"a": 1}, 0.0)
    assert not presence.there("a")
    assert not presence.gone("a")
    presence.look({"a": 2}, 1.0)
    assert presence.there("a")
    for second in range(2, 6):
        presence.look({"a": 2}, float(second))
        assert presence.there("a")
    presence.look({"a": 2}, 1.0 + GONE_AFTER)
    assert presence.gone("a")
    assert not presence.there("a")
    presence.look({"a": 3}, 7.0)
    assert presence.there("a")


def test_who_leaves_the_list_is_gone_at_once() -> None:
    presence = Presence()
    presence.look({"a": 1}, 0.0)
    presence.look({"a": 2}, 1.0)
    presence.look({}, 1.5)
    assert presence.gone("a")


def test_time_in_which_nobody_looked_makes_nobody_gone() -> None:
    presence = Presence()
    presence.look({"a": 1, "b": 1}, 0.0)
    presence.look({"a": 2, "b": 2}, 1.0)
    presence.look({"a": 2, "b": 3}, 60.0)  # the database was away
    assert not presence.gone("a")
    assert not presence.there("a")
    assert presence.there("b")
    for half in range(1, int(2 * GONE_AFTER) + 1):
        presence.look({"a": 2, "b": 3 + half}, 60.0 + half / 2)
    assert presence.gone("a")
    assert presence.there("b")


@given(st.lists(st.tuples(st.floats(0.0, 10.0), st.booleans()), max_size=40))
def test_a_node_whose_heart_beats_is_never_gone(steps: list[tuple[float, bool]]) -> None:
    presence, now, beat, last = Presence(), 0.0, 0, 0.0
    presence.look({"a": beat}, now)
    for pause, beats in steps:
        now += pause
        if beats:
            beat, last = beat + 1, now
        presence.look({"a": beat}, now)
        if now - last < GONE_AFTER:
            assert not presence.gone("a")
        assert not (presence.gone("a") and presence.there("a"))
