"""``ads deployments capture``: what the service is asked for."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def own(service):
    path = f"/openads/v1/deployments/{service.deployments[0]['id']}/capture"
    service.answers["GET", path] = (200, {"enabled": False})
    service.answers["PUT", path] = (200, {"enabled": True, "sample": 0.01, "maxBytes": 1048576, "mask": ["name"]})
    return path


def bodies(service):
    return [json.loads(body) for method, _, _, body in service.requests if method == "PUT"]


def test_it_is_shown_begun_and_ended(ads, service, own):
    assert ads("deployments", "capture", "churn-api").out == "Nothing is captured.\n"
    begun = ads("deployments", "capture", "churn-api", "--sample", "0.01", "--max-bytes", "1048576", "--mask", "name")
    assert begun.out == "1.00% of the requests, without name, up to 1048576 bytes\n"
    service.answers["PUT", own] = (200, {"enabled": False})
    assert ads("deployments", "capture", "churn-api", "--off", "--format", "json").code == 0
    assert bodies(service) == [{"sample": 0.01, "maxBytes": 1048576, "mask": ["name"]}, {"enabled": False}]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sample", "0.1", "--off"], "exclude each other"),
        (["--mask", "name"], "belong to --sample"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_changed(ads, service, own, arguments, said):
    result = ads("deployments", "capture", "churn-api", *arguments)
    assert result.code != 0
    assert said in result.err
    assert bodies(service) == []
