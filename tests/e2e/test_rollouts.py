"""Updates, rollouts, followed aliases and scaling through the whole service, under load."""

from __future__ import annotations

import pytest
import requests

from ads.client import Service
from ads.errors import DeploymentFailed
from tests.e2e.rollout_service import Rolling, register, token
from tests.own_service import eventually

pytestmark = [pytest.mark.timeout(240), pytest.mark.usefixtures("local_service")]

QUICK = {"steps": [20, 100], "bakeSeconds": 1, "gates": {"leastRequests": 10}}


@pytest.mark.parametrize("spare", [None, 1])
def test_a_rolling_update_under_load_fails_nothing(spare: int | None) -> None:
    old, new = register(1), register(2)
    rolling = Rolling(old, f"rolling {spare}", instances=2)
    with rolling.load() as load:
        load.more()
        rolling.ask("POST", "/rollouts", {"modelId": new, "strategy": "rolling", "spare": spare})
        assert rolling.ended()["state"] == "SUCCEEDED"
        eventually(lambda: rolling.look()["traffic"][0]["revision"] == 2, what="the new revision")
        load.more()
        rolling.ask("POST", "/rollback")
        assert rolling.ended()["state"] == "SUCCEEDED"
        load.more(60)
    load.require_all_right()
    assert set(load.versions) == {1, 2}
    assert requests.post(f"{rolling.url}/predict", json=[1], headers=headers(), timeout=20).json()["version"] == 1


def headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {token()}"}


def test_a_canary_takes_over_step_by_step() -> None:
    old, new = register(1), register(2)
    rolling = Rolling(old, "canary", instances=2)
    with rolling.load() as load:
        rolling.ask("POST", "/rollouts", {"modelId": new, "strategy": "canary", **QUICK})
        eventually(lambda: [entry["weight"] for entry in rolling.look()["traffic"]] == [80, 20], what="the first step")
        with pytest.raises(Exception, match="rollout of the deployment"):
            rolling.service.request("PUT", f"/20190101/modelDeployments/{rolling.id}", json={"displayName": "other"})
        assert rolling.ended()["state"] == "SUCCEEDED"
        load.more()
    load.require_all_right()
    assert rolling.look()["traffic"][0] == {
        "revision": 2, "modelId": new, "reference": None, "weight": 100, "replicas": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "sample", "said"),
    [
        ("raise RuntimeError('bad day')", "", "Gate error rate"),
        ("time.sleep(0.1)", "", "Gate p95"),
        ("pass", '{"version": 1, "cases": [{"body": [1], "answer": {"prediction": [5], "version": 2}}]}', "expected 5"),
        ("import os; os._exit(3)", "", "exit code 3"),
    ],
)
def test_a_bad_canary_goes_back_by_itself_and_says_why(body: str, sample: str, said: str) -> None:
    old, bad = register(1), register(2, body, sample)
    rolling = Rolling(old, "bad canary")
    with rolling.load() as load:
        load.more(60)
        rolling.ask("POST", "/rollouts", {"modelId": bad, "strategy": "canary", **QUICK, "bakeSeconds": 60})
        ended = rolling.ended()
        load.more()
    assert ended["state"] == "ROLLED_BACK"
    assert said in ended["reason"]
    assert said in rolling.details()
    load.require_all_right()
    assert [entry["revision"] for entry in rolling.look()["traffic"]] == [1]
    place = {"resourceId": rolling.id, "compartmentId": rolling.service.compartment_id}
    done = rolling.service.list("/20190101/workRequests", params=place)
    failed = next(each for each in done if each["operationType"] == "MODEL_DEPLOYMENT_UPDATE")
    assert failed["status"] == "FAILED"
    errors = rolling.service.get_json(f"/20190101/workRequests/{failed['id']}/errors")
    assert said in errors[0]["message"]


def test_moving_a_followed_alias_is_a_rollout() -> None:
    service = Service.find()
    place = {"compartmentId": service.compartment_id, "projectId": service.project_id}
    set_id = service.request("POST", "/20190101/modelVersionSets", json={**place, "name": "followed"}).json()["id"]
    first, second = (register(number, modelVersionSetId=set_id) for number in (1, 2))
    aliases = f"/openads/v1/modelVersionSets/{set_id}/aliases"
    service.request("PUT", f"{aliases}/champion", json={"modelId": first})
    rolling = Rolling(first, "follows")
    followed = rolling.ask("PUT", "/follow", {"reference": "followed@champion", "strategy": "canary", **QUICK})
    assert followed["follows"] == "followed@champion"
    with rolling.load() as load:
        service.request("PUT", f"{aliases}/champion", json={"modelId": second})
        eventually(lambda: load.versions[2] > 0, 60, "the alias' new model")
        assert rolling.ended()["state"] == "SUCCEEDED"
        load.more()
    load.require_all_right()
    (serving,) = rolling.look()["traffic"]
    assert (serving["modelId"], serving["reference"]) == (second, "followed@champion")


def test_scaling_up_and_down_under_load_fails_nothing() -> None:
    rolling = Rolling(register(1), "scales")

    def scale(instances: int) -> None:
        policy = {"scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": instances}}
        body = {
            "modelDeploymentConfigurationDetails": {
                "deploymentType": "SINGLE_MODEL",
                "modelConfigurationDetails": policy,
            }
        }
        rolling.service.request("PUT", f"/20190101/modelDeployments/{rolling.id}", json=body)
        eventually(lambda: rolling.look()["lifecycleState"] == "ACTIVE", what="ACTIVE")
        eventually(lambda: rolling.look()["traffic"][0]["replicas"] == instances, what="the number of replicas")

    with rolling.load() as load:
        for instances in (3, 1, 3, 1):
            scale(instances)
            load.more()
    load.require_all_right()
    assert rolling.look()["revision"] == 1  # nothing was started afresh


