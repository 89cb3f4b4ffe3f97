"""A chart rendered without Helm: the part of Go's templates that ours uses. What it doesn't know it refuses.

Values are merged and held against ``values.schema.json`` as ``helm template`` does it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

__all__ = ["Refused", "merged", "objects", "render"]

_ACTION = re.compile(r"\{\{(-)?\s*(.*?)\s*(-)?\}\}", re.DOTALL)
_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\(|\)|\||:=|,|\$[A-Za-z]*|(?:\.[A-Za-z][A-Za-z0-9]*)+|\.|[A-Za-z]+|-?\d+)')


class Refused(Exception):
    """What can't be rendered, or what ``required`` and the schema refuse."""


@dataclass
class _Block:
    """``if``, ``range``, ``with`` or ``define`` with what it holds; ``other`` is what stands after ``else``."""

    kind: str
    head: str
    body: list[Any] = field(default_factory=list)
    other: list[Any] = field(default_factory=list)
    in_other: bool = False

    def add(self, piece: Any) -> None:
        (self.other if self.in_other else self.body).append(piece)


def render(
    chart: Path, values: Mapping[str, Any] | None = None, name: str = "shop", namespace: str = "serving"
) -> dict[str, str]:
    """Return the text of each template by its file's name. Raises Refused."""
    given = merged(yaml.safe_load((chart / "values.yaml").read_text()), values or {})
    _check(chart, given)
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    root = {
        "Values": given,
        "Chart": {key[:1].upper() + key[1:]: value for key, value in about.items()},
        "Release": {"Name": name, "Namespace": namespace, "Service": "Helm"},
    }
    defined: dict[str, list[Any]] = {}
    parsed = {path.name: _parse(path.read_text(), defined) for path in sorted((chart / "templates").iterdir())}
    return {
        name: _Rendering(defined, root).run(body, root, {}) for name, body in parsed.items() if not name.startswith("_")
    }


