"""Lineage: what a model came from, and where it went."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Running, archive, expect


def path(model: dict[str, Any]) -> str:
    return f"/openads/v1/models/{model['id']}/lineage"


def edges(api: httpx.Client, model: dict[str, Any]) -> set[tuple[str, str, str]]:
    answer = api.get(path(model))
    assert answer.status_code == 200, answer.text
    graph = answer.json()
    ids = {node["id"] for node in graph["nodes"]}
    assert all(edge["from"] in ids and edge["to"] in ids for edge in graph["edges"])
    return {(edge["from"], edge["kind"], edge["to"]) for edge in graph["edges"]}


def test_what_a_model_was_trained_from(service: Running, api: httpx.Client) -> None:
    data = {"key": "TrainingDataset", "category": "Training and Validation Datasets", "value": "oci://b@n/train.csv"}
    model = service.create_model(displayName="trained", customMetadataList=[data])
    training = "ocid1.datasciencejobrun.oc1..x"
    api.post(f"/20190101/models/{model['id']}/provenance", json={"trainingId": training})
    said = api.put(path(model), json={"trainedFrom": ["s3://b/more.parquet", "s3://b/more.parquet"]})
    assert said.status_code == 200, said.text
    kinds = {node["id"]: (node["kind"], node["name"]) for node in said.json()["nodes"]}
    assert kinds[model["id"]] == ("model", "trained")
    assert kinds[training][0] == "training"
    sources = {"oci://b@n/train.csv", "s3://b/more.parquet", training}
    assert edges(api, model) == {(model["id"], "trained-from", source) for source in sources}
    event = api.get("/openads/v1/events", params={"resourceId": model["id"], "action": "lineage.*"}).json()["items"][0]
    assert (event["from"], event["to"]) == ({"trainedFrom": []}, {"trainedFrom": ["s3://b/more.parquet"]})


def test_derivations_are_followed_both_ways_and_never_in_a_circle(service: Running, api: httpx.Client) -> None:
    first, second, third = (service.create_model(displayName=f"derived {n}") for n in (1, 2, 3))
    assert api.put(path(second), json={"derivedFrom": [first["id"]]}).status_code == 200
    assert api.put(path(third), json={"derivedFrom": [second["id"]]}).status_code == 200
    wanted = {(second["id"], "derived-from", first["id"]), (third["id"], "derived-from", second["id"])}
    for model in (first, second, third):
        assert edges(api, model) == wanted
    for ancestor in (third, second, first):
        expect(api.put(path(first), json={"derivedFrom": [ancestor["id"]]}), 409, "Conflict")
    unknown = "ocid1.datasciencemodel.oc1.local.nobody"
    expect(api.put(path(first), json={"derivedFrom": [unknown]}), 404, "RelatedResourceNotAuthorizedOrNotFound")
    api.put(path(third), json={"derivedFrom": []})
    assert edges(api, third) == set()
    assert edges(api, first) == {(second["id"], "derived-from", first["id"])}


def test_deployments_present_and_past(service: Running, api: httpx.Client) -> None:
    model = service.create_model(displayName="deployed")
    service.upload(model["id"], archive())
    body = {
        "compartmentId": service.compartment,
        "projectId": service.project,
        "displayName": "front",
        "modelDeploymentConfigurationDetails": {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {
                "modelId": model["id"],
                "instanceConfiguration": {"instanceShapeName": "VM.Standard.E4.Flex"},
                "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 1},
                "bandwidthMbps": 10,
            },
        },
    }
    made = api.post("/20190101/modelDeployments", json=body)
    assert made.status_code == 200, made.text
    deployment = made.json()["id"]
    assert edges(api, model) == {(model["id"], "deployed-as", deployment)}
    node = next(node for node in api.get(path(model)).json()["nodes"] if node["id"] == deployment)
    assert (node["kind"], node["name"]) == ("deployment", "front")
    assert api.delete(f"/20190101/modelDeployments/{deployment}").status_code == 202
    assert edges(api, model) == {(model["id"], "deployed-as", deployment)}


@pytest.mark.parametrize(
    "body",
    [{"trainedFrom": "x"}, {"trainedFrom": [""]}, {"trainedFrom": ["a\nb"]}, {"other": []}, {"derivedFrom": [1]}],
)
def test_what_is_refused(service: Running, api: httpx.Client, body: dict[str, Any]) -> None:
    model = service.create_model()
    expect(api.put(path(model), json=body), 400, "InvalidParameter")
    expect(api.put(path(model), json={"trainedFrom": ["x"]}, headers={"if-match": "stale"}), 412, "NoEtagMatch")
    assert edges(api, model) == set()
