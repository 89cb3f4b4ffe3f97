from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ads.node.duties import Duty, Running, Wanted, duties

NAMES = st.sampled_from(["d-1-0", "d-1-1", "e-2-0"])
NUMBERS = st.sampled_from(["x", "y"])
WANTED = st.dictionaries(NAMES, st.builds(Wanted, NUMBERS, st.integers(0, 2), st.booleans()))
HERE = st.dictionaries(NAMES, st.builds(Running, st.one_of(st.none(), NUMBERS), st.integers(0, 2)))


def test_what_is_ordered_is_prepared_then_started() -> None:
    assert duties({"d-1-0": Wanted("x")}, {}, ()) == [Duty("prepare", "d-1-0")]
    assert duties({"d-1-0": Wanted("x", prepared=True)}, {}, ()) == [Duty("start", "d-1-0")]
    assert duties({"d-1-0": Wanted("x", prepared=True)}, {"d-1-0": Running("x")}, ()) == []


def test_what_is_not_ordered_or_was_ordered_anew_is_stopped() -> None:
    assert duties({}, {"d-1-0": Running(None)}, ()) == [Duty("stop", "d-1-0")]
    assert duties({"d-1-0": Wanted("y", prepared=True)}, {"d-1-0": Running("x")}, ()) == [Duty("stop", "d-1-0")]


def test_a_kill_is_followed_once() -> None:
    assert duties({"d-1-0": Wanted("x", 1)}, {"d-1-0": Running("x", 0)}, ()) == [Duty("kill", "d-1-0")]
    assert duties({"d-1-0": Wanted("x", 1)}, {"d-1-0": Running("x", 1)}, ()) == []


@given(WANTED, HERE, st.frozensets(NAMES))
def test_following_the_duties_ends_with_what_is_ordered(
    wanted: dict[str, Wanted], here: dict[str, Running], stopping: frozenset[str]
) -> None:
    stopping = stopping & here.keys()
    found = duties(wanted, here, stopping)
    assert len({duty.replica for duty in found}) == len(found)
    assert not {duty.replica for duty in found} & stopping
    prepared = {name: Wanted(order.number, order.kills, True) for name, order in wanted.items()}
    for _ in range(4):
        here = {name: running for name, running in here.items() if name not in stopping}
        stopping = frozenset()
        for duty in duties(prepared, here, stopping):
            if duty.action == "stop":
                del here[duty.replica]
            else:
                here[duty.replica] = Running(prepared[duty.replica].number, prepared[duty.replica].kills)
    assert {name: running.number for name, running in here.items()} == {n: o.number for n, o in wanted.items()}
    assert duties(prepared, here, ()) == []
