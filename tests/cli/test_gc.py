"""``ads gc``."""

from __future__ import annotations

import json

import pytest

BLOB = {"kind": "blob", "what": "a" * 64, "why": "no model has these bytes any more", "bytes": 12_345_678}
FOUND = {"items": [BLOB], "count": 3, "bytes": 12_345_700}
NOTHING = {"items": [], "count": 0, "bytes": 0}
GC = "/openads/v1/gc"


@pytest.fixture
def found(service):
    service.answers["GET", GC] = (200, FOUND)
    service.answers["POST", GC] = (200, FOUND)
    return service


def asked(service) -> list[tuple[str, str]]:
    return [(method, target.partition("?")[2]) for method, target, *_ in service.requests if target.startswith(GC)]


def test_a_dry_run_shows_what_and_why_and_changes_nothing(ads, found):
    result = ads("gc", "--dry-run")
    assert result.code == 0
    assert result.out.splitlines()[1].split("\t") == ["blob", "12345678", "a" * 64, BLOB["why"]]
    assert "2 smaller things" in result.err
    assert "3 things would go: 12.3 MB" in result.err
    assert asked(found) == [("GET", "olderThanSeconds=86400")]


def test_without_yes_and_without_anybody_to_ask_nothing_is_removed(ads, found):
    result = ads("gc")
    assert result.code == 2
    assert "--yes" in result.err
    assert [method for method, _ in asked(found)] == ["GET"]


def test_yes_removes_and_tells_what_is_gone(ads, found):
    result = ads("gc", "--yes", "--older-than", "7d")
    assert result.code == 0
    assert "a" * 64 in result.out
    assert "3 things are gone" in result.err
    assert asked(found)[-1] == ("POST", "olderThanSeconds=604800")


def test_nothing_to_remove_is_no_error(ads, service):
    service.answers["GET", GC] = (200, NOTHING)
    result = ads("gc")
    assert (result.code, result.out) == (0, "")
    assert "Nothing to remove." in result.err


def test_json_has_every_field_and_quiet_the_names(ads, found):
    assert json.loads(ads("gc", "--dry-run", "--format", "json").out) == [BLOB]
    assert ads("gc", "--dry-run", "-q").out.split() == ["a" * 64]


@pytest.mark.parametrize(("age", "seconds"), [("90s", 90), ("30m", 1800), ("12h", 43200), ("5", 5), ("0", 0)])
def test_ages_have_units(ads, found, age, seconds):
    ads("gc", "--dry-run", "--older-than", age)
    assert asked(found) == [("GET", f"olderThanSeconds={seconds}")]


@pytest.mark.parametrize("age", ["x", "-1", "1w", "", "1.5h"])
def test_other_ages_are_refused(ads, service, age):
    result = ads("gc", "--dry-run", f"--older-than={age}")
    assert result.code == 2
    assert "7d" in result.err
