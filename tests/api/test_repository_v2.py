"""The model repository extension of the Open Inference Protocol, as its clients use it, and who may use it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Running
from .test_deployments import PATH, create
from .test_rollouts import arrive, look, model

INDEX = "/v2/repository/index"


def good(answer: httpx.Response) -> httpx.Response:
    assert answer.status_code == 200, answer.text
    return answer


def one(service: Running, name: str) -> str:
    created: str = create(service, model(service), displayName=name)["id"]
    return created


def states(service: Running, *names: str, **body: Any) -> dict[str, str]:
    answer = service.client.post(INDEX, json=body) if body else service.client.post(INDEX)
    return {entry["name"]: entry["state"] for entry in good(answer).json() if entry["name"] in names}


def test_the_index_names_what_infer_names(service: Running) -> None:
    ready, starting, twins = (
        one(service, "ready"),
        one(service, "starting"),
        [one(service, "twin of two") for _ in range(2)],
    )
    arrive(service, ready)
    names = ("ready", "starting", "twin of two", *twins, ready, starting)
    assert states(service, *names) == {"ready": "READY", "starting": "LOADING", **dict.fromkeys(twins, "LOADING")}
    assert states(service, *names, ready=True) == {"ready": "READY"}
    answer = service.client.post(INDEX).json()
    assert {"name": "ready", "version": "1", "state": "READY", "reason": ""} in answer


def test_to_unload_is_to_deactivate_and_to_load_is_to_activate(service: Running) -> None:
    found = one(service, "a model")
    arrive(service, found)
    good(service.client.post("/v2/repository/models/a%20model/unload"))
    assert look(service, f"{PATH}/{found}")["lifecycleState"] == "UPDATING"
    assert states(service, "a model")["a model"] == "UNLOADING"
    stop(service, found)
    assert states(service, "a model")["a model"] == "UNAVAILABLE"
    unloaded = good(service.client.post("/v2/repository/models/a%20model/unload"))
    assert "opc-work-request-id" not in unloaded.headers
    loaded = good(service.client.post(f"/v2/repository/models/{found}/load", json={}))
    work = loaded.headers["opc-work-request-id"]
    assert look(service, f"/20190101/workRequests/{work}")["operationType"] == "MODEL_DEPLOYMENT_ACTIVATE"
    again = good(service.client.post(f"/v2/repository/models/{found}/load"))
    assert "opc-work-request-id" not in again.headers


def stop(service: Running, deployment_id: str) -> None:
    """Bring a deployment that is to stop to where an engine brings it."""
    from ads.deploy.outcomes import settle
    from ads.registry.deployments import get_deployment

    with service.context.database.write() as session:
        settle(session, get_deployment(session, deployment_id), "INACTIVE", "")


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("models/nobody/load", None, 404, "nobody"),
        ("models/twin/load", None, 409, "Several"),
        ("models/only/load", {"parameters": {"config": "{}"}}, 400, "parameters"),
        ("models/only/load", {"else": 1}, 400, "else"),
        ("models/only/unload", {"parameters": {"force": True}}, 400, "force"),
        ("models/only/unload", {"parameters": {"unload_dependents": 1}}, 400, "unload_dependents"),
        ("index", {"ready": "yes"}, 400, "ready"),
        ("index", [], 400, "object"),
    ],
)
def test_refusals_have_the_form_of_the_protocol(
    service: Running, path: str, body: object, status: int, said: str
) -> None:
    for name in ("only", "twin", "twin"):
        one(service, name)
    answer = service.client.post(f"/v2/repository/{path}", json=body)
    assert answer.status_code == status
    assert said in answer.json()["error"]


def test_who_may_not_use_a_deployment_does_not_learn_of_it(service: Running) -> None:
    mine, other = one(service, "mine"), one(service, "other")
    arrive(service, mine)
    arrive(service, other)

    def caller(**scope: object) -> httpx.Client:
        body = {"name": str(scope), "scope": scope}
        token = good(service.client.post("/openads/v1/tokens", json=body)).json()["token"]
        return httpx.Client(base_url=service.url, headers={"authorization": f"Bearer {token}"}, trust_env=False)

    with caller(verb="use", deploymentIds=[mine]) as one_only, caller(verb="inspect") as onlooker:
        assert [entry["name"] for entry in one_only.post(INDEX).json()] == ["mine"]
        assert {entry["name"] for entry in onlooker.post(INDEX).json()} >= {"mine", "other"}
        for client, name in ((one_only, "other"), (onlooker, "mine")):
            refused = client.post(f"/v2/repository/models/{name}/unload")
            assert (refused.status_code, "error" in refused.json()) == (404, True)
        assert look(service, f"{PATH}/{mine}")["lifecycleState"] == "ACTIVE"
        assert one_only.post("/v2/repository/models/mine/unload").status_code == 200
    assert httpx.post(f"{service.url}{INDEX}", trust_env=False).status_code == 401


@pytest.mark.needs("tritonclient")
def test_tritonclient(service: Running) -> None:
    from tritonclient import http
    from tritonclient.utils import InferenceServerException

    found = one(service, "iris")
    arrive(service, found)
    client = http.InferenceServerClient(service.url.removeprefix("http://"))
    headers = {"authorization": service.client.headers["authorization"]}
    index = client.get_model_repository_index(headers=headers)
    assert {"name": "iris", "version": "1", "state": "READY", "reason": ""} in index
    client.unload_model("iris", headers=headers)
    stop(service, found)
    client.load_model("iris", headers=headers)
    assert look(service, f"{PATH}/{found}")["lifecycleState"] == "UPDATING"
    with pytest.raises(InferenceServerException, match="no deployment 'nobody'"):
        client.load_model("nobody", headers=headers)
    client.close()
