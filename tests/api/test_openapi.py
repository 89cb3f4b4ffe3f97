"""The description of the API: valid, complete, checked in, and true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from openapi_spec_validator import validate

from ads.api.application import ROUTERS
from ads.api.openapi.document import OPERATIONS, describe
from ads.api.openapi.own_shapes import OWN_SHAPES
from ads.api.openapi.shapes import SHAPES

from .conftest import Running, archive
from .description import Promises

CHECKED_IN = Path(__file__).parents[2] / "docs" / "openapi.json"
NS = "/n/openads"
SCIENCE = "/20190101"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe(ROUTERS)


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for verbs in document["paths"].values():
        yield from verbs.values()


def test_it_is_openapi_3_1_and_valid(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1.")


def test_every_route_is_described_and_nothing_else() -> None:
    routes = {(method, route.path) for router in ROUTERS for route in router.routes for method in route.methods}
    assert routes - OPERATIONS.keys() == set(), "describe them in src/ads/api/openapi"
    assert OPERATIONS.keys() - routes == set()


def test_operations_are_nouns_with_verbs_each_named_once(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document)]
    assert len(set(names)) == len(names)
    assert [name for name in names if name.count(".") != 1] == []
    assert [operation["operationId"] for operation in operations(document) if not operation["summary"]] == []


def test_every_body_has_an_example_that_fits(document: dict[str, Any]) -> None:
    from jsonschema import Draft202012Validator

    missing = []
    for operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            continue
        if "example" not in content:
            missing.append(operation["operationId"])
            continue
        schema = {**content["schema"], "components": document["components"]}
        assert not list(Draft202012Validator(schema).iter_errors(content["example"])), operation["operationId"]
    assert missing == []


def test_the_checked_in_description_is_the_published_one(api: httpx.Client, document: dict[str, Any]) -> None:
    assert api.get("/openads/v1/openapi.json").json() == document
    assert json.loads(CHECKED_IN.read_text()) == document, "run 'make openapi'"


def test_no_schema_has_the_name_of_another() -> None:
    assert SHAPES.keys() & OWN_SHAPES.keys() == set()
    fields = [route.body_field.field_info for router in ROUTERS for route in router.routes if route.body_field]
    bodies = {kind.__name__ for field in fields for kind in get_args(field.annotation) or [field.annotation]}
    assert bodies & (SHAPES.keys() | OWN_SHAPES.keys()) == set()


def test_what_is_only_for_the_caller_is_asked_of_everybody(document: dict[str, Any]) -> None:
    free = {operation["operationId"] for operation in operations(document) if operation.get("security") == []}
    assert {name for name in free if not name.startswith("linked-object.")} == {"gateway.live", "gateway.ready"}


def test_answers_are_exactly_as_described(service: Running) -> None:
    promises = Promises(exact=True)
    headers = {"authorization": service.client.headers["authorization"]}
    hooks = {"response": [promises.check]}
    with httpx.Client(base_url=service.url, headers=headers, event_hooks=hooks) as client:
        seen = {name for walk in (_catalog, _storage, _logs, _own) for name in walk(service, client)}
    assert len(seen) > 40


def _catalog(service: Running, client: httpx.Client) -> Iterator[str]:
    place = {"compartmentId": service.compartment}
    home = {**place, "projectId": service.project}
    project = client.post(f"{SCIENCE}/projects", json={**place, "displayName": "p"}).json()["id"]
    versions = client.post(f"{SCIENCE}/modelVersionSets", json={**home, "name": "described"}).json()["id"]
    item = {"key": "note", "value": "1", "category": "Performance"}
    body = {**home, "customMetadataList": [item], "modelVersionSetId": versions, "inputSchema": "{}"}
    model = client.post(f"{SCIENCE}/models", json=body).json()["id"]
    path = f"{SCIENCE}/models/{model}"
    client.post(f"{path}/provenance", json={"gitBranch": "main"})
    client.post(f"{path}/artifact", content=archive(), headers={"content-type": "application/octet-stream"})
    client.post(f"{path}/customMetadata/note/artifact", content=b"x")
    alias = f"/openads/v1/modelVersionSets/{versions}/aliases/champion"
    client.put(alias, json={"modelId": model, "reason": "r"})
    deployment = client.post(
        f"{SCIENCE}/modelDeployments",
        json={
            **home,
            "modelDeploymentConfigurationDetails": {
                "deploymentType": "SINGLE_MODEL",
                "modelConfigurationDetails": {
                    "modelId": model,
                    "instanceConfiguration": {"instanceShapeName": "VM.Standard2.1"},
                    "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 1},
                },
            },
        },
    )
    work = deployment.headers["opc-work-request-id"]
    for target in (
        f"{SCIENCE}/projects/{project}",
        path,
        f"{path}/provenance",
        f"{path}/artifact/content",
        f"{path}/customMetadata/note/artifact/content",
        f"{SCIENCE}/modelVersionSets/{versions}",
        f"{SCIENCE}/modelDeployments/{deployment.json()['id']}",
        f"{SCIENCE}/workRequests/{work}",
        f"{SCIENCE}/workRequests/{work}/logs",
        f"{SCIENCE}/workRequests/{work}/errors",
        alias,
        f"{alias}/history",
        f"/openads/v1/modelVersionSets/{versions}/aliases",
        "/openads/v1/models/resolve?reference=described",
        "/openads/v1/models/search?query=note",
        f"/openads/v1/deployments/{deployment.json()['id']}/logs",
        f"/openads/v1/deployments/{deployment.json()['id']}",
        f"/openads/v1/deployments/{deployment.json()['id']}/revisions",
        f"/openads/v1/deployments/{deployment.json()['id']}/rollouts",
        f"/openads/v1/deployments/{deployment.json()['id']}/shadow",
    ):
        assert client.get(target).status_code == 200, target
        yield target
    for collection in (
        "projects",
        "models",
        "modelVersionSets",
        "modelDeployments",
        "workRequests",
        "modelDeploymentShapes",
        "fastLaunchJobConfigs",
        f"modelDeployments/{deployment.json()['id']}/models/modelState",
    ):
        assert client.get(f"{SCIENCE}/{collection}", params={**place, "limit": 1}).status_code == 200
        yield collection
    client.put(path, json={"description": "d"})
    client.put(f"{path}/provenance", json={"gitBranch": "b"})
    client.put(f"{SCIENCE}/modelVersionSets/{versions}", json={"description": "d"})
    client.delete(f"{path}/customMetadata/note/artifact")
    client.delete(f"{SCIENCE}/modelDeployments/{deployment.json()['id']}")
    client.delete(f"{SCIENCE}/projects/{project}")


def _storage(service: Running, client: httpx.Client) -> Iterator[str]:
    bucket = f"{NS}/b/described"
    client.post(f"{NS}/b", json={"name": "described", "compartmentId": service.compartment, "versioning": "Enabled"})
    client.put(f"{bucket}/o/a%2Fb", content=b"x")
    client.post(bucket, json={"freeformTags": {"a": "b"}})
    upload = client.post(f"{bucket}/u", json={"object": "parts"}).json()["uploadId"]
    part = client.put(f"{bucket}/u/parts", params={"uploadId": upload, "uploadPartNum": 1}, content=b"x")
    expires = "2999-01-01T00:00:00Z"
    link = client.post(f"{bucket}/p", json={"name": "l", "accessType": "AnyObjectRead", "timeExpires": expires}).json()
    client.get(f"{link['accessUri']}a%2Fb")
    copied = client.post(
        f"{bucket}/actions/copyObject",
        json={
            "sourceObjectName": "a/b",
            "destinationNamespace": "openads",
            "destinationBucket": "described",
            "destinationObjectName": "c",
        },
    ).headers["opc-work-request-id"]
    for target in (
        "/n",
        NS,
        f"{NS}/b?compartmentId={service.compartment}&fields=tags",
        bucket,
        f"{bucket}/o/a%2Fb",
        f"{bucket}/o?delimiter=%2F&fields=name,size,md5,etag,timeCreated,timeModified,storageTier,archivalState",
        f"{bucket}/objectversions?fields=size,etag",
        f"{bucket}/u",
        f"{bucket}/u/parts?uploadId={upload}",
        f"{bucket}/p",
        f"{bucket}/p/{link['id']}",
        f"/workRequests?compartmentId={service.compartment}",
        f"/workRequests/{copied}",
        f"/workRequests/{copied}/logs",
        f"/workRequests/{copied}/errors",
    ):
        assert client.get(target).status_code == 200, target
        yield target
    commit = {"partsToCommit": [{"partNum": 1, "etag": part.headers["etag"]}]}
    assert client.post(f"{bucket}/u/parts", params={"uploadId": upload}, json=commit).status_code == 200
    client.head(f"{bucket}/o/parts")
    client.delete(f"{bucket}/o/parts")


def _logs(service: Running, client: httpx.Client) -> Iterator[str]:
    groups = "/20200531/logGroups"
    made = client.post(groups, json={"compartmentId": service.compartment, "displayName": "g"})
    work = f"/20200531/workRequests/{made.headers['opc-work-request-id']}"
    group = client.get(work).json()["resources"][0]["identifier"]
    made = client.post(f"{groups}/{group}/logs", json={"displayName": "l", "logType": "CUSTOM"})
    log = client.get(f"/20200531/workRequests/{made.headers['opc-work-request-id']}").json()
    for target in (
        f"{groups}?compartmentId={service.compartment}",
        f"{groups}/{group}",
        f"{groups}/{group}/logs",
        f"{groups}/{group}/logs/{log['resources'][0]['identifier']}",
    ):
        assert client.get(target).status_code == 200, target
        yield target
    found = client.post("/20180409/resources", json={"type": "Structured", "query": "query datasciencemodel resources"})
    assert found.json()["items"]
    search = {"timeStart": "2026-01-01T00:00:00Z", "timeEnd": "2026-01-02T00:00:00Z"}
    client.post("/20190909/search", json={**search, "searchQuery": f'SEARCH "{service.compartment}"'})


def _own(service: Running, client: httpx.Client) -> Iterator[str]:
    own = "/openads/v1"
    user = client.post(f"{own}/users", json={"name": "described"}).json()["id"]
    client.post(f"{own}/grants", json={"userId": user, "verb": "read", "compartmentId": service.compartment})
    client.post(f"{own}/compartments", json={"compartmentId": service.compartment, "name": "described"})
    client.post(f"{own}/tokens", json={"name": "t", "scope": {"verb": "read"}})
    for name in ("service", "gc", "users", f"users/{user}", "grants", "compartments", "keys", "tokens", "openapi.json"):
        assert client.get(f"{own}/{name}").status_code == 200, name
        yield name
    assert client.get(f"/20160918/users/{user}").status_code == 200
