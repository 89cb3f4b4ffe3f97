"""``/openads/v1/environments`` on a running control plane: environments are made for real, from a folder of wheels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Running, archive, expect, start
from tests.api.test_deployments import create, put
from tests.own_service import eventually
from tests.wheels import write_wheel

PATH = "/openads/v1/environments"
NAME = "only_in_the_folder"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Running, Path]]:
    """A service whose environments come from a folder, with a catalog of slugs."""
    wheels = tmp_path / "wheels"
    write_wheel(wheels, NAME)
    slugs = tmp_path / "catalog.yaml"
    slugs.write_text("risk_v1:\n  pack: https://packs.example/risk.tar.gz?token=secret\n")
    running, stop = start(tmp_path / "h", wheels=str(wheels), environment_catalog=str(slugs))
    yield running, tmp_path
    stop()


def work(service: Running, answer: Any) -> tuple[str, list[str]]:
    """Return how a work request ended, and its log."""
    assert answer.status_code == 202, answer.text
    path = f"/20190101/workRequests/{answer.headers['opc-work-request-id']}"
    eventually(lambda: service.client.get(path).json()["percentComplete"] == 100, 120, "the work request's end")
    log = [entry["message"] for entry in service.client.get(f"{path}/logs").json()]
    return service.client.get(path).json()["status"], log


def rows(service: Running) -> list[dict[str, Any]]:
    answer = service.client.get(PATH)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_an_environment_is_made_listed_used_and_removed_when_nobody_uses_it(place: tuple[Running, Path]) -> None:
    service, _ = place
    assert rows(service) == []
    status, log = work(service, service.client.post(PATH, json={"requirements": [f"{NAME}==1.0"]}))
    assert status == "SUCCEEDED", log
    assert any(line.startswith("building Python 3.") for line in log)
    assert any(line.startswith("Installed 1 package") for line in log)
    (row,) = rows(service)
    assert log[-1].startswith(f"environment {row['key']}: built for 1 requirements")
    assert (row["kind"], row["requirements"], row["deployments"]) == ("requirements", [f"{NAME}==1.0"], [])
    assert row["pythonVersion"].startswith("3.")
    assert row["size"] > 0
    assert service.client.get(f"{PATH}/{row['key']}").json() == row

    model_id = service.create_model()["id"]
    content = archive(requirements__txt=f"{NAME}==1.0\n")
    assert service.upload(model_id, content).status_code < 300
    deployment = create(service, model_id)
    status, log = work(service, service.client.post(PATH, json={"modelId": model_id}))
    assert (status, log[-1].endswith("from the cache")) == ("SUCCEEDED", True), log
    (used,) = rows(service)
    assert [each["id"] for each in used["deployments"]] == [deployment["id"]]
    nothing = {"items": [], "count": 0, "bytes": 0}
    params = {"olderThanSeconds": 0}
    assert service.client.get(f"{PATH}/gc", params=params).json() == nothing
    assert service.client.post(f"{PATH}/gc", params=params).json() == nothing

    put(service.context, deployment["id"], lifecycle_state="DELETED")
    shown = service.client.get(f"{PATH}/gc", params=params).json()
    assert [(item["kind"], item["what"]) for item in shown["items"]] == [("environment", row["key"])]
    assert service.client.get(f"{PATH}/gc").json() == nothing, "it was used a moment ago"
    assert service.client.post(f"{PATH}/gc", params=params).json() == shown
    assert rows(service) == []
    expect(service.client.get(f"{PATH}/{row['key']}"), 404, "NotAuthorizedOrNotFound")


def test_what_can_t_be_made_says_why_in_the_resolver_s_words(place: tuple[Running, Path]) -> None:
    service, _ = place
    status, log = work(service, service.client.post(PATH, json={"requirements": ["not-in-the-folder==1.0"]}))
    assert status == "FAILED"
    assert "not-in-the-folder" in log[-1]
    assert rows(service) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"slug": "risk_v1", "requirements": []},
        {"slug": "risk_v2"},
        {"requirements": ["--index-url http://evil"]},
        {"requirements": [], "pythonVersion": "2.7"},
        {"requirements": [], "pythonVersion": "3.99"},
        {"requirment": []},
    ],
)
def test_what_makes_no_sense_is_refused_at_once(place: tuple[Running, Path], body: dict[str, Any]) -> None:
    service, _ = place
    answer = service.client.post(PATH, json=body)
    assert answer.status_code == 400, answer.text
    if body.get("slug") == "risk_v2":
        assert "risk_v1" in answer.json()["message"]


def test_names_that_are_no_keys_are_not_found(place: tuple[Running, Path]) -> None:
    service, _ = place
    for name in ("x", "..", ".lock", "0" * 32, "pack-" + "0" * 32, "%2e%2e%2fblobs"):
        assert service.client.get(f"{PATH}/{name}").status_code == 404


def test_the_catalog_has_the_operator_s_slugs_and_oci_s(place: tuple[Running, Path]) -> None:
    service, _ = place
    items = service.client.get(f"{PATH}/catalog", params={"limit": 1000}).json()["items"]
    assert items[0] == {
        "slug": "risk_v1",
        "origin": "operator",
        "pythonVersion": None,
        "requirements": [],
        "pack": "https://packs.example/risk.tar.gz",
    }
    assert {"generalml_p311_cpu_x86_64_v1"} <= {item["slug"] for item in items if item["origin"] == "oci"}


def test_a_pack_in_a_bucket_of_the_service_is_found(place: tuple[Running, Path]) -> None:
    from ads.deploy.environment_objects import stored_object

    service, _ = place
    namespace = service.client.get("/n").json()
    made = service.client.post(f"/n/{namespace}/b", json={"name": "packs", "compartmentId": service.compartment})
    assert made.status_code == 200, made.text
    assert service.client.put(f"/n/{namespace}/b/packs/o/deep/p.tar.gz", content=b"x" * 100).status_code == 200
    context = service.context
    found = stored_object(context.database, context.blobs, f"oci://packs@{namespace}/deep/p.tar.gz")
    assert found is not None
    assert b"".join(path.read_bytes() for path in found.paths()) == b"x" * 100
    assert stored_object(context.database, context.blobs, "oci://packs@elsewhere/deep/p.tar.gz") is None
