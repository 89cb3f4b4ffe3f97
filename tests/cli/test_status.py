"""``ads status``."""

from __future__ import annotations

import json
import os

from ads.home import ServiceFile


def test_nothing_runs(ads, home):
    result = ads("status")
    assert result.code == 3
    assert "stopped" in result.out
    assert str(home.root) in result.out
    assert "ads serve" in result.err
    assert ads("status", "-q").out == ""
    assert json.loads(ads("status", "--format", "json").out)["state"] == "stopped"


def test_a_service_that_was_killed(ads, home):
    home.root.mkdir()
    home.write_service_file(ServiceFile(url="http://127.0.0.1:1", token="", pid=1, version="0"))
    result = ads("status")
    assert result.code == 3
    assert f"its logs are in {home.logs}" in result.err


def test_a_service_that_runs(ads, service, home):
    service.models.append(dict(service.models[0], id="m2"))
    service.deployments.append(dict(service.deployments[0], id="d2", lifecycleState="FAILED"))
    service.deployments.append(dict(service.deployments[0], id="d3", lifecycleState="DELETED"))
    result = ads("status")
    assert result.code == 0
    lines = dict(line.split("\t") for line in result.out.splitlines())
    assert lines == {
        "service": "running",
        "address": service.url,
        "version": "9.9",
        "process": str(os.getpid()),
        "data directory": str(home.root),
        "models": "2 (2 ACTIVE)",
        "deployments": "2 (1 ACTIVE, 1 FAILED)",
    }
    assert ads("status", "-q").out.strip() == service.url
    assert json.loads(ads("status", "--format", "json").out)["deployments"] == {"ACTIVE": 1, "FAILED": 1}


def test_a_service_elsewhere_that_does_not_answer(ads):
    result = ads("status", "--url", "http://127.0.0.1:1")
    assert result.code == 6
    assert "http://127.0.0.1:1" in result.err


def test_a_member_of_a_cluster_without_a_gateway(ads, home):
    home.root.mkdir()
    home.write_service_file(ServiceFile(url="", token="", pid=os.getpid(), version="9.9"))
    result = ads("status")
    assert result.code == 0
    assert "running" in result.out
    assert "member of a cluster" in result.err