def test_it_grows_with_the_load_ends_when_idle_and_holds_the_first_request() -> None:
    rolling = Rolling(register(1, "time.sleep(0.05)"), "sleeps")
    policy = {"minimum": 0, "maximum": 2, "targetInFlight": 1, "scaleInAfterSeconds": 2}
    assert rolling.ask("PUT", "/autoscaling", policy)["autoscaling"] == policy
    with rolling.load(threads=6) as load:
        eventually(lambda: rolling.look()["replicas"] == 2, what="a second replica")
    load.require_all_right()
    eventually(lambda: rolling.look()["replicas"] == 0, 60, "the end of the last replica")
    eventually(lambda: rolling.look()["traffic"][0]["replicas"] == 0, what="no replica")
    with rolling.load() as load:
        load.more()
    load.require_all_right()
    assert rolling.look()["lifecycleState"] == "ACTIVE"


def test_a_shadow_shows_what_it_answers_otherwise_and_answers_nobody() -> None:
    old, new = register(1), register(2)
    rolling = Rolling(old, "shadowed")
    with rolling.load() as load:
        rolling.ask("POST", "/rollouts", {"modelId": new, "strategy": "shadow", "bakeSeconds": 1})
        eventually(lambda: rolling.ask("GET", "/shadow")["items"], what="a difference")
        assert rolling.look()["shadow"] == 2
        rolling.ask("POST", "/rollouts/abort")
        load.more()
    load.require_all_right()
    assert set(load.versions) == {1}
    pair = rolling.ask("GET", "/shadow")["items"][0]
    assert '"version":1' in pair["serving"]["answer"].replace(" ", "")
    assert '"version":2' in pair["shadow"]["answer"].replace(" ", "")
    assert rolling.last()["disagreed"] == rolling.last()["compared"] > 0


def test_weights_and_rules_by_hand() -> None:
    old, new = register(1), register(2)
    rolling = Rolling(old, "by hand")
    rolling.ask("POST", "/rollouts", {"modelId": new, "strategy": "rolling"})
    rolling.ended()
    traffic = [{"revision": 2, "weight": 70}, {"revision": 1, "weight": 30}]
    rules = [{"header": "X-Variant", "value": "old", "revision": 1}]
    rolling.ask("PUT", "/traffic", {"traffic": traffic, "rules": rules})
    eventually(lambda: sorted(each["weight"] for each in rolling.look()["traffic"]) == [30, 70], what="the weights")

    def versions(count: int, **extra: str) -> list[int]:
        answers = [
            requests.post(f"{rolling.url}/predict", json=[1], headers={**headers(), **extra}, timeout=20)
            for _ in range(count)
        ]
        return [answer.json()["version"] for answer in answers]

    eventually(lambda: 1 in versions(10), what="the first request for the other revision")
    assert versions(100).count(1) == 30
    assert set(versions(10, **{"X-Variant": "old"})) == {1}
    rolling.ask("POST", "/rollouts/abort")
    assert len(rolling.look()["traffic"]) == 1
    eventually(lambda: set(versions(10)) == {2}, what="one revision")


def test_a_limit_of_predictions_a_second_holds_at_the_door() -> None:
    rolling = Rolling(register(1), "limited")

    def ask() -> requests.Response:
        return requests.post(f"{rolling.url}/predict", json=[1], headers=headers(), timeout=20)

    assert rolling.ask("PUT", "/limits", {"rateLimit": 0.01})["rateLimit"] == 0.01
    eventually(lambda: ask().status_code == 429, what="a refusal")
    assert int(ask().headers["retry-after"]) >= 1
    assert rolling.ask("PUT", "/limits", {"rateLimit": None})["rateLimit"] is None
    eventually(lambda: ask().status_code == 200, what="an answer")
    assert ask().status_code == 200


def test_the_verbs_of_python() -> None:
    service = Service.find()
    place = {"compartmentId": service.compartment_id, "projectId": service.project_id}
    set_id = service.request("POST", "/20190101/modelVersionSets", json={**place, "name": "python"}).json()["id"]
    first, second = (register(number, modelVersionSetId=set_id) for number in (1, 2))
    bad = register(3, "import os; os._exit(3)", '{"version": 1, "cases": [{"body": [1], "answer": {}}]}')
    service.request("PUT", f"/openads/v1/modelVersionSets/{set_id}/aliases/champion", json={"modelId": first})
    deployment = Rolling("python@champion", "python").deployment
    assert deployment.traffic()["follows"] == "python@champion"
    deployment.follow(None)

    deployment.roll_out("python:2", steps=[50, 100], bake=0, gates={"leastRequests": 0})
    assert deployment.predict(data=[1])["version"] == 2
    with pytest.raises(DeploymentFailed) as failed:
        deployment.roll_out(bad)
    assert "exit code 3" in failed.value.cause
    assert deployment.roll_out(bad, raise_on_failure=False).lifecycle_state == "ACTIVE"
    assert deployment.predict(data=[1])["version"] == 2
    deployment.rollback()
    assert deployment.predict(data=[1])["version"] == 1
    assert deployment.traffic()["traffic"][0]["modelId"] == first
    deployment.scale(2)
    assert deployment.traffic()["replicas"] == 2
    deployment.scale(minimum=1, maximum=3)
    assert deployment.traffic()["autoscaling"] == {"minimum": 1, "maximum": 3}
    deployment.roll_out(second, strategy="shadow", wait_for_completion=False)
    assert list(deployment.differences().columns) == ["request_id", "serving", "shadow", "time"]
    deployment.promote()
    assert deployment.predict(data=[1])["version"] == 2
    deployment.restart()
    assert deployment.lifecycle_state == "ACTIVE"
