"""Python source in colours, made here on the server: pieces of text, each with the class of what it is. Pure."""

from __future__ import annotations

import builtins
import io
import keyword
import tokenize

__all__ = ["coloured"]

_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))
_LONGEST = 100_000
_STRINGS = {tokenize.STRING, getattr(tokenize, "FSTRING_START", -1), getattr(tokenize, "FSTRING_MIDDLE", -1)}
_STRINGS.add(getattr(tokenize, "FSTRING_END", -1))


def coloured(text: str) -> list[tuple[str, str]]:
    """Return (class, text) pieces that together are the text; what isn't Python is one piece without a class."""
    if len(text) > _LONGEST:
        return [("", text)]
    lines = text.splitlines(keepends=True)
    pieces: list[tuple[str, str]] = []
    row, column, before = 1, 0, ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            gap = _between(lines, (row, column), token.start)
            if gap:
                pieces.append(("", gap))
            shown = _between(lines, token.start, token.end)
            if shown:
                pieces.append((_kind(token, before), shown))
            row, column = token.end
            before = token.string if shown.strip() else before
    except (tokenize.TokenError, SyntaxError, IndexError):
        return [("", text)]
    return pieces if "".join(piece for _, piece in pieces) == text else [("", text)]


def _kind(token: tokenize.TokenInfo, before: str) -> str:
    if token.type == tokenize.COMMENT:
        return "c"
    if token.type in _STRINGS:
        return "s"
    if token.type == tokenize.NUMBER:
        return "m"
    if token.type != tokenize.NAME:
        return ""
    if keyword.iskeyword(token.string):
        return "k"
    if before in {"def", "class"}:
        return "f"
    return "b" if token.string in _BUILTINS and before != "." else ""


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    if start >= end:
        return ""
    (row, column), (last, stop) = start, end
    if row == last:
        return lines[row - 1][column:stop] if row <= len(lines) else ""
    middle = "".join(lines[row : last - 1])
    tail = lines[last - 1][:stop] if last <= len(lines) else ""
    return lines[row - 1][column:] + middle + tail
