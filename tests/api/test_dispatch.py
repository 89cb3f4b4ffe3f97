"""The short way to the handlers: the same routes in the same order, and FastAPI for everything else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.routing import Match

from ads.api.application import ROUTERS
from ads.api.dispatch import Dispatch

from .conftest import Running

ROUTES = [route for router in ROUTERS for route in router.routes]
PATHS = sorted(
    {re.sub(r"\{[^}]*\}", "some", route.path) for route in ROUTES} | {"", "/", "*", "/n/", "/20190101/nothing"}
)


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """Answer nothing."""


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"])
def test_the_first_route_that_fits_is_the_one(method: str) -> None:
    dispatch = Dispatch(_nothing, ROUTERS)
    short = 0
    for path in PATHS:
        scope = {"type": "http", "method": method, "path": path, "headers": [], "state": {"json": {}}}
        found = dispatch._find(scope)
        fitting = [route for route in ROUTES if route.matches(dict(scope))[0] is Match.FULL]
        if found is not None:
            short += 1
            assert found[0].route is fitting[0], path
            assert found[1] == fitting[0].matches(dict(scope))[1]["path_params"]
    assert (short > 0) == (method != "PATCH")


def test_models_go_the_short_way() -> None:
    dispatch = Dispatch(_nothing, ROUTERS)
    for path in ("/20190101/models", "/20190101/models/some", "/openads/v1/models/search"):
        assert dispatch._find({"type": "http", "method": "GET", "path": path, "state": {}}) is not None


def test_a_body_that_does_not_fit_is_explained(service: Running) -> None:
    for body, words in (
        ({}, "compartmentId is missing"),
        ({"compartmentId": service.compartment, "projectId": service.project, "displayName": 7}, "displayName: "),
    ):
        answer = service.client.post("/20190101/models", json=body)
        assert answer.status_code == 400
        assert words in answer.json()["message"]
    assert service.client.post("/20190101/models").status_code == 400
    assert service.client.post("/20190101/models", json=[]).status_code == 400


def test_unknown_paths_and_methods_are_told_apart(service: Running) -> None:
    assert service.client.get("/20190101/nothing").status_code == 404
    assert service.client.patch("/20190101/models").status_code == 405
    assert service.client.get("/20190101/models/").status_code == 404
