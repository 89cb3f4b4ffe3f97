"""Python in colours: the pieces are the text, whatever it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.console import source
from ads.console.source import coloured


def test_words_have_their_class() -> None:
    pieces = coloured('def f(x):  # why\n    return len("a") + 1.5\n')
    found = {text: kind for kind, text in pieces}
    assert (found["def"], found["f"], found["# why"]) == ("k", "f", "c")
    assert (found["len"], found['"a"'], found["1.5"]) == ("b", "s", "m")


def test_a_whole_file_comes_back_as_it_was() -> None:
    text = Path(source.__file__).read_text()
    pieces = coloured(text)
    assert "".join(piece for _, piece in pieces) == text
    assert len(pieces) > 100


@pytest.mark.parametrize(
    "text", ["def f(:\n  x = '", "\tx\n  y\n", "x = 1\f\n", "a\r\nb", "\\\n", 'f"{x', "", "€ = 'ü'\n"]
)
def test_what_is_no_python_is_text(text: str) -> None:
    assert "".join(piece for _, piece in coloured(text)) == text


@given(st.text(max_size=200))
def test_no_text_is_lost(text: str) -> None:
    assert "".join(piece for _, piece in coloured(text)) == text
