"""Verbs, compartments and scopes: rules that hold for every tree, every grant and every scope."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ads.identity.access import EVERYTHING, VERBS, CompartmentTree, Permissions, Scope, Verb, rank_of

TREE = CompartmentTree({"t": None, "a": "t", "aa": "a", "aaa": "aa", "b": "t"})
PLACES = ("t", "a", "aa", "aaa", "b")
DEPLOYMENTS = ("d1", "d2", "d3")

grants = st.dictionaries(st.sampled_from(PLACES), st.sampled_from(VERBS))
scopes = st.builds(
    Scope,
    st.sampled_from(VERBS),
    st.none() | st.sampled_from(PLACES),
    st.none() | st.frozensets(st.sampled_from(DEPLOYMENTS), min_size=1),
    st.none() | st.floats(1, 100),
)
questions = st.tuples(st.sampled_from(VERBS), st.sampled_from(PLACES), st.sampled_from(("", *DEPLOYMENTS)))
Question = tuple[Verb, str, str]
unhurried = settings(deadline=None)


def test_chains() -> None:
    assert TREE.root == "t"
    assert TREE.chain("aaa") == ("aaa", "aa", "a", "t")
    assert TREE.chain("elsewhere") == ()
    assert set(TREE) == set(PLACES)
    assert CompartmentTree({"x": "y", "y": "x"}).chain("x") == ("x", "y")  # a broken table must not hang anybody


@unhurried
@given(grants, questions)
def test_a_verb_includes_those_before_it(held: dict[str, str], question: Question) -> None:
    verb, place, deployment = question
    permissions = Permissions(held, EVERYTHING, TREE)
    if permissions.allows(verb, place, deployment):
        assert all(permissions.allows(lower, place, deployment) for lower in VERBS[: rank_of(verb)])


@unhurried
@given(grants, questions)
def test_a_grant_holds_below(held: dict[str, str], question: Question) -> None:
    verb, place, _ = question
    expected = any(rank_of(held.get(above, "")) >= rank_of(verb) for above in TREE.chain(place))
    assert Permissions(held, EVERYTHING, TREE).allows(verb, place) is expected


@unhurried
@given(grants, scopes, questions)
def test_a_scope_adds_nothing(held: dict[str, str], scope: Scope, question: Question) -> None:
    if Permissions(held, scope, TREE).allows(*question):
        assert Permissions(held, EVERYTHING, TREE).allows(*question)


@unhurried
@given(grants, scopes, scopes, questions)
def test_a_covered_scope_allows_no_more(held: dict[str, str], wide: Scope, narrow: Scope, question: Question) -> None:
    if wide.covers(narrow, TREE):
        assert wide.expires is None or (narrow.expires or 1000) <= wide.expires
        if Permissions(held, narrow, TREE).allows(*question):
            assert Permissions(held, wide, TREE).allows(*question)


@unhurried
@given(scopes)
def test_scopes_cover_themselves_and_survive_the_table(scope: Scope) -> None:
    assert EVERYTHING.covers(scope, TREE)
    assert scope.covers(scope, TREE)
    assert Scope.from_json(scope.as_json(), scope.expires) == scope
    assert EVERYTHING.whole
    assert scope.whole is (scope == EVERYTHING)


@unhurried
@given(grants, scopes, questions)
def test_who_is_unlimited_may_do_everything(held: dict[str, str], scope: Scope, question: Question) -> None:
    permissions = Permissions(held, scope, TREE)
    if permissions.unlimited:
        assert permissions.allows(*question)


@pytest.mark.parametrize("verb", ["", "own", "MANAGE", "manage "])
def test_a_word_that_is_no_verb_allows_nothing(verb: str) -> None:
    assert not Permissions({"t": verb}, EVERYTHING, TREE).allows("inspect", "t")
    assert not Permissions({"t": "manage"}, Scope.from_json({"verb": verb}), TREE).allows("inspect", "t")


def test_a_scope_that_cannot_be_read_allows_nothing() -> None:
    assert not Permissions({"t": "manage"}, Scope.from_json({}), TREE).allows("inspect", "t")
