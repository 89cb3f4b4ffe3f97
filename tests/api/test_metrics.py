"""Charts over HTTP: what gateways wrote of each minute."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ads.deploy.minutes import Minutes, Usage, packed

from . import people
from .conftest import Running, archive, expect
from .test_deployments import create

OWN = "/openads/v1/deployments"
SUMMARY = "/openads/v1/metrics/summary"
NOW = int(time.time()) // 3600 * 3600


@pytest.fixture
def deployed(service: Running) -> str:
    model_id: str = service.create_model(displayName="m")["id"]
    assert service.upload(model_id, archive()).status_code in (200, 204)
    return str(create(service, model_id)["id"])


def busy(service: Running, deployment_id: str, minute: int, count: int, code: int = 200, writer: str = "one") -> None:
    usage = Usage({code: count}, rows=count * 10, in_flight=0.5, packed=packed({12: count}))
    Minutes(service.context.home).write(writer, [(deployment_id, minute, usage)])


def look(service: Running, path: str, **query: Any) -> Any:
    answer = service.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_step_has_its_numbers(service: Running, deployed: str) -> None:
    busy(service, deployed, NOW - 300, 5)
    busy(service, deployed, NOW - 300, 1, 503, "two")
    busy(service, deployed, NOW - 60, 2, 429)
    found = look(service, f"{OWN}/{deployed}/metrics", since=NOW - 300, until=NOW)
    assert [item["requests"] for item in found["items"]] == [6, 0, 0, 0, 2]
    first = found["items"][0]
    assert (first["errors"], first["refused"], first["rows"], first["inFlight"]) == (1, 0, 60, 1.0)
    assert first["codes"] == {"200": 5, "503": 1}
    assert 0 < first["p50"] <= first["p95"] <= first["p99"]
    assert found["items"][1]["p50"] is None
    assert (found["total"]["requests"], found["total"]["refused"], found["step"]) == (8, 2, 60)
    wide = look(service, f"{OWN}/{deployed}/metrics", since=found["since"], until=found["until"], step=300)
    assert [item["requests"] for item in wide["items"]] == [8]


def test_without_a_word_it_is_the_last_hour_with_the_minute_under_way(service: Running, deployed: str) -> None:
    minute = int(time.time()) // 60 * 60
    busy(service, deployed, minute, 3)
    found = look(service, f"{OWN}/{deployed}/metrics")
    assert len(found["items"]) == 61
    assert found["total"]["requests"] == 3


@pytest.mark.parametrize(
    "query",
    [
        {"step": "61"},
        {"step": "0"},
        {"step": "-60"},
        {"step": "x"},
        {"since": "yesterday"},
        {"since": str(NOW), "until": str(NOW - 60)},
        {"since": str(NOW - 26 * 3600), "until": str(NOW)},
        {"until": "99999999999"},
        {"until": "9999-12-31T23:59:59Z"},
    ],
)
def test_windows_that_make_no_sense_are_refused(service: Running, deployed: str, query: dict[str, str]) -> None:
    expect(service.client.get(f"{OWN}/{deployed}/metrics", params=query), 400, "InvalidParameter")


def test_the_summary_has_each_deployment_that_one_may_read(service: Running, deployed: str) -> None:
    busy(service, deployed, NOW - 600, 6)
    busy(service, deployed, NOW - 300, 1, 500)
    found = look(service, SUMMARY, since=NOW - 600, until=NOW, limit=1000)
    (mine,) = [item for item in found["items"] if item["deploymentId"] == deployed]
    assert (mine["requests"], mine["errors"], mine["points"]) == (7, 1, [6, 1])
    assert mine["requestsPerSecond"] == pytest.approx(7 / 600)
    place = people.compartment(service)
    assert look(service, SUMMARY, compartmentId=place)["items"] == []
    stranger = people.user(service)
    people.grant(service, stranger, "manage", place)
    with people.token(service, stranger) as theirs:
        assert theirs.get(SUMMARY).json()["items"] == []
        assert theirs.get(f"{OWN}/{deployed}/metrics").status_code == 404
