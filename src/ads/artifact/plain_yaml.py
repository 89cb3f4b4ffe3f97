"""The plain form of YAML that we write ourselves: nested mappings of text, one key a line.

Loading a YAML library takes longer than everything else that ``prepare()`` does with ``runtime.yaml``. So files in this
form, nearly all, are read without one. Whatever isn't exactly in this form is left to the real reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["parse", "text"]

_PLAIN = r"\.|[A-Za-z/][A-Za-z0-9_./@\-]*(?::[A-Za-z0-9_./@\-]+)*"
_PLAIN_SCALAR = re.compile(_PLAIN)
_LINE = re.compile(rf"(?P<indent> *)(?P<key>[A-Z_]+):(?: (?P<value>{_PLAIN}|'(?:[^']|'')*'|\{{\}}))?")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_NULLS = frozenset({"null", "Null", "NULL"})


def text(document: Mapping[str, Any]) -> str:
    """Return ``document`` as YAML: keys sorted and in upper case, two spaces a level, an empty line first."""
    return "\n" + "".join(_lines(document, 0))


def parse(content: bytes) -> dict[str, Any] | None:
    """Return the mapping when ``content`` is in the plain form, else ``None``: then nothing is said about it."""
    try:
        lines = content.decode("utf-8").removeprefix("\n").removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        return None
    root: dict[str, Any] = {}
    open_mappings = [root]
    awaited: tuple[dict[str, Any], str] | None = None  # the key above has no value: its mapping may follow
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None or not line.isprintable():
            return None
        level, odd = divmod(len(match["indent"]), 2)
        if awaited is not None and level == len(open_mappings):
            inner: dict[str, Any] = {}
            awaited[0][awaited[1]] = inner
            open_mappings.append(inner)
        if odd or level >= len(open_mappings):
            return None
        del open_mappings[level + 1 :]
        mapping, key, value = open_mappings[-1], match["key"], match["value"]
        if key in mapping or key.lower() in _WORDS:
            return None
        mapping[key] = _value(value)
        awaited = (mapping, key) if value is None else None
    return root


def _value(scalar: str | None) -> Any:
    if scalar is None or scalar in _NULLS:
        return None
    if scalar == "{}":
        return {}
    return scalar[1:-1].replace("''", "'") if scalar.startswith("'") else scalar


def _lines(section: Mapping[str, Any], depth: int) -> list[str]:
    lines: list[str] = []
    indent = "  " * depth
    for key in sorted(section, key=str.upper):
        value = section[key]
        name = f"'{key.upper()}'" if key.lower() in _WORDS else key.upper()
        if isinstance(value, Mapping):
            if value:
                lines.append(f"{indent}{name}:\n")
                lines.extend(_lines(value, depth + 1))
            else:
                lines.append(f"{indent}{name}: {{}}\n")
        else:
            lines.append(f"{indent}{name}: {_scalar(value)}\n")
    return lines


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    content = str(value)
    if _PLAIN_SCALAR.fullmatch(content) and content.lower() not in _WORDS:
        return content
    if content.isprintable():
        return "'" + content.replace("'", "''") + "'"
    return '"' + "".join(_escaped(character) for character in content) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
