from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.worker.decode import CannotParse, decode_json

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii", exclude_characters="\0")), inner)
    ),
)


@given(plain, st.booleans())
def test_what_json_can_carry_arrives_unchanged(value: Any, ascii_only: bool) -> None:
    assert decode_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"{", "not JSON"),
        (b"[1, 2", "not JSON"),
        (b"{} {}", "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b"[1] // comment", "not JSON"),
        (b"<a/>", "not JSON"),
        (b"NaN", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"[-Infinity]", "-Infinity"),
        (b"[1e999]", "too large"),
        (b"[-1E+0400]", "too large"),
        (b"[" + b"9" * 400 + b".0]", "too large"),
        (b"[" + b"9" * 5000 + b"]", "digits"),
        (b"[" + b"9" * 100000 + b"]", "digits"),
        (b"[01]", "not JSON"),
        (b"[0x1]", "not JSON"),
        (b"[+1]", "not JSON"),
        (b'{"a": 1, "b": 2, "a": 3}', "occurs twice"),
        (b'["\\ud800"]', "surrogate"),
        (b'{"\\udc00": 1}', "surrogate"),
        (b'["\\u0000"]', "NUL"),
        (b'["a\x01b"]', "not JSON"),
        (b'["\xff"]', "UTF-8"),
        (b"\xc0\x80", "UTF-8"),
        ("[1]".encode("utf-16"), "UTF-8"),
        ("[1]".encode("utf-32-le"), "not JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "nested"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_two_readers_could_understand_differently_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(CannotParse, match=said):
        decode_json(body)


def test_an_escaped_backslash_before_u_is_just_text() -> None:
    assert decode_json(b'["\\\\u0000", "\\\\ud800", "\\ud83d\\ude00"]') == ["\\u0000", "\\ud800", "\U0001f600"]


def test_a_name_that_looks_like_an_exponent_costs_nothing_but_time() -> None:
    assert decode_json(b'{"feature123": 1e308, "n": 12345678901234567890}') == {
        "feature123": 1e308,
        "n": 12345678901234567890,
    }
    assert math.isclose(decode_json(b"[" + b"0." + b"1" * 400 + b"]")[0], 1 / 9)


numbers = st.integers(-(10**400), 10**400) | st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.lists(numbers, max_size=4), max_size=4), st.sampled_from(["%s", '{"data":%s}', ' {"data" : %s }\n']))
def test_tables_of_numbers_have_the_types_and_bits_that_pythons_reader_gives(rows: Any, form: str) -> None:
    text = form % json.dumps(rows)
    try:
        found = decode_json(text.encode())
    except CannotParse:
        assert any(abs(value) >= 10**308 for row in rows for value in row)
        return
    assert repr(found) == repr(json.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        "[[1], [2,]]",
        "[[1] [2]]",
        "[[1,, 2]]",
        "[[01]]",
        "[[.5]]",
        "[[1.]]",
        "[[1e400]]",
        "[[-]]",
        "[[1], []",
        '{"data"[[1]]}',
    ],
)
def test_a_broken_table_of_numbers_is_refused(text: str) -> None:
    with pytest.raises(CannotParse):
        decode_json(text.encode())


@pytest.mark.parametrize("text", ["[[9223372036854775808]]", "[[1], [\t-123456789012345678901234567890]]"])
def test_a_long_integer_in_a_table_stays_an_integer(text: str) -> None:
    assert repr(decode_json(text.encode())) == repr(json.loads(text))
