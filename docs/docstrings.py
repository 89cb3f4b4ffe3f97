"""Docstrings as Markdown: the references and literals of their source become code."""

from __future__ import annotations

import re
from typing import Any

import griffe

__all__ = ["Docstrings", "markdown_of"]

_ROLE = re.compile(r":\w+:`~?(?:[\w.]+\.)?(\w+)`")
_LITERAL = re.compile(r"``([^`]+)``")
_EXAMPLE = re.compile(r"(?:^|(?<=\n\n))>>> .*?(?=\n\n|\Z)", re.DOTALL)
_DIRECTIVE = re.compile(r" *# doctest: \S+")
_BLOCK = re.compile(r"(?<=:):\n\n((?:    .*\n?|\n)+)")


class Docstrings(griffe.Extension):
    """Rewrites each docstring that griffe found."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = markdown_of(obj.docstring.value)


def markdown_of(text: str) -> str:
    """Return a docstring as Markdown: references and literals as code, examples and blocks in fences."""
    text = _LITERAL.sub(r"`\1`", _ROLE.sub(r"`\1`", text))
    text = _BLOCK.sub(r"\n\n\1", text)
    return _EXAMPLE.sub(lambda found: f"```pycon\n{_DIRECTIVE.sub('', found[0])}\n```", text)
