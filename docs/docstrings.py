"""Docstrings as Markdown: the references and literals of their source become code."""

from __future__ import annotations

import re
from typing import Any

import griffe

__all__ = ["Docstrings"]

_ROLE = re.compile(r":\w+:`~?(?:[\w.]+\.)?(\w+)`")
_LITERAL = re.compile(r"``([^`]+)``")


class Docstrings(griffe.Extension):
    """Rewrites each docstring that griffe found."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = _LITERAL.sub(r"`\1`", _ROLE.sub(r"`\1`", obj.docstring.value))
