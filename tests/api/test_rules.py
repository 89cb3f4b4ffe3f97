"""Every route knows what it takes, and where: a route that doesn't is found here, before anybody else finds it."""

from __future__ import annotations

import re

import pytest

from ads.api.application import ROUTERS
from ads.api.places import KINDS, TENANCY
from ads.api.rules import ANYWHERE, OWN, RULES

_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")


def routes() -> list[tuple[str, str]]:
    return sorted((method, route.path) for router in ROUTERS for route in router.routes for method in route.methods)


@pytest.mark.parametrize(("method", "path"), routes())
def test_every_route_finds_its_compartment_or_is_declared_free_of_one(method: str, path: str) -> None:
    parameters = set(_PARAMETER.findall(path)) - {"namespace"}  # there is one, and it lies nowhere
    known = bool(parameters & (KINDS.keys() | TENANCY)) or (method, path) in ANYWHERE | OWN
    assert (method, path) in RULES
    assert known or not parameters, (
        f"nothing in {path} says a compartment: name a parameter as in places.KINDS or places.TENANCY, "
        "or declare the route in rules.ANYWHERE"
    )


def test_what_is_declared_free_is_a_route() -> None:
    assert set(routes()) >= ANYWHERE | OWN


def test_changes_outside_compartments_are_few() -> None:
    """What every credential may use must change nothing: searches are the only ones that are posted.

    But models of the Open Inference Protocol, which go by their names: their handlers ask what the caller may use.
    """
    repository = {
        f"/v2/repository/{rest}" for rest in ("index", "models/{model_name}/load", "models/{model_name}/unload")
    }
    searches = {"/20190909/search", "/20180409/resources"}
    assert {path for method, path in ANYWHERE if method != "GET"} == searches | repository
