"""The capture of requests over HTTP: who may have it, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from ads.deploy.capture import capture_folder

from . import people
from .conftest import Running, expect

OWN = "/openads/v1/deployments"


def test_it_is_off_until_somebody_asks_and_can_be_ended(service: Running, deployed: str) -> None:
    path = f"{OWN}/{deployed}/capture"
    assert service.client.get(path).json() == {"enabled": False}
    begun = service.client.put(path, json={"sample": 0.5, "mask": ["name"]})
    assert begun.json() == {"enabled": True, "sample": 0.5, "maxBytes": 104857600, "mask": ["name"]}
    assert service.client.get(path).headers["etag"] == begun.headers["etag"]
    stale = service.client.put(path, json={"enabled": False}, headers={"if-match": "other"})
    expect(stale, 412, "NoEtagMatch")
    assert service.client.put(path, json={"enabled": False}).json() == {"enabled": False}
    events = service.client.get("/openads/v1/events", params={"resourceId": deployed, "action": "deployment.capture"})
    assert len(events.json()["items"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sample": 0},
        {"sample": 1.5},
        {"sample": True},
        {"sample": "0.1"},
        {"sample": 0.1, "maxBytes": 10},
        {"sample": 0.1, "mask": "name"},
        {"sample": 0.1, "mask": [1]},
        {"sample": 0.1, "rate": 1},
        {"enabled": False, "sample": 0.1},
        {"enabled": "no"},
    ],
)
def test_bad_policies_are_refused(service: Running, deployed: str, body: dict[str, Any]) -> None:
    expect(service.client.put(f"{OWN}/{deployed}/capture", json=body), 400, "InvalidParameter")


def test_files_are_listed_downloaded_and_removed_by_managers_alone(service: Running, deployed: str) -> None:
    path = f"{OWN}/{deployed}/capture/files"
    assert service.client.get(path).json() == {"items": []}
    folder = capture_folder(service.context.home, deployed)
    folder.mkdir(parents=True)
    name = "20260101T000000-0123abcd.parquet"
    (folder / name).write_bytes(b"PAR1")
    (folder / ".hidden").write_bytes(b"x")
    (item,) = service.client.get(path).json()["items"]
    assert (item["name"], item["bytes"]) == (name, 4)
    assert service.client.get(f"{path}/{name}").content == b"PAR1"
    for other in (".hidden", "..%2F..%2Fcatalog.db", "20260101T000000-0123abce.parquet"):
        assert service.client.get(f"{path}/{other}").status_code == 404
    reader = people.user(service)
    people.grant(service, reader, "use", service.compartment)
    with people.token(service, reader) as theirs:
        assert theirs.get(f"{OWN}/{deployed}/capture").status_code == 200
        for answer in (theirs.get(path), theirs.get(f"{path}/{name}"), theirs.delete(path)):
            assert answer.status_code in (403, 404)
    assert service.client.delete(path).status_code == 204
    assert service.client.get(path).json() == {"items": []}
