"""Rollouts over HTTP without an engine: what is refused, what is shown, what each order leaves in the catalog."""

from __future__ import annotations

from typing import Any

import pytest

from ads.deploy.outcomes import fail, promote, settle
from ads.registry.deployments import get_deployment

from .conftest import Running, archive, expect
from .test_deployments import PATH, create

OWN = "/openads/v1/deployments"


def model(service: Running, **details: Any) -> str:
    model_id: str = service.create_model(displayName="m", **details)["id"]
    assert service.upload(model_id, archive()).status_code in (200, 204)
    return model_id


def arrive(service: Running, deployment_id: str) -> None:
    """Bring the wanted revision to where an engine brings it."""
    with service.context.database.write() as session:
        row = get_deployment(session, deployment_id)
        promote(session, row)
        settle(session, row, "ACTIVE", "")


@pytest.fixture
def active(service: Running) -> str:
    """The path of an ACTIVE deployment."""
    created: str = create(service, model(service))["id"]
    arrive(service, created)
    return f"{OWN}/{created}"


def look(service: Running, path: str) -> Any:
    answer = service.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_deployment_at_rest_has_one_revision_with_everything(service: Running, active: str) -> None:
    found = look(service, active)
    assert [(each["revision"], each["weight"]) for each in found["traffic"]] == [(1, 100)]
    assert (found["rollout"], found["follows"], found["autoscaling"], found["shadow"]) == (None, None, None, None)
    (revision,) = look(service, f"{active}/revisions")["items"]
    assert revision["timeServed"] is not None


def test_a_rollout_is_shown_paused_resumed_and_aborted(service: Running, active: str) -> None:
    other = model(service)
    body = {"modelId": other, "strategy": "canary", "steps": [10, 100], "bakeSeconds": 5}
    started = service.client.post(f"{active}/rollouts", json=body)
    assert started.status_code == 200, started.text
    assert started.headers["opc-work-request-id"]
    found = started.json()
    assert found["lifecycleState"] == "UPDATING"
    assert found["rollout"] | body == found["rollout"] | {"modelId": other}
    assert [(each["revision"], each["weight"]) for each in found["traffic"]] == [(1, 100), (2, 0)]
    for verb, paused in (("pause", True), ("resume", False)):
        assert service.client.post(f"{active}/rollouts/{verb}").json()["rollout"]["paused"] is paused
    again = service.client.post(f"{active}/rollouts", json=body)
    expect(again, 409, "IncorrectState")
    ended = service.client.post(f"{active}/rollouts/abort").json()
    assert (ended["lifecycleState"], ended["rollout"]) == ("ACTIVE", None)
    assert look(service, f"{active}/rollouts")["items"][0]["state"] == "ABORTED"
    work = service.client.get(f"/20190101/workRequests/{started.headers['opc-work-request-id']}").json()
    assert work["status"] == "CANCELED"
    details = look(service, PATH + active.removeprefix(OWN))["modelDeploymentConfigurationDetails"]
    assert details["modelConfigurationDetails"]["modelId"] != other
    expect(service.client.post(f"{active}/rollouts/abort"), 409, "Conflict")


def test_going_back_goes_one_step_each_time(service: Running, active: str) -> None:
    id_ = active.removeprefix(f"{OWN}/")
    first = look(service, active)["traffic"][0]["modelId"]
    expect(service.client.post(f"{active}/rollback"), 409, "Conflict")
    second, third = model(service), model(service)
    for each in (second, third):
        assert service.client.post(f"{active}/rollouts", json={"modelId": each}).status_code == 200
        arrive(service, id_)
    for expected in (second, first):
        assert service.client.post(f"{active}/rollback", json={}).status_code == 200
        arrive(service, id_)
        assert look(service, active)["traffic"][0]["modelId"] == expected
    expect(service.client.post(f"{active}/rollback"), 409, "Conflict")
    unknown = service.client.post(f"{active}/rollback", json={"revision": 99})
    expect(unknown, 404, "RelatedResourceNotAuthorizedOrNotFound")
    assert "has no revision 99" in unknown.json()["message"]
    assert service.client.post(f"{active}/rollback", json={"revision": 3}).status_code == 200
    expect(service.client.post(f"{active}/rollback", json={"revision": 3}), 409, "IncorrectState")


