"""Pages of deployments without an engine: what they show, what their forms ask, who may."""

from __future__ import annotations

from typing import Any

import pytest

from ads.deploy.rollout import RolloutPlan
from ads.registry.deployments import get_deployment
from ads.registry.rollouts import ShadowPair, add_pairs, begin_rollout, end_rollout, note_served
from tests.api import people
from tests.api.conftest import Running, archive

from .conftest import Browser, Reader

MARKUP = "<script>alert(1)</script>"
NASTY = f"{MARKUP}\"'&{{{{7*7}}}}"


def deploy(service: Running, name: str, **more: Any) -> str:
    """Return a deployment that nobody starts."""
    model = service.create_model(displayName=f"model of {name}")
    assert service.upload(model["id"], archive()).status_code < 300
    instance = {
        "instanceShapeName": "VM.Standard.E4.Flex",
        "modelDeploymentInstanceShapeConfigDetails": {"ocpus": 1, "memoryInGBs": 4},
    }
    body = {
        "compartmentId": service.compartment,
        "projectId": service.project,
        "displayName": name,
        "modelDeploymentConfigurationDetails": {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {"modelId": model["id"], "instanceConfiguration": instance},
            "environmentConfigurationDetails": {"environmentVariables": {"MODE": "fast"}},
        },
        **more,
    }
    answer = service.client.post("/20190101/modelDeployments", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def settle(service: Running, deployment_id: str, state: str = "ACTIVE", details: str | None = None) -> None:
    """Put a deployment in a state as the engine would."""
    with service.context.database.write() as session:
        row = get_deployment(session, deployment_id)
        row.lifecycle_state, row.lifecycle_details = state, details
        if state == "ACTIVE":
            end_rollout(session, row, "SUCCEEDED")
            row.serving_revision, row.serving_configuration = row.revision, row.configuration
            note_served(session, row)


def shown(answer: Any) -> str:
    return Reader(answer.text).text


def test_with_nothing_deployed_the_page_says_how(browser: Browser) -> None:
    page = browser.page("/console/deployments")
    assert "model.deploy(" in page.text
    assert "/console/deployments/new" in page.links


def test_the_list_begins_with_what_is_not_well_and_says_why(service: Running, browser: Browser) -> None:
    good, bad = deploy(service, "aaa"), deploy(service, "zzz")
    settle(service, good)
    settle(service, bad, "FAILED", "load_model() returned None.\nReturn the model.")
    found = browser.twin("/console/deployments")
    assert [line["id"] for line in found["deployments"]][:1] == [bad]
    line = next(line for line in found["deployments"] if line["id"] == good)
    assert line["traffic"] == [{"label": "model of aaa", "share": 100, "at": 0, "color": 1}]
    assert (line["requests"], line["p95Milliseconds"], line["errorShare"]) == (0, None, None)
    page = browser.page("/console/deployments")
    assert "load_model() returned None." in page.text
    assert [row["id"] for row in browser.twin("/console/deployments?q=ZZ")["deployments"]] == [bad]
    assert bad not in str(browser.twin("/console/deployments?state=ACTIVE")["deployments"])
    assert "No deployment is like this." in browser.page("/console/deployments?q=nothing-has-this-name").text
    long = "\n".join(["It could not be built.", *("line" for _ in range(9)), "Correct requirements.txt."])
    settle(service, bad, "FAILED", long)
    said = browser.get(f"/console/deployments/{bad}").text
    assert "<p>It could not be built.</p><p>Correct requirements.txt.</p><details>" in said
    assert browser.get("/console/deployments?page=99999999999").status_code == 200


@pytest.mark.parametrize("end", ["", "/invoke", "/traffic", "/logs", "/logs?type=access", "/replicas", "/settings"])
def test_each_part_has_a_twin_and_shows_markup_as_text(service: Running, browser: Browser, end: str) -> None:
    id_ = deploy(service, NASTY, description=NASTY)
    settle(service, id_, "NEEDS_ATTENTION", NASTY)
    folder = service.context.home.deployment(id_)
    folder.mkdir(parents=True)
    (folder / "predict.log").write_text(f"{NASTY}\n\x1b[31mred\u202e\n")
    (folder / "access.log").write_text(f"{NASTY}\n{{}}\n")
    path = f"/console/deployments/{id_}{end}"
    assert browser.twin(path)["title"] == NASTY
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    assert MARKUP not in answer.text
    assert "\x1b" not in answer.text
    assert "\u202e" not in answer.text
    assert NASTY in shown(answer)
    assert f"/{id_}/predict" in shown(answer)


def test_actions_are_those_that_the_state_allows(service: Running, browser: Browser) -> None:
    id_ = deploy(service, "states")
    place = f"/console/deployments/{id_}"

    def actions() -> set[str]:
        return {form["action"].rpartition("/")[2] for form in browser.page(place).forms if id_ in form["action"]}

    assert actions() == set()
    settle(service, id_)
    assert actions() == {"restart", "stop"}
    settle(service, id_, "INACTIVE")
    assert actions() == {"start"}


def test_stopping_and_starting_are_asked_of_the_service(service: Running, browser: Browser) -> None:
    id_ = deploy(service, "stop and start")
    settle(service, id_)
    place = f"/console/deployments/{id_}"
    answer = browser.send(place, f"{place}/stop")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{place}?done=stopped")
    assert browser.twin(place)["own"]["lifecycleState"] == "UPDATING"
    settle(service, id_, "INACTIVE")
    form = browser.page(place).forms[-1]["fields"]
    assert browser.post(f"{place}/start", form).headers["location"] == f"{place}?done=started"
    settle(service, id_, "INACTIVE")
    refused = browser.post(f"{place}/stop", form)  # from a page that is out of date
    assert refused.status_code == 409
    assert "can't deactivate now" in shown(refused)
    assert browser.get(f"{place}/stop").headers["location"] == place  # the page is loaded again
    assert browser.get(f"{place}/nothing").status_code == 404


def test_a_deployment_is_deleted_when_its_name_was_typed(service: Running, browser: Browser) -> None:
    id_ = deploy(service, "to be deleted")
    place = f"/console/deployments/{id_}"
    refused = browser.send(f"{place}/settings", f"{place}/delete", name="to be")
    assert refused.status_code == 400
    assert "nothing is deleted" in shown(refused)
    gone = browser.send(f"{place}/settings", f"{place}/delete", name="to be deleted")
    assert gone.headers["location"] == "/console/deployments?done=deleted"


def test_settings_change_by_form_and_by_yaml(service: Running, browser: Browser) -> None:
    id_ = deploy(service, "settings")
    settle(service, id_)
    place = f"/console/deployments/{id_}/settings"
    answer = browser.send(place, place, displayName="renamed", description="new", instances="2", variables="MODE=slow")
    assert answer.status_code == 303, shown(answer)
    found = service.client.get(f"/20190101/modelDeployments/{id_}").json()
    configuration = found["modelDeploymentConfigurationDetails"]
    assert (found["displayName"], found["description"]) == ("renamed", "new")
    assert configuration["modelConfigurationDetails"]["scalingPolicy"]["instanceCount"] == 2
    assert configuration["environmentConfigurationDetails"]["environmentVariables"] == {"MODE": "slow"}
    settle(service, id_)
    answer = browser.send(place, f"/console/deployments/{id_}/yaml", yaml="displayName: by YAML\n")
    assert answer.status_code == 303, shown(answer)
    assert service.client.get(f"/20190101/modelDeployments/{id_}").json()["displayName"] == "by YAML"


def test_settings_that_are_wrong_are_shown_again_with_the_reason(service: Running, browser: Browser) -> None:
    id_ = deploy(service, "wrong settings")
    settle(service, id_)
    place = f"/console/deployments/{id_}/settings"
    answer = browser.send(place, place, displayName="kept as typed", memory="lots")
    assert answer.status_code == 400
    assert "Memory: 'lots' is not a number above 0." in shown(answer)
    assert 'value="kept as typed"' in answer.text
    answer = browser.send(place, f"/console/deployments/{id_}/yaml", yaml="displayName: [")
    assert answer.status_code == 400
    assert "not valid YAML" in shown(answer)


def test_an_update_names_a_model_and_how(service: Running, browser: Browser) -> None:
    id_ = deploy(service, "update")
    settle(service, id_)
    other = service.create_model(displayName="the next one")
    service.upload(
        other["id"], archive(score__py="def load_model(): return 2\ndef predict(data, model=2): return {}\n")
    )
    place = f"/console/deployments/{id_}"
    typed = {"reference": "the next one", "strategy": "canary", "steps": "10, 50", "bake": "5", "errors": "2"}
    wrong = browser.send(f"{place}/traffic", f"{place}/update", **{**typed, "steps": "ten"})
    assert wrong.status_code == 400
    assert "'ten' is no list of numbers." in shown(wrong)
    missing = browser.send(f"{place}/traffic", f"{place}/update", reference="the next two")
    assert missing.status_code == 404
    assert "Did you mean 'the next one'?" in shown(missing)
    answer = browser.send(f"{place}/traffic", f"{place}/update", **typed)
    assert answer.headers["location"] == f"{place}/traffic?done=updated"
    rollout = browser.twin(f"{place}/traffic")["own"]["rollout"]
    assert (rollout["strategy"], rollout["steps"], rollout["bakeSeconds"]) == ("canary", [10, 50], 5.0)
    assert rollout["gates"]["errorRate"] == 0.02
    line = next(row for row in browser.twin("/console/deployments?q=update")["deployments"] if row["id"] == id_)
    assert [(part["label"], part["share"]) for part in line["traffic"]] == [
        ("model of update", 100),
        ("the next one", 0),
    ]
    for verb, state in (("pause", True), ("resume", False)):
        assert browser.send(f"{place}/traffic", f"{place}/{verb}").status_code == 303
        assert browser.twin(f"{place}/traffic")["own"]["rollout"]["paused"] is state
    assert browser.send(f"{place}/traffic", f"{place}/abort").status_code == 303
    assert browser.twin(f"{place}/traffic")["own"]["rollout"] is None


def test_shares_and_rules_are_given_by_hand(service: Running, browser: Browser) -> None:
    id_ = deploy(service, "shares")
    settle(service, id_)
    place = f"/console/deployments/{id_}"
    with service.context.database.write() as session:
        row = get_deployment(session, id_)
        row.new_revision()
        note_served(session, row)
        row.revision = row.serving_revision
    wrong = browser.send(f"{place}/traffic", f"{place}/weights", revision="2", share="101")
    assert wrong.status_code == 400
    rules = {"header": ["X-Beta", "", "X-Old"], "value": ["yes", "", "a b"], "whose": ["other", "other", "present"]}
    fields = {"revision": "2", "share": "30", **rules, "sticky": "X-User"}
    answer = browser.send(f"{place}/traffic", f"{place}/weights", **fields)
    assert answer.status_code == 303, shown(answer)
    own = browser.twin(f"{place}/traffic")["own"]
    assert own["rollout"]["paused"]
    assert own["rollout"]["steps"] == [30]
    given = [(rule["header"], rule["value"], rule["revision"]) for rule in own["rules"]]
    assert given == [("X-Beta", "yes", own["rollout"]["revision"]), ("X-Old", "a b", 1)]
    assert [rule["present"] for rule in browser.twin(f"{place}/traffic")["rules"]] == [False, True, False, False]
    assert own["sticky"] == "X-User"
    assert "X-Beta: yes" in browser.page(f"{place}/traffic").text


def test_a_deployment_gets_a_rate_and_loses_it(service: Running, browser: Browser) -> None:
    id_ = deploy(service, "limited")
    settle(service, id_)
    place = f"/console/deployments/{id_}"
    assert "Every prediction is answered." in browser.page(f"{place}/settings").text
    wrong = browser.send(f"{place}/settings", f"{place}/limits", rate="many")
    assert (wrong.status_code, "'many' is not a number" in shown(wrong)) == (400, True)
    assert browser.send(f"{place}/settings", f"{place}/limits", rate="12.5").status_code == 303
    assert browser.twin(f"{place}/settings")["own"]["rateLimit"] == 12.5
    assert "At most 12.5 predictions a second" in browser.page(f"{place}/settings").text
    assert browser.send(f"{place}/settings", f"{place}/limits", rate="").status_code == 303
    assert browser.twin(f"{place}/settings")["own"]["rateLimit"] is None


def test_requests_are_captured_and_no_more_on_the_page(service: Running, browser: Browser) -> None:
    id_ = deploy(service, "captured")
    settle(service, id_)
    place, own = f"/console/deployments/{id_}", f"/openads/v1/deployments/{id_}/capture"
    assert "Nothing is kept of the requests." in browser.page(f"{place}/settings").text
    wrong = browser.send(f"{place}/settings", f"{place}/capture", enabled="yes", percent="200")
    assert wrong.status_code == 400
    assert 'value="200"' in wrong.text
    fields = {"enabled": "yes", "percent": "2.5", "megabytes": "50", "mask": "name, address"}
    assert browser.send(f"{place}/settings", f"{place}/capture", **fields).status_code == 303
    policy = {"enabled": True, "sample": 0.025, "maxBytes": 50_000_000, "mask": ["name", "address"]}
    assert service.client.get(own).json() == policy
    folder = service.context.home.deployment(id_) / "capture"
    folder.mkdir(parents=True)
    name = "20261120T100000-0123abcd.jsonl.gz"
    (folder / name).write_bytes(b"rows")
    link = f"/console/api{own}/files/{name}"
    assert link in browser.page(f"{place}/settings").links
    assert browser.get(link).content == b"rows"
    assert browser.send(f"{place}/settings", f"{place}/capture/forget").status_code == 303
    assert browser.twin(f"{place}/settings")["capture"]["files"] == []
    assert browser.send(f"{place}/settings", f"{place}/capture", enabled="no").status_code == 303
    assert service.client.get(own).json() == {"enabled": False}


def test_where_a_shadow_disagreed_is_shown_as_text(service: Running, browser: Browser) -> None:
    id_ = deploy(service, "shadow")
    settle(service, id_)
    with service.context.database.write() as session:
        plan = RolloutPlan("shadow", bake_seconds=60.0)
        rollout = begin_rollout(session, get_deployment(session, id_), plan.to_dict(), "somebody")
        rollout.compared, rollout.disagreed = 9, 1
        pair = ShadowPair(
            request_id="r1", serving_status=200, serving_answer='{"a": 1}', shadow_status=500, shadow_answer=NASTY
        )
        add_pairs(session, rollout, [pair])
    answer = browser.get(f"/console/deployments/{id_}/traffic")
    assert MARKUP not in answer.text
    text = shown(answer)
    assert "9 answers compared, 1 differ." in text
    assert f"500 {NASTY}" in text


def test_size_by_load_and_a_fixed_one_again(service: Running, browser: Browser) -> None:
    id_ = deploy(service, "size")
    settle(service, id_)
    place = f"/console/deployments/{id_}"
    answer = browser.send(
        f"{place}/traffic", f"{place}/autoscaling", enabled="yes", minimum="0", maximum="3", target="8"
    )
    assert answer.status_code == 303, shown(answer)
    assert browser.twin(f"{place}/traffic")["own"]["autoscaling"] == {
        "minimum": 0,
        "maximum": 3,
        "targetInFlight": 8.0,
    }
    assert browser.send(f"{place}/traffic", f"{place}/autoscaling", enabled="no").status_code == 303
    assert browser.twin(f"{place}/traffic")["own"]["autoscaling"] is None


def test_a_deployment_is_made_from_the_page_of_a_model(service: Running, browser: Browser) -> None:
    model = service.create_model(displayName="made from its page")
    service.upload(model["id"], archive())
    place = f"/console/deployments/new?model={model['id']}"
    form = next(f for f in browser.page(place).forms if f["action"] == "/console/deployments/new")
    assert form["fields"]["displayName"] == "made from its page"
    answer = browser.send(place, "/console/deployments/new", memory="3", variables="A=1")
    assert answer.status_code == 303, shown(answer)
    made = browser.twin(answer.headers["location"])
    assert made["modelId"] == model["id"]
    assert made["deployment"]["projectId"] == service.project
    refused = browser.send(place, "/console/deployments/new", reference="made from its pages")
    assert refused.status_code == 404
    assert "Did you mean" in shown(refused)


def test_without_a_gateway_the_playground_says_so(service: Running, browser: Browser) -> None:
    id_ = deploy(service, "no gateway")
    settle(service, id_)
    place = f"/console/deployments/{id_}/invoke"
    answer = browser.send(place, place, payload='{"data": [1]}')
    assert answer.status_code == 503
    assert "No gateway runs" in shown(answer)
    for payload, said in (("", "no JSON to send"), ("{", "JSON"), ('{"a": NaN}', "NaN"), ('{"a":1,"a":2}', "twice")):
        wrong = browser.send(place, place, payload=payload)
        assert wrong.status_code == 400, payload
        assert said in shown(wrong)


def test_the_call_as_code_carries_the_address_that_the_browser_uses(service: Running, browser: Browser) -> None:
    id_ = deploy(service, "as code")
    found = browser.twin(f"/console/deployments/{id_}/invoke")
    assert found["endpoint"] == f"{service.url}/{id_}"
    assert [snippet["name"] for snippet in found["snippets"]] == ["curl", "Python", "Java", "JavaScript", "OCI CLI"]


def test_who_may_only_read_sees_no_forms_and_can_send_none(service: Running, stranger: Browser) -> None:
    id_ = deploy(service, "for readers")
    settle(service, id_)
    made = service.client.post("/openads/v1/tokens", json={"name": "reader", "scope": {"verb": "read"}}).json()
    stranger.log_in(made["token"])
    place = f"/console/deployments/{id_}"
    for end in ("", "/traffic", "/settings"):
        page = stranger.page(f"{place}{end}")
        buttons = [attrs for tag, attrs in page.tags if tag == "button" and "disabled" not in attrs]
        assert [b for b in buttons if "data-copy" not in b and b.get("class") == "bad"] == []
    form = stranger.page(place).forms[-1]["fields"]
    for verb in (
        "stop",
        "restart",
        "delete",
        "update",
        "rollback",
        "weights",
        "follow",
        "autoscaling",
        "settings",
        "yaml",
    ):
        fields = {**form, "name": "for readers", "reference": "model of for readers", "yaml": "displayName: x"}
        answer = stranger.post(f"{place}/{verb}", {**fields, "revision": "1", "share": "5", "displayName": "x"})
        assert answer.status_code >= 400, verb
    assert service.client.get(f"/20190101/modelDeployments/{id_}").json()["displayName"] == "for readers"


def test_a_deployment_that_may_not_be_seen_is_not_there(service: Running, stranger: Browser) -> None:
    id_ = deploy(service, "hidden")
    ada = people.user(service)
    people.grant(service, ada, "manage", people.compartment(service))
    made = service.client.post("/openads/v1/tokens", json={"name": "ada", "userId": ada}).json()
    stranger.log_in(made["token"])
    assert "hidden" not in stranger.page("/console/deployments").text
    assert stranger.twin("/console/deployments")["deployments"] == []
    for end in ("", "/invoke", "/traffic", "/logs", "/replicas", "/settings"):
        assert stranger.get(f"/console/deployments/{id_}{end}").status_code == 404
