"""``ads environments``."""

from __future__ import annotations

import json

import pytest

PATH = "/openads/v1/environments"
WORK = "/20190101/workRequests/ocid1.work"
BUILT = {
    "key": "3f2a" * 8,
    "kind": "requirements",
    "pythonVersion": "3.11",
    "slug": None,
    "source": "uv",
    "sha256": None,
    "requirements": ["a==1", "b==2", "c==3", "d==4"],
    "size": 12_345_678,
    "timeCreated": "2026-01-01T00:00:00.000Z",
    "timeLastUsed": "2026-01-02T00:00:00.000Z",
    "deployments": [{"id": "ocid1.d", "displayName": "churn-api", "lifecycleState": "ACTIVE"}],
}
PACK = {
    **BUILT,
    "key": "pack-" + "ab12" * 8,
    "kind": "pack",
    "slug": "risk_v3",
    "requirements": [],
    "timeLastUsed": "2026-01-03T00:00:00.000Z",
    "deployments": [],
}


@pytest.fixture
def made(service):
    service.answers["GET", PATH] = (200, {"items": [BUILT, PACK]})
    return service


def test_the_one_used_last_comes_first(ads, made):
    first, second = (line.split("\t") for line in ads("environments", "ls").out.splitlines()[1:])
    assert first[0] == PACK["key"]
    assert first[-2:] == ["risk_v3", ""]
    assert second[-2:] == ["a==1, b==2, c==3 and 1 more", "churn-api"]
    assert ads("environments", "ls", "-q").out.split() == [PACK["key"], BUILT["key"]]


def test_one_is_named_by_the_beginning_of_its_key(ads, made):
    for begun in ("ab12", "pack-ab12"):
        assert json.loads(ads("environments", "info", begun, "--format", "json").out) == PACK
    missing = ads("environments", "info", "ffff")
    assert missing.code == 3
    assert "ads environments ls" in missing.err


def test_a_build_shows_how_far_it_is_and_how_it_ended(ads, made, tmp_path):
    file = tmp_path / "r.txt"
    file.write_text("# python: 3.11\na==1\n\n")
    made.answers["POST", PATH] = (202, None, {"opc-work-request-id": "ocid1.work"})
    made.answers["GET", WORK] = (200, {"id": "ocid1.work", "status": "SUCCEEDED", "percentComplete": 100})
    made.answers["GET", f"{WORK}/logs"] = (200, [{"message": "Resolved 1 package"}, {"message": "environment 3f2a: x"}])
    made.answers["GET", f"{WORK}/errors"] = (200, [])
    done = ads("environments", "build", "--requirements", str(file), "--python", "3.11")
    assert done.code == 0, done.err
    assert "Resolved 1 package" in done.err
    assert "environment 3f2a: x" in done.err
    body = next(body for method, _, *_, body in made.requests if method == "POST")
    assert json.loads(body) == {"requirements": ["a==1"], "pythonVersion": "3.11"}
    made.answers["GET", WORK] = (200, {"id": "ocid1.work", "status": "FAILED", "percentComplete": 100})
    assert ads("environments", "build", "--slug", "risk_v3").code == 1


def test_a_build_is_for_one_thing(ads, service):
    for arguments in ((), ("churn", "--slug", "risk_v3")):
        assert ads("environments", "build", *arguments).code == 2


def test_unused_ones_are_shown_and_removed(ads, service):
    unused = {"kind": "environment", "what": BUILT["key"], "why": "no deployment's model needs it", "bytes": 5}
    for method in ("GET", "POST"):
        service.answers[method, f"{PATH}/gc"] = (200, {"items": [unused], "count": 1, "bytes": 5})
    assert BUILT["key"] in ads("environments", "gc", "--dry-run").out
    assert "are gone" in ads("environments", "gc", "--yes").err


def test_the_catalog_lists_slugs(ads, service):
    entry = {"slug": "risk_v3", "origin": "operator", "pythonVersion": "3.11", "requirements": [], "pack": "https://p"}
    service.answers["GET", f"{PATH}/catalog"] = (200, {"items": [entry]})
    assert ads("environments", "catalog").out.splitlines()[1].split("\t") == [
        "risk_v3",
        "operator",
        "3.11",
        "https://p",
    ]
