"""References taken apart, and resolved by a service that knows them and by one that doesn't."""

from __future__ import annotations

from typing import Any

import pytest

from ads.client import Service
from ads.client.oci_home import RemoteHome
from ads.client.references import Reference, ResolvedModel, is_path, resolve_model
from ads.errors import Conflict, InputError, NotFound
from tests.http_server import FakeServer

IDS = [f"ocid1.datasciencemodel.oc1.iad.{letter * 60}" for letter in "abc"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("churn", Reference("churn")),
        ("churn:12", Reference("churn", 12)),
        ("churn@champion", Reference("churn", alias="champion")),
        ("a:b:3", Reference("a:b", 3)),
        ("me@home@champion", Reference("me@home", alias="champion")),
        ("churn:x", Reference("churn:x")),
        ("churn:", Reference("churn:")),
        ("@champion", Reference("@champion")),
    ],
)
def test_a_reference_is_taken_apart(text: str, expected: Reference) -> None:
    assert Reference.of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("churn/", True), ("./churn", True), ("churn.zip", True), (".", True), ("churn", False), ("churn:1.2", False)],
)
def test_paths_are_told_from_names(text: str, expected: bool) -> None:
    assert is_path(text) is expected


def test_an_ocid_is_taken_as_it_is(remote: FakeServer) -> None:
    service = Service(remote.url, compartment_id="c")
    assert resolve_model(service, f" {IDS[0].upper().replace('OCID1', 'ocid1')} ").id == IDS[0]
    assert remote.seen == []
    with pytest.raises(InputError, match="datasciencemodeldeployment"):
        resolve_model(service, "ocid1.datasciencemodeldeployment.oc1.iad.aaaa")
    with pytest.raises(InputError, match="is empty"):
        resolve_model(service, " ")


def test_the_service_decides(remote: FakeServer) -> None:
    found = {"id": IDS[1], "displayName": "m", "versionSetName": "churn", "versionId": 2, "aliases": ["champion"]}
    path = "/openads/v1/models/resolve"
    remote.on("GET", path, remote.reply(200, found))
    model = resolve_model(Service(remote.url, compartment_id="c"), "churn@champion")
    assert (model.id, model.reference, model.aliases) == (IDS[1], "churn:2", ("champion",))
    assert remote.requests("GET", path)[0].query == "reference=churn%40champion&compartmentId=c"
    remote.on("GET", path, remote.reply(409, {"code": "Conflict", "message": "two"}))
    with pytest.raises(Conflict):
        resolve_model(Service(remote.url, compartment_id="c"), "churn")


def test_a_model_of_no_set_is_its_ocid() -> None:
    assert ResolvedModel.of({"id": IDS[0], "displayName": "churn"}).reference == IDS[0]


def row(number: int, name: str, **more: Any) -> dict[str, Any]:
    return {"id": IDS[number], "displayName": name, "lifecycleState": "ACTIVE", **more}


def test_oci_is_asked_for_its_lists(remote: FakeServer) -> None:
    versions = [
        row(0, "x", modelVersionSetName="churn", versionId="1"),
        row(1, "y", modelVersionSetName="churn", versionId="2"),
    ]

    def answer(seen: Any) -> Any:
        if "modelVersionSetName=churn" in seen.query:
            return remote.reply(200, versions)
        if "displayName=fraud" in seen.query:
            return remote.reply(200, [row(2, "fraud")])
        return remote.reply(200, [*versions, row(2, "fraud")] if "Name=" not in seen.query else [])

    remote.on("GET", "/20190101/models", answer)
    home = RemoteHome(remote.url, lambda request: request, lambda _path: remote.url)
    service = Service(remote.url, compartment_id="c", home=home)
    assert service.knows_references is False
    assert resolve_model(service, "churn").id == IDS[1]
    assert resolve_model(service, "churn:1").id == IDS[0]
    assert resolve_model(service, "fraud").id == IDS[2]
    assert resolve_model(service, "cccccccc").id == IDS[2]
    with pytest.raises(NotFound):
        resolve_model(service, "churn:3")
    with pytest.raises(NotFound):
        resolve_model(service, "nobody")
    with pytest.raises(InputError, match="no aliases"):
        resolve_model(service, "churn@champion")
