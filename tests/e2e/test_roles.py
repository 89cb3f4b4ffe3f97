"""Roles on real deployments: readers delete nothing, neighbours see nothing, a token predicts where it may."""

from __future__ import annotations

import http.client
import io
import json
import zipfile
from dataclasses import dataclass

import httpx
import pytest

from ads.client import Service, wait_for_work_request
from tests.own_service import OwnService, eventually

SCORE = """
def load_model():
    return 2

def predict(data, model=load_model()):
    return {"prediction": [row["x"] * model for row in data]}
"""
ROWS = [{"x": 1}, {"x": 3}]
OPEN = "/openads/v1"


@dataclass(frozen=True)
class Place:
    """A compartment with a deployment."""

    compartment: str
    deployment: str


def deploy(service: Service, name: str) -> Place:
    made = service.request("POST", f"{OPEN}/compartments", json={"compartmentId": tenancy(service), "name": name})
    compartment = made.json()["id"]
    project = service.request("POST", "/20190101/projects", json={"compartmentId": compartment}).json()["id"]
    place = {"compartmentId": compartment, "projectId": project}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("score.py", SCORE)
        file.writestr("runtime.yaml", "MODEL_ARTIFACT_VERSION: '3.0'\nMODEL_DEPLOYMENT:\n  INFERENCE_CONDA_ENV: {}\n")
    model = service.request("POST", "/20190101/models", json=place).json()["id"]
    headers = {"content-type": "application/octet-stream"}
    service.request("POST", f"/20190101/models/{model}/artifact", content=archive.getvalue(), headers=headers)
    details = {
        "deploymentType": "SINGLE_MODEL",
        "modelConfigurationDetails": {
            "modelId": model,
            "instanceConfiguration": {"instanceShapeName": "VM.Standard.E4.Flex"},
            "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 1},
        },
    }
    body = {**place, "displayName": name, "modelDeploymentConfigurationDetails": details}
    answer = service.request("POST", "/20190101/modelDeployments", json=body)
    work = answer.headers["opc-work-request-id"]
    ended = wait_for_work_request(service, work, label="deploy", max_wait_time=60)
    assert not ended.failed, ended.errors
    found = service.get_json(f"/20190101/workRequests/{work}")
    return Place(compartment, found["resources"][0]["identifier"])


def tenancy(service: Service) -> str:
    return str(service.about["tenancyId"])


def member(service: Service, name: str, verb: str, place: Place, **token: object) -> httpx.Client:
    user = service.request("POST", f"{OPEN}/users", json={"name": name}).json()["id"]
    grant = {"userId": user, "verb": verb, "compartmentId": place.compartment}
    service.request("POST", f"{OPEN}/grants", json=grant)
    made = service.request("POST", f"{OPEN}/tokens", json={"name": "t", "userId": user, **token}).json()
    return httpx.Client(base_url=service.url, headers={"authorization": f"Bearer {made['token']}"}, timeout=30)


def predict(client: httpx.Client, place: Place) -> int:
    return client.post(f"/{place.deployment}/predict", json=ROWS).status_code


@pytest.fixture
def running(own_service: OwnService) -> Service:
    own_service.start()
    return Service.find()


def test_roles_on_real_deployments(running: Service) -> None:
    ours, theirs = deploy(running, "ours"), deploy(running, "theirs")
    path = f"/20190101/modelDeployments/{ours.deployment}"

    reader = member(running, "reader", "read", ours)
    assert reader.get(path).status_code == 200
    assert (reader.delete(path).status_code, predict(reader, ours)) == (404, 404)
    assert running.get_json(path)["lifecycleState"] == "ACTIVE"

    neighbour = member(running, "neighbour", "manage", theirs)
    assert [neighbour.request(method, path).status_code for method in ("GET", "PUT", "DELETE")] == [404] * 3
    assert (predict(neighbour, ours), predict(neighbour, theirs)) == (404, 200)
    assert neighbour.get(f"{OPEN}/deployments/{ours.deployment}/logs").status_code == 404

    everywhere = {"verb": "use", "deploymentIds": [ours.deployment]}
    made = running.request("POST", f"{OPEN}/tokens", json={"name": "shop", "scope": everywhere}).json()
    shop = httpx.Client(base_url=running.url, headers={"authorization": f"Bearer {made['token']}"}, timeout=30)
    assert shop.post(f"/{ours.deployment}/predict", json=ROWS).json() == {"prediction": [2, 6]}
    assert predict(shop, theirs) == 404
    assert shop.get(path).status_code == 200
    assert shop.delete(path).status_code == 404
    assert shop.get("/20190101/models", params={"compartmentId": ours.compartment}).status_code == 404

    running.request("DELETE", f"{OPEN}/tokens/{made['id']}")
    assert (predict(shop, ours), shop.get(path).status_code) == (401, 401)  # on connections that were open before

    move = {"compartmentId": theirs.compartment}
    running.request("POST", f"{path}/actions/changeCompartment", json=move)
    eventually(lambda: predict(neighbour, ours) == 200, 15, "the move of the deployment at the gateway")
    for client in (reader, neighbour, shop):
        client.close()


def test_expiry_and_deactivation_on_an_open_connection(running: Service) -> None:
    place = deploy(running, "place")
    user = running.request("POST", f"{OPEN}/users", json={"name": "shop"}).json()["id"]
    grant = {"userId": user, "verb": "use", "compartmentId": tenancy(running)}
    running.request("POST", f"{OPEN}/grants", json=grant)
    address = running.url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=30)
    opened = []

    def ask(token: str) -> int:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        connection.request("POST", f"/{place.deployment}/predict", json.dumps(ROWS), headers)
        opened.append(connection.sock)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    for seconds in (4, 12, 36):  # one that has ended before it could be used says nothing
        body = {"name": f"for {seconds} s", "userId": user, "expiresInSeconds": seconds}
        short = running.request("POST", f"{OPEN}/tokens", json=body).json()
        if ask(short["token"]) == 200:
            break
    else:
        pytest.fail("a token that has just been made is refused")
    eventually(lambda: ask(short["token"]) == 401, 10, "the end of the token")
    long = running.request("POST", f"{OPEN}/tokens", json={"name": "l", "userId": user}).json()
    assert ask(long["token"]) == 200
    running.request("POST", f"{OPEN}/users/{user}/actions/deactivate")
    assert ask(long["token"]) == 401
    assert len(set(map(id, opened))) < len(opened)  # connections were used again
    connection.close()
