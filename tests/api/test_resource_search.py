"""Resource search, as clients ask before they delete a model."""

from __future__ import annotations

import pytest

from .conftest import Running, expect

PATH = "/20180409/resources"


def test_a_model_without_deployments(service: Running, api) -> None:
    model = service.create_model()
    query = f"query datasciencemodeldeployment resources where ModelId='{model['id']}'"
    assert api.post(PATH, params={"limit": 500}, json={"type": "Structured", "query": query}).json() == {"items": []}


def test_models_and_free_text(service: Running, api) -> None:
    model = service.create_model(displayName="find me")
    query = f"QUERY DataScienceModel RESOURCES WHERE identifier = \"{model['id']}\" && lifecycleState = 'ACTIVE'"
    for body in (
        {"type": "Structured", "query": query},
        {"type": "FreeText", "text": model["id"]},
        {"type": "FreeText", "text": "find me"},
    ):
        items = api.post(PATH, json=body).json()["items"]
        assert [(item["identifier"], item["lifecycleState"]) for item in items] == [(model["id"], "ACTIVE")]
        assert items[0]["compartmentId"] == service.compartment
    assert api.post(PATH, json={"type": "FreeText", "text": "ocid1.log.oc1..x"}).json() == {"items": []}
    assert api.post(PATH, json={"type": "Structured", "query": "query bucket resources"}).json() == {"items": []}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "select * from models",
        "query datasciencemodel resources where x = 'y'",
        "query datasciencemodel resources where identifier = 'a' or 1=1",
    ],
)
def test_queries_that_are_refused(api, query: str) -> None:
    expect(api.post(PATH, json={"type": "Structured", "query": query}), 400, "InvalidParameter")
