"""``ads deployments``."""

from __future__ import annotations

import json

import pytest

DEPLOYMENTS = "/20190101/modelDeployments"


def test_ls(ads, service):
    service.deployments.append(dict(service.deployments[0], id="gone", lifecycleState="DELETED"))
    lines = ads("deployments", "ls").out.splitlines()
    assert lines[0].split("\t") == ["NAME", "STATE", "MODEL", "CREATED", "ID"]
    assert len(lines) == 2
    assert lines[1].split("\t")[2] == "churn"
    assert json.loads(ads("deployments", "ls", "--format", "json").out) == service.deployments[:1]
    assert ads("deployments", "ls", "--all", "-q").out.split() == [service.deployments[0]["id"], "gone"]
    assert ads("deployments", "ls", "--state", "active", "-q").out.split() == [service.deployments[0]["id"]]


def test_info_names_endpoint_and_model(ads, service):
    result = ads("deployments", "info", "churn-api")
    lines = dict(line.split("\t", 1) for line in result.out.splitlines())
    assert lines["endpoint"] == service.deployments[0]["modelDeploymentUrl"] + "/predict"
    assert lines["model"] == "churn"
    assert lines["instances"] == "2"
    assert "ads predict churn-api" in result.err
    assert json.loads(ads("deployments", "info", "churn-api", "--format", "json").out) == service.deployments[0]


@pytest.mark.parametrize(
    ("state", "hint"),
    [("FAILED", "ads deployments logs churn-api"), ("INACTIVE", "ads deployments start churn-api")],
)
def test_info_says_what_to_do_about_the_state(ads, service, state, hint):
    service.deployments[0].update(lifecycleState=state, lifecycleDetails="load_model() returned None")
    result = ads("deployments", "info", "churn-api")
    assert "load_model() returned None" in result.out
    assert hint in result.err


def test_info_of_a_deployment_whose_model_is_gone(ads, service):
    service.models = []
    assert ads("deployments", "info", "churn-api").code == 0


@pytest.mark.parametrize(
    ("verb", "method", "paths"),
    [
        ("stop", "POST", ["/actions/deactivate"]),
        ("start", "POST", ["/actions/activate"]),
        ("delete", "DELETE", [""]),
    ],
)
def test_verbs_act_and_wait(ads, service, verb, method, paths):
    arguments = ["--yes"] if verb == "delete" else []
    service.deployments[0]["lifecycleState"] = "INACTIVE" if verb == "start" else "ACTIVE"
    result = ads("deployments", verb, "churn-api", *arguments)
    assert result.code == 0, result.err
    base = f"{DEPLOYMENTS}/{service.deployments[0]['id']}"
    assert service.asked(method) == [base + path for path in paths]
    assert any("/workRequests/" in path for path in service.asked("GET"))
    assert "churn-api" in result.err


def test_restart_leaves_no_gap(ads, service):
    path = f"/openads/v1/deployments/{service.deployments[0]['id']}/actions/restart"
    service.answers["POST", path] = (202, None)
    assert ads("deployments", "restart", "churn-api").code == 0
    assert service.asked("POST") == [path]
    service.deployments[0]["lifecycleState"] = "INACTIVE"
    assert ads("deployments", "restart", "churn-api").code == 0
    assert service.asked("POST")[1:] == [f"{DEPLOYMENTS}/{service.deployments[0]['id']}/actions/activate"]


def test_no_wait_returns_at_once(ads, service):
    result = ads("deployments", "stop", "churn-api", "--no-wait", "-q")
    assert result.out.strip() == service.deployments[0]["id"]
    assert not any("/workRequests/" in path for path in service.asked("GET"))


def test_a_failed_start_tells_the_cause_and_the_log(ads, service):
    service.work_status = "FAILED"
    service.deployments[0]["lifecycleState"] = "INACTIVE"
    result = ads("deployments", "start", "churn-api")
    assert result.code == 1
    assert "no room" in result.err
    assert "ads deployments logs churn-api" in result.err


def test_a_wrong_state_is_a_conflict(ads, service):
    path = f"{DEPLOYMENTS}/{service.deployments[0]['id']}/actions/activate"
    service.deployments[0]["lifecycleState"] = "UPDATING"
    service.answers["POST", path] = (409, {"code": "Conflict", "message": "It is UPDATING."})
    result = ads("deployments", "start", "churn-api")
    assert result.code == 5
    assert "It is UPDATING." in result.err
    assert "ads deployments info churn-api" in result.err


@pytest.mark.parametrize(("verb", "state"), [("start", "ACTIVE"), ("stop", "INACTIVE")])
def test_what_is_so_already_is_no_error(ads, service, verb, state):
    service.deployments[0]["lifecycleState"] = state
    assert ads("deployments", verb, "churn-api").code == 0
    assert service.asked("POST") == []


def test_delete_needs_yes_where_nobody_can_be_asked(ads, service):
    assert ads("deployments", "delete", "churn-api").code == 2
    assert ads("deployments", "delete", "churn-api", "--format", "json").code == 2
    assert service.asked("DELETE") == []


def test_a_dry_run_of_delete_deletes_nothing(ads, service):
    result = ads("deployments", "delete", "churn-api", "--dry-run")
    assert result.code == 0
    assert "churn-api" in result.out
    assert "dry run" in result.err
    assert service.asked("DELETE") == []