def test_a_rollout_that_failed_says_why_and_leaves_what_was(service: Running, active: str) -> None:
    before = look(service, active)["traffic"]
    service.client.post(f"{active}/rollouts", json={"modelId": model(service), "strategy": "canary"})
    with service.context.database.write() as session:
        fail(session, get_deployment(session, active.removeprefix(f"{OWN}/")), "Gate p95: too slow", "")
    assert look(service, active)["traffic"] == before
    ended = look(service, f"{active}/rollouts")["items"][0]
    assert (ended["state"], ended["reason"]) == ("ROLLED_BACK", "Gate p95: too slow")
    actions = [
        event["action"]
        for event in service.client.get(
            "/openads/v1/events", params={"resourceId": active.removeprefix(f"{OWN}/")}
        ).json()["items"]
    ]
    assert "deployment.rollback" in actions


@pytest.mark.parametrize(
    ("place", "body", "said"),
    [
        ("rollouts", {}, "reference or modelId"),
        ("rollouts", {"modelId": "x", "reference": "y"}, "only one"),
        ("rollouts", {"modelId": "MODEL", "speed": 1}, "speed"),
        ("rollouts", {"modelId": "MODEL", "strategy": "magic"}, "magic"),
        ("rollouts", {"modelId": "MODEL", "strategy": "canary", "steps": [50, 10]}, "larger"),
        ("rollouts", {"modelId": "MODEL", "gates": {"speed": 1}}, "speed"),
        ("traffic", {"traffic": []}, "one or two"),
        ("traffic", {"traffic": [{"revision": 1, "weight": 50}]}, "50 in all"),
        ("traffic", {"traffic": [{"revision": 1, "weight": "x"}]}, "weight"),
        ("traffic", {"traffic": [{"revision": 9, "weight": 100}]}, "revision 1"),
        ("traffic", {"traffic": [{"revision": 1, "weight": 100}], "rules": [{"header": "X"}]}, "A rule has"),
        ("follow", {"reference": "nobody@champion"}, "nobody"),
        ("follow", {}, "reference"),
        ("autoscaling", {"minimum": 3, "maximum": 1}, "above maximum"),
        ("autoscaling", {"most": 1}, "most"),
        ("autoscaling", {"enabled": "yes"}, "enabled"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    service: Running, active: str, place: str, body: dict[str, Any], said: str
) -> None:
    etag = service.client.get(active).headers["etag"]
    if body.get("modelId") == "MODEL":
        body = {**body, "modelId": model(service)}
    method = "POST" if place == "rollouts" else "PUT"
    answer = service.client.request(method, f"{active}/{place}", json=body)
    assert answer.status_code in (400, 404), answer.text
    assert said in answer.json()["message"]
    assert service.client.get(active).headers["etag"] == etag


def test_an_alias_is_followed_from_now_on(service: Running) -> None:
    place = {"compartmentId": service.compartment, "projectId": service.project, "name": "followed-here"}
    set_id = service.client.post("/20190101/modelVersionSets", json=place).json()["id"]
    first, second = (model(service, modelVersionSetId=set_id) for _ in range(2))
    aliases = f"/openads/v1/modelVersionSets/{set_id}/aliases/champion"
    assert service.client.put(aliases, json={"modelId": first}).status_code == 200
    id_ = create(service, first)["id"]
    arrive(service, id_)
    path = f"{OWN}/{id_}"
    body = {"reference": "followed-here@champion", "strategy": "canary", "steps": [50]}
    found = service.client.put(f"{path}/follow", json=body).json()
    assert (found["follows"], found["strategy"]["steps"], found["rollout"]) == ("followed-here@champion", [50], None)
    assert service.client.put(aliases, json={"modelId": second}).status_code == 200
    found = service.client.put(f"{path}/follow", json=body).json()
    assert found["rollout"]["steps"] == [50]
    assert service.client.put(f"{path}/follow", json={"reference": None}).json()["follows"] is None


def test_autoscaling_is_kept_and_ended(service: Running, active: str) -> None:
    policy = {"minimum": 2, "maximum": 3, "targetInFlight": 1.5}
    found = service.client.put(f"{active}/autoscaling", json=policy).json()
    assert (found["autoscaling"], found["replicas"]) == (policy, 2)
    seen = look(service, PATH + active.removeprefix(OWN))
    assert seen["modelDeploymentSystemData"]["currentInstanceCount"] == 2
    found = service.client.put(f"{active}/autoscaling", json={"enabled": False}).json()
    assert (found["autoscaling"], found["replicas"]) == (None, 1)


def test_a_limit_on_predictions_a_second(service: Running, active: str) -> None:
    found = service.client.put(f"{active}/limits", json={"rateLimit": 2.5})
    assert (found.status_code, found.json()["rateLimit"]) == (200, 2.5)
    shares = {"traffic": [{"revision": 1, "weight": 100}], "sticky": "x-user"}
    assert service.client.put(f"{active}/traffic", json=shares).json()["rateLimit"] == 2.5
    for body, named in (
        ({"rateLimit": 0}, "rateLimit"),
        ({"rateLimit": -1}, "rateLimit"),
        ({"rateLimit": 1e7}, "rateLimit"),
        ({"rateLimit": "5"}, "rateLimit"),
        ({"rateLimit": True}, "rateLimit"),
        ({}, "rateLimit"),
        ({"rateLimit": 1, "other": 1}, "other"),
    ):
        refused = service.client.put(f"{active}/limits", json=body)
        assert (refused.status_code, named in refused.text) == (400, True), refused.text
    assert look(service, active)["rateLimit"] == 2.5
    assert service.client.put(f"{active}/limits", json={"rateLimit": None}).json()["rateLimit"] is None


def test_the_scaling_policy_of_oci_is_accepted_and_shown(service: Running, active: str) -> None:
    rule = {
        "metricExpressionRuleType": "PREDEFINED_EXPRESSION",
        "metricType": "CPU_UTILIZATION",
        "scaleInConfiguration": {"scalingConfigurationType": "THRESHOLD", "threshold": 30},
        "scaleOutConfiguration": {"scalingConfigurationType": "THRESHOLD", "threshold": 70},
    }
    entry = {
        "autoScalingPolicyType": "THRESHOLD",
        "minimumInstanceCount": 1,
        "maximumInstanceCount": 3,
        "initialInstanceCount": 2,
        "rules": [rule],
    }
    policy = {"policyType": "AUTOSCALING", "coolDownInSeconds": 600, "autoScalingPolicies": [entry]}
    details = {"deploymentType": "SINGLE_MODEL", "modelConfigurationDetails": {"scalingPolicy": policy}}
    path = PATH + active.removeprefix(OWN)
    answer = service.client.put(path, json={"modelDeploymentConfigurationDetails": details, "updateType": "LIVE"})
    assert answer.status_code == 202, answer.text
    arrive(service, active.removeprefix(f"{OWN}/"))
    seen = look(service, path)
    assert seen["modelDeploymentConfigurationDetails"]["modelConfigurationDetails"]["scalingPolicy"] == policy
    assert seen["modelDeploymentSystemData"]["currentInstanceCount"] == 2
    assert look(service, active)["revision"] == 1  # it is live: no new replicas


def test_a_misspelt_attribute_is_refused_by_name(service: Running, active: str) -> None:
    path = PATH + active.removeprefix(OWN)
    details = {"deploymentType": "SINGLE_MODEL", "modelConfigurationDetails": {"bandwithMbps": 5}}
    answer = service.client.put(path, json={"modelDeploymentConfigurationDetails": details})
    expect(answer, 400, "InvalidParameter")
    assert "bandwithMbps" in answer.json()["message"]
    assert "bandwidthMbps" in answer.json()["message"]
    expect(service.client.put(path, json={"dispalyName": "x"}), 400, "InvalidParameter")
