"""The table of operations: each is served, and each is called by a test with the real client."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from types import FunctionType

import pytest

from ads.api.application import ROUTERS
from ads.api.openapi.inference import PATHS

from .conftest import client_kinds
from .operations import OPTIONAL, REQUIRED

pytestmark = pytest.mark.needs("oci")
TABLE = Path(__file__).parents[2] / "docs" / "compatibility.md"


def named_by_tests() -> dict[str, str]:
    found = {}
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        if file.stem == Path(__file__).stem:
            continue
        module = importlib.import_module(f"{__package__}.{file.stem}")
        for name, test in vars(module).items():
            if isinstance(test, FunctionType) and name.startswith("test_"):
                for mark in getattr(test, "pytestmark", ()):
                    if mark.name == "operations":
                        found |= dict.fromkeys(mark.args, f"{file.stem}::{name}")
    return found


def test_there_are_78_operations_and_the_optional_ones() -> None:
    assert len(REQUIRED) == 78
    assert OPTIONAL.keys() & REQUIRED.keys() == set()


def test_every_operation_is_served() -> None:
    routes = {(method, route.path) for router in ROUTERS for route in router.routes for method in route.methods}
    routes |= {(method.upper(), path) for path, methods in PATHS.items() for method in methods}
    assert {name: place for name, place in {**REQUIRED, **OPTIONAL}.items() if place not in routes} == {}


def test_every_operation_is_one_of_the_client() -> None:
    clients = client_kinds()
    for name, (method, _) in {**REQUIRED, **OPTIONAL}.items():
        client, _, operation = name.partition(".")
        assert f'method = "{method}"' in inspect.getsource(getattr(clients[client], operation)), name


def test_every_operation_has_a_test() -> None:
    named = named_by_tests()
    assert sorted({**REQUIRED, **OPTIONAL}.keys() - named.keys()) == []
    assert sorted(named.keys() - {**REQUIRED, **OPTIONAL}.keys()) == []


def test_the_documentation_names_each_operation_with_its_test() -> None:
    named, text = named_by_tests(), TABLE.read_text()
    rows = [
        f"| `{name}` | `{method} {path}` | `{named[name]}` |"
        for name, (method, path) in {**REQUIRED, **OPTIONAL}.items()
    ]
    assert [row for row in rows if row not in text] == []
