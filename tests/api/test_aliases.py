"""Aliases of versions, and what a reference to a model means."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Running, expect

SETS = "/20190101/modelVersionSets"
OPEN = "/openads/v1"


@pytest.fixture
def churn(service: Running, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A version set with three versions."""
    name = request.node.name.replace("test_", "")[:60]
    body = {"compartmentId": service.compartment, "projectId": service.project, "name": name}
    made: dict[str, Any] = service.client.post(SETS, json=body).json()
    models = [service.create_model(displayName=f"{name} {n}", modelVersionSetId=made["id"]) for n in (1, 2, 3)]
    return {"id": made["id"], "name": name, "models": [model["id"] for model in models]}


def path(churn: dict[str, Any], alias: str = "") -> str:
    return f"{OPEN}/modelVersionSets/{churn['id']}/aliases" + (f"/{alias}" if alias else "")


def test_an_alias_moves_and_its_history_stays(service: Running, api: httpx.Client, churn: dict[str, Any]) -> None:
    first = api.put(path(churn, "champion"), json={"versionId": 1, "reason": "the first"})
    assert first.status_code == 200, first.text
    assert first.json() == {
        "name": "champion",
        "modelId": churn["models"][0],
        "versionId": 1,
        "protected": False,
        "timeUpdated": first.json()["timeUpdated"],
        "updatedBy": service.context.defaults.user_id,
    }
    moved = api.put(path(churn, "champion"), json={"modelId": churn["models"][1]})
    assert moved.json()["versionId"] == 2
    again = api.put(path(churn, "champion"), json={"versionId": 2})
    assert again.headers["etag"] == moved.headers["etag"]  # nothing changed
    assert api.get(path(churn, "champion")).json() == moved.json()
    assert [alias["name"] for alias in api.get(path(churn)).json()["items"]] == ["champion"]
    assert api.delete(path(churn, "champion")).status_code == 204
    expect(api.get(path(churn, "champion")), 404, "NotAuthorizedOrNotFound")
    history = api.get(path(churn, "champion") + "/history").json()["items"]
    versions = [[end and end["versionId"] for end in (item["from"], item["to"])] for item in history]
    assert versions == [[None, 1], [1, 2], [2, None]]
    assert [item["reason"] for item in history] == ["the first", None, None]


def test_a_stale_etag_moves_nothing(api: httpx.Client, churn: dict[str, Any]) -> None:
    stale = api.put(path(churn, "champion"), json={"versionId": 1}).headers["etag"]
    assert api.put(path(churn, "champion"), json={"versionId": 2}, headers={"if-match": stale}).status_code == 200
    expect(api.put(path(churn, "champion"), json={"versionId": 3}, headers={"if-match": stale}), 412, "NoEtagMatch")
    expect(api.delete(path(churn, "champion"), headers={"if-match": stale}), 412, "NoEtagMatch")
    assert api.get(path(churn, "champion")).json()["versionId"] == 2


@pytest.mark.parametrize("name", ["latest", "12", "Champion", "a_b", "x" * 64, "-a", "a%20b"])
def test_names_that_no_alias_has(api: httpx.Client, churn: dict[str, Any], name: str) -> None:
    expect(api.put(path(churn, name), json={"versionId": 1}), 400, "InvalidParameter")


@pytest.mark.parametrize(
    "body",
    [{}, {"versionId": 1, "modelId": "ocid1.x"}, {"versionId": 0}, {"versionId": 1, "surplus": 1}, {"versionId": "1"}],
)
def test_bodies_that_are_refused(api: httpx.Client, churn: dict[str, Any], body: dict[str, Any]) -> None:
    expect(api.put(path(churn, "champion"), json=body), 400, "InvalidParameter")
    assert api.get(path(churn)).json() == {"items": []}


def test_only_active_versions_of_the_set(service: Running, api: httpx.Client, churn: dict[str, Any]) -> None:
    stranger = service.create_model()["id"]
    for body in ({"modelId": stranger}, {"versionId": 9}):
        expect(api.put(path(churn, "champion"), json=body), 404, "RelatedResourceNotAuthorizedOrNotFound")
    api.post(f"/20190101/models/{churn['models'][0]}/actions/deactivate")
    refused = api.put(path(churn, "champion"), json={"versionId": 1})
    expect(refused, 409, "Conflict")
    assert "INACTIVE" in refused.json()["message"]


def test_what_an_alias_points_at_is_not_deleted(api: httpx.Client, churn: dict[str, Any]) -> None:
    model = f"/20190101/models/{churn['models'][0]}"
    api.put(path(churn, "champion"), json={"versionId": 1})
    refused = api.delete(model)
    expect(refused, 409, "Conflict")
    assert f"{churn['name']}@champion" in refused.json()["message"]
    api.put(path(churn, "champion"), json={"versionId": 2})
    assert api.delete(model).status_code == 204
    api.put(path(churn, "next"), json={"versionId": 3, "protected": True})
    assert api.delete(f"{SETS}/{churn['id']}", params={"isDeleteRelatedModels": "true"}).status_code == 202
    expect(api.put(path(churn, "champion"), json={"versionId": 2}), 404, "NotAuthorizedOrNotFound")


def resolved(api: httpx.Client, reference: str) -> dict[str, Any]:
    answer = api.get(f"{OPEN}/models/resolve", params={"reference": reference})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_references(service: Running, api: httpx.Client, churn: dict[str, Any]) -> None:
    name, models = churn["name"], churn["models"]
    api.put(path(churn, "champion"), json={"versionId": 1})
    assert resolved(api, name)["id"] == models[2]
    by_version = resolved(api, f"{name}:2")
    assert (by_version["id"], by_version["versionId"], by_version["alias"]) == (models[1], 2, None)
    by_alias = resolved(api, f"{name}@champion")
    assert (by_alias["id"], by_alias["alias"], by_alias["aliases"]) == (models[0], "champion", ["champion"])
    assert by_alias["versionSetName"] == name
    assert resolved(api, models[0])["id"] == models[0]
    assert resolved(api, f"{name} 2")["id"] == models[1]  # a display name
    api.post(f"/20190101/models/{models[2]}/actions/deactivate")
    assert resolved(api, name)["id"] == models[1]


def test_references_that_lead_nowhere(service: Running, api: httpx.Client, churn: dict[str, Any]) -> None:
    def refusal(reference: str) -> httpx.Response:
        return api.get(f"{OPEN}/models/resolve", params={"reference": reference})

    near = refusal(churn["name"][:-1])
    expect(near, 404, "NotAuthorizedOrNotFound")
    assert repr(churn["name"]) in near.json()["message"]
    api.put(path(churn, "champion"), json={"versionId": 1})
    other = refusal(f"{churn['name']}@challenger")
    expect(other, 404, "NotAuthorizedOrNotFound")
    assert "champion" in other.json()["message"]
    expect(refusal(f"{churn['name']}:7"), 404, "NotAuthorizedOrNotFound")
    service.create_model(displayName="twice the same")
    service.create_model(displayName="twice the same")
    expect(refusal("twice the same"), 409, "Conflict")
    expect(refusal(""), 400, "MissingParameter")
