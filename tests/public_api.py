"""Compares the names, parameters and defaults of this package with a checked-in list of those that users know.

``tests/data/public-api.json`` has one entry per module or class: ``bases``, ``members`` (a name and its kind, then its
parameters, default or value), ``inherited`` (a base and the names that it describes), ``reexport``.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import importlib
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

LIST = Path(__file__).parent / "data" / "public-api.json"
_ABSENT = object()


class Member(NamedTuple):
    """One line of the list: its owner, its name (empty for the owner itself), its kind, and what belongs to it."""

    owner: str
    name: str
    kind: str
    details: tuple[str, ...]

    @property
    def address(self) -> str:
        return f"{self.owner}.{self.name}" if self.name else self.owner


def members() -> list[Member]:
    """Return the list, inherited members spelled out."""
    return list(_members(json.loads(LIST.read_text(encoding="utf-8"))))


def _members(entries: dict[str, dict[str, Any]]) -> Iterator[Member]:
    for owner, entry in entries.items():
        if "reexport" in entry:
            yield Member(owner, "", "reexport", (entry["reexport"],))
        if "bases" in entry:
            yield Member(owner, "", "class", tuple(entry["bases"]))
        for name, (kind, *details) in entry.get("members", {}).items():
            yield Member(owner, name, kind, tuple(details))
        for base, names in entry.get("inherited", {}).items():
            for name in names:
                kind, *details = entries[base]["members"][name]
                yield Member(owner, name, kind, tuple(details))


def difference(member: Member) -> str:
    """Return in which way this package differs from ``member``; an empty text when it doesn't."""
    try:
        owner = _find(member.owner)
    except (ImportError, AttributeError) as error:
        return f"not importable: {error}"
    if member.kind == "reexport":
        return _reexport_difference(owner, member.details[0])
    if member.kind == "class":
        return _class_difference(owner, member.details)
    found = inspect.getattr_static(owner, member.name, _ABSENT)
    if found is _ABSENT and inspect.ismodule(owner):
        found = getattr(owner, member.name, _ABSENT)
    if member.kind == "dataclass_field":
        return _field_difference(owner, member)
    if found is _ABSENT:
        # A plain attribute that the class declares reads and sets as a property does.
        declared = inspect.isclass(owner) and any(member.name in inspect.get_annotations(base) for base in owner.mro())
        return "" if member.kind == "property" and declared else "absent"
    if member.kind == "property":
        return _property_difference(found, settable="settable" in member.details)
    if member.kind in ("attr", "constant"):
        return _value_difference(getattr(owner, member.name), member.details[0])
    return _callable_difference(owner, found, member)


def _find(address: str) -> Any:
    parts = address.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError as error:
            if error.name is None or not address.startswith(error.name):
                raise
            continue
        for name in parts[length:]:
            found = getattr(found, name)
        return found
    raise ImportError(address)


def _reexport_difference(found: Any, target: str) -> str:
    try:
        return "" if found is _find(target) else "another object"
    except (ImportError, AttributeError):
        return ""  # where it is defined is no part of the list


def _class_difference(found: Any, bases: tuple[str, ...]) -> str:
    if not inspect.isclass(found):
        return "no class"
    # Exceptions are caught, and enumerations compared, by what Python itself calls their bases.
    for base in bases:
        module, _, name = base.rpartition(".")
        if module in ("builtins", "enum") and not issubclass(found, getattr(importlib.import_module(module), name)):
            return f"no {name}"
    return ""


def _field_difference(owner: Any, member: Member) -> str:
    fields = {field.name: field for field in dataclasses.fields(owner)} if dataclasses.is_dataclass(owner) else {}
    field = fields.get(member.name)
    if field is None:
        return "no dataclass field"
    default = member.details[0]
    if default == "<required>":
        return "" if field.default is field.default_factory is dataclasses.MISSING else "has a default"
    if default == "<factory>":
        return "" if field.default_factory is not dataclasses.MISSING else "no factory"
    return _value_difference(field.default, default)


