"""The language of search: every text is read or refused with its place, and what is written back means the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ads.errors import InputError
from ads.registry.search_grammar import MOST_TERMS, Term, fold, number_of, parse_query, query_text


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("", []),
        ("  churn\tforecast ", [Term("churn"), Term("forecast")]),
        ('"churn forecast"', [Term("churn forecast")]),
        ("chur*", [Term("chur", prefix=True)]),
        ('"chur*"', [Term("chur*")]),
        ("*", [Term("*")]),
        ("framework:xgboost", [Term("xgboost", "framework")]),
        ('tag.team:"data science"', [Term("data science", "tag.team")]),
        ("framework:xg*", [Term("xg", "framework", prefix=True)]),
        ("auc>0.9", [Term("0.9", "auc", ">")]),
        ("auc>=.9 loss<=1e-3", [Term(".9", "auc", ">="), Term("1e-3", "loss", "<=")]),
        ("version=3", [Term("3", "version", "=")]),
        ('"f1 score">0.5', [Term("0.5", "f1 score", ">")]),
        ("-state:inactive -churn", [Term("inactive", "state", negated=True), Term("churn", negated=True)]),
        ("url:http://a:b=c", [Term("http://a:b=c", "url")]),
        (r'note:"a \"quoted\" \\ word"', [Term('a "quoted" \\ word', "note")]),
        ('owner:""', [Term("", "owner")]),
        ("loss>-1", [Term("-1", "loss", ">")]),
    ],
)  # fmt: skip
def test_what_queries_mean(query: str, terms: list[Term]) -> None:
    assert parse_query(query) == terms


@pytest.mark.parametrize(
    ("query", "position", "word"),
    [
        ('churn "open', 7, "closed"),
        (":x", 1, "field"),
        ("auc>", 5, "follows"),
        ("auc>high", 5, "number"),
        ("auc>1*", 5, "number"),
        ("auc=nan", 5, "number"),
        ("a -", 3, "-"),
        ("- a", 1, "-"),
        ('"a"b', 4, "stand"),
        ('a"b', 2, "stand"),
        ('f:"a"b', 6, "stand"),
        ('" "', 1, "word"),
        (" ".join(["a"] * (MOST_TERMS + 1)), 2 * MOST_TERMS + 1, "terms"),
    ],
)
def test_refusals_name_the_place(query: str, position: int, word: str) -> None:
    with pytest.raises(InputError, match=f"character {position}:.*{word}"):
        parse_query(query)


@given(st.text(alphabet=st.one_of(st.sampled_from(' ":<>=-*\\\0a9.'), st.characters()), max_size=60))
@settings(max_examples=2000)
def test_any_text_is_read_or_refused(query: str) -> None:
    try:
        terms = parse_query(query)
    except InputError:
        return
    assert parse_query(query_text(terms)) == terms
    for term in terms:
        fold(term.value)
        assert term.operator == ":" or term.number is not None


_VALUES = st.text(st.sampled_from('ab -*:<>="\\\t9'), min_size=1, max_size=8)


@given(
    st.lists(
        st.builds(
            Term,
            _VALUES.filter(lambda value: bool(value.strip())),
            st.none() | _VALUES.filter(lambda value: bool(value.strip())),
            negated=st.booleans(),
        ),
        max_size=MOST_TERMS,
    )
)
def test_terms_survive_being_written(terms: list[Term]) -> None:
    assert parse_query(query_text(terms)) == terms


def test_numbers_and_times() -> None:
    assert number_of("1e3") == 1000
    assert number_of("1970-01-02") == 86400
    assert number_of("1970-01-01T01:00:00+01:00") == 0
    assert number_of("1970-01-01T00:00:10Z") == 10
    for text in ("", "x", "nan", "inf", "1_0", "\uff11", "2026-13-01", "2026-01-01T99:00"):
        assert number_of(text) is None


def test_case_and_form_do_not_matter() -> None:
    assert fold("\uff38\uff27Boost Straße") == fold("xgboost STRASSE")
