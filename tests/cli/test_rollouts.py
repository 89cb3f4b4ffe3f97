"""``ads deployments update`` and its neighbours: what the service is asked for."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def own(service):
    """The path of the one deployment's own resource; every change of it is accepted."""
    path = f"/openads/v1/deployments/{service.deployments[0]['id']}"
    for method, suffix in [
        ("POST", "/rollouts"),
        ("POST", "/rollback"),
        ("PUT", "/traffic"),
        ("PUT", "/follow"),
        ("PUT", "/autoscaling"),
        ("PUT", "/limits"),
        *(("POST", f"/rollouts/{verb}") for verb in ("promote", "abort", "pause", "resume")),
    ]:
        service.answers[method, path + suffix] = (200, {})
    traffic = [{"revision": 2, "modelId": "ocid1.x", "reference": "churn:2", "weight": 100, "replicas": 1}]
    found = {"traffic": traffic, "rollout": None, "follows": "churn@champion", "autoscaling": None}
    service.answers["GET", path] = (200, found)
    service.answers["GET", f"{path}/revisions"] = (200, {"items": [{"revision": 2, "reference": "churn:2"}]})
    return path


def sent(service):
    """Return method, end of the path and body of each change."""
    return [
        (method, target.rsplit("/", 1)[-1], json.loads(body) if body else None)
        for method, target, _, body in service.requests
        if method != "GET"
    ]


@pytest.mark.parametrize(
    ("arguments", "method", "place", "body"),
    [
        (["update", "churn-api", "churn:3"], "POST", "rollouts", {"reference": "churn:3", "strategy": "rolling"}),
        (
            ["update", "churn-api", "churn:3", "--canary", "5,25,100", "--bake", "60", "--gate", "errorRate=0.02"],
            "POST",
            "rollouts",
            {
                "reference": "churn:3",
                "strategy": "canary",
                "steps": [5, 25, 100],
                "bakeSeconds": 60.0,
                "gates": {"errorRate": 0.02},
            },
        ),
        (
            ["update", "churn-api", "churn:3", "--shadow", "--spare", "1"],
            "POST",
            "rollouts",
            {"reference": "churn:3", "strategy": "shadow", "spare": 1},
        ),
        (["rollback", "churn-api", "--revision", "1"], "POST", "rollback", {"revision": 1}),
        (["promote", "churn-api"], "POST", "promote", None),
        (["abort", "churn-api"], "POST", "abort", None),
        (["pause", "churn-api"], "POST", "pause", None),
        (["resume", "churn-api"], "POST", "resume", None),
        (
            ["traffic", "churn-api", "2=90", "1=10", "--rule", "X-Beta=yes:1"],
            "PUT",
            "traffic",
            {
                "traffic": [{"revision": 2, "weight": 90}, {"revision": 1, "weight": 10}],
                "rules": [{"header": "X-Beta", "value": "yes", "revision": 1}],
            },
        ),
        (["follow", "churn-api", "churn@champion"], "PUT", "follow", {"reference": "churn@champion"}),
        (["follow", "churn-api", "--none"], "PUT", "follow", {"reference": None}),
        (["limit", "churn-api", "2.5"], "PUT", "limits", {"rateLimit": 2.5}),
        (["limit", "churn-api", "--none"], "PUT", "limits", {"rateLimit": None}),
        (
            ["scale", "churn-api", "--min", "0", "--max", "4", "--target", "8"],
            "PUT",
            "autoscaling",
            {"minimum": 0, "maximum": 4, "targetInFlight": 8.0},
        ),
    ],
)
def test_what_is_asked_for(ads, service, own, arguments, method, place, body):
    result = ads("deployments", *arguments)
    assert result.code == 0, result.err
    assert sent(service) == [(method, place, body)]
    assert place == "traffic" or "churn-api" in result.err


def test_scale_to_a_number_is_a_live_update(ads, service, own):
    assert ads("deployments", "scale", "churn-api", "3").code == 0
    ((method, _, body),) = sent(service)
    assert method == "PUT"
    model = body["modelDeploymentConfigurationDetails"]["modelConfigurationDetails"]
    assert model["scalingPolicy"] == {"policyType": "FIXED_SIZE", "instanceCount": 3}


def test_traffic_and_revisions_are_tables(ads, own):
    shown = ads("deployments", "traffic", "churn-api")
    assert shown.out.splitlines()[1].split("\t") == ["2", "100 %", "1", "churn:2"]
    assert "churn@champion" in shown.err
    assert ads("deployments", "revisions", "churn-api", "-q").out.split() == ["2"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["update", "churn-api", "churn:3", "--canary", "a lot"], "no list of percentages"),
        (["update", "churn-api", "churn:3", "--canary", "5", "--shadow"], "exclude each other"),
        (["update", "churn-api", "churn:3", "--gate", "errorRate"], "no gate"),
        (["traffic", "churn-api", "2"], "no share"),
        (["traffic", "churn-api", "2=100", "--rule", "X"], "no rule"),
        (["follow", "churn-api"], "needs an alias"),
        (["limit", "churn-api"], "needs predictions"),
        (["limit", "churn-api", "5", "--none"], "needs predictions"),
        (["scale", "churn-api"], "needs a number"),
        (["scale", "churn-api", "3", "--max", "4"], "needs a number"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anybody_is_asked(ads, service, own, arguments, said):
    result = ads("deployments", *arguments)
    assert result.code == 2
    assert said in result.err
    assert sent(service) == []