def _property_difference(found: Any, *, settable: bool) -> str:
    if isinstance(found, property):
        if settable and found.fset is None:
            return "not settable"
        return "settable" if not settable and found.fset is not None else ""
    if not hasattr(type(found), "__get__") or callable(found):
        return "no property"
    return "not settable" if settable and not hasattr(type(found), "__set__") else ""


def _callable_difference(owner: Any, found: Any, member: Member) -> str:
    expected = {
        "classmethod": classmethod,
        "staticmethod": staticmethod,
    }.get(member.kind)
    if expected is not None and not isinstance(found, expected):
        return f"no {member.kind}"
    on_class = isinstance(found, classmethod) and member.details[:1] == ("cls",)
    if member.kind in ("method", "function") and isinstance(found, (classmethod, staticmethod, property)) > on_class:
        return f"no {member.kind}"
    if member.kind == "class_or_instance_method" and inspect.isfunction(found):
        return "not callable on the class"
    function = getattr(found, "__func__", found)
    function = getattr(function, "__wrapped__", function) if not inspect.isfunction(function) else function
    if not callable(function):
        return "not callable"
    own = list(inspect.signature(function).parameters.values())
    known = list(member.details)
    if member.kind not in ("function", "staticmethod"):
        own, known = own[1:], known[1:]
    return _parameters_difference(own, known)


def _parameters_difference(own: list[inspect.Parameter], known: list[str]) -> str:
    named = [parameter for parameter in own if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)]
    catch_all = {parameter.kind for parameter in own}
    stars = [text for text in known if text.startswith("*")]
    texts = [text for text in known if not text.startswith("*")]
    for text in stars:
        kind = inspect.Parameter.VAR_KEYWORD if text.startswith("**") else inspect.Parameter.VAR_POSITIONAL
        if kind not in catch_all:
            return f"no {text}"
    for position, text in enumerate(texts):
        name, _, default = text.partition("=")
        if position >= len(named) or named[position].name != name:
            return f"parameter {position + 1} is not {name}"
        if default and named[position].default is inspect.Parameter.empty:
            return f"{name} is required"
        if default and (problem := _default_difference(named[position].default, default)):
            return f"{name}: {problem}"
    surplus = [parameter.name for parameter in named[len(texts) :] if parameter.default is inspect.Parameter.empty]
    return f"{surplus[0]} is required" if surplus else ""


def _default_difference(found: Any, known: str) -> str:
    # None stands for an object that is only made, or imported, when nothing else was passed.
    made_when_used = known.startswith("<") or known in ("{}", "[]")
    return "" if found is None and made_when_used else _value_difference(found, known)


def _value_difference(found: Any, known: str) -> str:
    if known in ("<text>", "<installation path>", "'<text>'"):
        return "" if isinstance(found, (str, Path)) else f"{found!r} is no text"
    if known.startswith("<class "):
        name = known.split("'")[1].rpartition(".")[2]
        return "" if inspect.isclass(found) and found.__name__ == name else f"{found!r} is not the class {name}"
    if known == "<factory>":
        return ""
    if known.startswith("<") and known.endswith(" object>"):
        name = known[1:-8].rpartition(".")[2]
        if name == "object":  # a marker for "not given"
            return ""
        return "" if name in [base.__name__ for base in type(found).__mro__] else f"{found!r} is no {name}"
    if known.startswith("<"):
        value = ast.literal_eval(known[1:-1].partition(": ")[2])
        found = found.value if isinstance(found, enum.Enum) else found
        return "" if found == value else f"{found!r} is not {value!r}"
    value = ast.literal_eval(known)
    if isinstance(value, list):
        missing = [item for item in value if item not in found]
        return f"without {missing}" if missing else ""
    return "" if found == value else f"{found!r} is not {value!r}"
