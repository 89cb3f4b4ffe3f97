"""A replica that fails at what the others can do rests; what all fail at is nobody's fault here."""

from hypothesis import given
from hypothesis import strategies as st

from ads.gateway.outliers import Outliers


def test_five_faults_in_a_row_while_the_others_are_good():
    outliers = Outliers()
    for number in range(5):
        assert not outliers.observe("b", False, number, "ab")
        assert outliers.observe("a", True, number, "ab") is (number == 4)
    assert outliers.resting == {"a": 14}
    assert not outliers.sweep(13)
    assert outliers.sweep(14)
    assert not outliers.resting
    outliers.observe("b", False, 15, "ab")
    assert outliers.observe("a", True, 16, "ab")  # on probation
    outliers.forget("a")
    assert not outliers.resting


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 3)), max_size=200))
def test_there_is_always_one_that_works(steps):
    outliers, now = Outliers(), 0.0
    for name, faulty, pause in steps:
        now += pause
        outliers.sweep(now)
        outliers.observe(name, faulty, now, "abc")
        assert len(outliers.resting) < 3


def test_what_all_fail_at_ejects_nobody():
    outliers = Outliers()
    for number in range(50):
        assert not outliers.observe("ab"[number % 2], True, number, "ab")
    assert not outliers.observe("c", True, 60, "c")


def test_the_others_carry_on(make_gateway, eventually):
    gateway = make_gateway()
    gateway.deploy(("a", "b"))
    eventually(lambda: gateway.predict([1])[2].get("replica") == "b", what="both replicas")
    eventually(lambda: gateway.predict([1])[2].get("replica") == "a", what="both replicas")
    seen = []
    for _ in range(40):
        status, _, _ = gateway.predict({"status": 500, "only": "a"})
        seen.append(status)
    assert seen.count(500) in range(5, 9)
    assert seen[-20:] == [200] * 20


def test_every_503_says_when_to_come_again(make_gateway):
    gateway = make_gateway()
    gateway.deploy()
    for status in (429, 503):
        got, headers, _ = gateway.predict({"status": status})
        assert (got, headers["retry-after"]) == (status, "1")
