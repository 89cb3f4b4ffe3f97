"""Strict JSON: what is accepted is what Python's decoder says, and only that."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.api.strict_json import MAX_DEPTH, CannotParse, loads

TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=30,
)


@given(VALUES, st.booleans())
def test_ordinary_values_are_read_as_they_are(value: object, escaped: bool) -> None:
    assert loads(json.dumps(value, ensure_ascii=escaped).encode()) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        value = loads(body)
    except CannotParse:
        return
    json.dumps(value, allow_nan=False).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"1e999",
        b'{"a": 1, "a": 1}',
        b'"\\ud800"',
        b'{"\\udc00": 1}',
        b'["\\u0000"]',
        b"9" * 401,
        b"\xef\xbb\xbf{}",
        b"{} {}",
        b'{"a": 1,}',
    ],
)
def test_what_is_refused(body: bytes) -> None:
    with pytest.raises(CannotParse):
        loads(body)


def test_depth() -> None:
    assert loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    for depth in (MAX_DEPTH + 1, 1_000, 100_000):
        with pytest.raises(CannotParse, match="levels"):
            loads(b"[" * depth + b"]" * depth)


def test_surrogate_pairs_are_one_character() -> None:
    assert loads(b'"\\ud83d\\ude00"') == "\U0001f600"