def objects(rendered: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return all objects of the manifests."""
    texts = [text for name, text in rendered.items() if name.endswith(".yaml")]
    return [found for text in texts for found in yaml.safe_load_all(text) if found is not None]


def merged(old: Any, new: Any) -> Any:
    """Return values with others over them, map by map."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}
    return new


def _check(chart: Path, values: Any) -> None:
    import jsonschema

    try:
        jsonschema.validate(values, json.loads((chart / "values.schema.json").read_text()))
    except jsonschema.ValidationError as error:
        raise Refused(f"{'.'.join(map(str, error.absolute_path))}: {error.message}") from None


# -- texts to trees


def _parse(text: str, defined: dict[str, list[Any]]) -> list[Any]:
    top = _Block("top", "")
    stack = [top]
    for piece in _pieces(text):
        if isinstance(piece, str):
            stack[-1].add(piece)
            continue
        (action,) = piece
        word, _, rest = action.partition(" ")
        if word in ("if", "range", "with", "define"):
            stack.append(_Block(word, rest))
        elif word == "else":
            if rest or stack[-1].in_other or stack[-1].kind not in ("if", "with", "range"):
                raise Refused(f"{{{{ {action} }}}} is not known here")
            stack[-1].in_other = True
        elif word == "end":
            block = stack.pop()
            if block.kind == "define":
                defined[json.loads(block.head)] = block.body
            else:
                stack[-1].add(block)
        else:
            stack[-1].add((action,))
    if len(stack) != 1:
        raise Refused("a block has no end")
    return top.body


def _pieces(text: str) -> Iterator[Any]:
    """Yield texts, trimmed as the actions beside them say, and actions as tuples of one."""
    place, trim = 0, False
    for match in _ACTION.finditer(text):
        before = text[place : match.start()]
        before = before.lstrip() if trim else before
        yield before.rstrip() if match[1] else before
        yield (re.sub(r"\s+", " ", match[2]),)
        place, trim = match.end(), bool(match[3])
    yield text[place:].lstrip() if trim else text[place:]


# -- trees to texts


class _Rendering:
    def __init__(self, defined: dict[str, list[Any]], root: Any) -> None:
        self._defined = defined
        self._root = root

    def run(self, body: list[Any], dot: Any, variables: dict[str, Any]) -> str:
        return "".join(self._piece(piece, dot, variables) for piece in body)

    def _piece(self, piece: Any, dot: Any, variables: dict[str, Any]) -> str:
        if isinstance(piece, str):
            return piece
        if isinstance(piece, tuple):
            return _text(self._value(piece[0], dot, variables))
        if piece.kind == "range":
            return self._range(piece, dot, variables)
        value = self._value(piece.head, dot, variables)
        if not value:
            return self.run(piece.other, dot, variables)
        return self.run(piece.body, value if piece.kind == "with" else dot, variables)

    def _range(self, block: _Block, dot: Any, variables: dict[str, Any]) -> str:
        names, found, rest = block.head.partition(":=")
        value = self._value(rest if found else block.head, dot, variables)
        if not value:
            return self.run(block.other, dot, variables)
        wanted = [name.strip() for name in names.split(",")] if found else []
        pairs = sorted(value.items()) if isinstance(value, Mapping) else list(enumerate(value))
        return "".join(
            self.run(block.body, each, {**variables, **dict(zip(wanted[-2:], (key, each), strict=False))})
            for key, each in pairs
        )

    def _value(self, text: str, dot: Any, variables: dict[str, Any]) -> Any:
        tokens, place = [], 0
        while place < len(text.rstrip()):
            match = _TOKEN.match(text, place)
            if match is None:
                raise Refused(f"{text!r} can't be read at {text[place:]!r}")
            tokens.append(match[1])
            place = match.end()
        value = self._pipeline(tokens, dot, variables)
        if tokens:
            raise Refused(f"{text!r} has more than was read: {tokens}")
        return value

    def _pipeline(self, tokens: list[str], dot: Any, variables: dict[str, Any]) -> Any:
        value = self._command(tokens, dot, variables, [])
        while tokens and tokens[0] == "|":
            tokens.pop(0)
            value = self._command(tokens, dot, variables, [value])
        return value

    def _command(self, tokens: list[str], dot: Any, variables: dict[str, Any], last: list[Any]) -> Any:
        first = tokens.pop(0)
        if not first[0].isalpha() or first in ("true", "false"):
            tokens.insert(0, first)
            if last:
                raise Refused(f"{first} is no function")
            return self._operand(tokens, dot, variables)
        arguments = []
        while tokens and tokens[0] not in ("|", ")"):
            arguments.append(self._operand(tokens, dot, variables))
        arguments += last
        if first == "include":
            body = self._defined.get(arguments[0])
            if body is None:
                raise Refused(f"there is no template {arguments[0]!r}")
            return self.run(body, arguments[1], {})
        if first not in _FUNCTIONS:
            raise Refused(f"the function {first!r} is not known")
        return _FUNCTIONS[first](*arguments)

    def _operand(self, tokens: list[str], dot: Any, variables: dict[str, Any]) -> Any:
        token = tokens.pop(0)
        if token == "(":
            value = self._pipeline(tokens, dot, variables)
            if not tokens or tokens.pop(0) != ")":
                raise Refused("a bracket isn't closed")
            return value
        if token.startswith('"'):
            return json.loads(token)
        if token in ("true", "false"):
            return token == "true"
        if token.lstrip("-").isdigit():
            return int(token)
        if token.startswith("$"):
            if token not in variables:
                raise Refused(f"there is no variable {token}")
            return variables[token]
        if not token.startswith("."):
            raise Refused(f"{token!r} is not known")
        for name in token.split(".")[1:] if token != "." else ():
            if not isinstance(dot, Mapping) or name not in dot:
                raise Refused(f"there is no {token}")
            dot = dot[name]
        return dot


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise Refused(f"{value!r} can't stand in a text")
    return str(value)


def _to_yaml(value: Any) -> str:
    return str(yaml.safe_dump(value, default_flow_style=False, width=10**6)).removesuffix("...\n").rstrip("\n")


def _printf(pattern: str, *values: Any) -> str:
    rest = iter(values)
    return re.sub(r"%[sv]", lambda _match: _text(next(rest)), pattern)


def _required(message: str, value: Any) -> Any:
    if value in (None, ""):
        raise Refused(message)
    return value


_FUNCTIONS: dict[str, Any] = {
    "default": lambda other, value: value or other,
    "eq": lambda one, two: one == two,
    "nindent": lambda size, text: "\n" + "\n".join(" " * size + line if line else line for line in text.split("\n")),
    "not": lambda value: not value,
    "printf": _printf,
    "quote": lambda value: json.dumps(_text(value), ensure_ascii=False),
    "required": _required,
    "toYaml": _to_yaml,
    "trimSuffix": lambda suffix, text: text.removesuffix(suffix),
    "trunc": lambda size, text: text[:size],
    "upper": lambda text: text.upper(),
}
