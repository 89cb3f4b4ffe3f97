from __future__ import annotations

import httpx
import pytest

from ads.registry.work_requests import accept_work_request, finish_work_request, progress_work_request

from .conftest import Running, expect

PATH = "/20190101/workRequests"


@pytest.fixture
def work(service: Running) -> str:
    """A work request that has failed."""
    with service.context.database.write() as session:
        request = accept_work_request(
            session,
            "MODEL_DEPLOYMENT_CREATE",
            "ocid1.datasciencemodeldeployment.oc1.local.x",
            service.compartment,
            entity_type="model-deployment",
            action_type="CREATED",
            message="create accepted",
        )
        progress_work_request(session, request.id, 40, "start: 0.1 s")
        progress_work_request(session, request.id, 20, "late")
        progress_work_request(session, request.id, 200, "more")
        assert request.percent_complete == 99
        finish_work_request(session, request.id, "FAILED", "It broke.", code="DeploymentFailed")
        finish_work_request(session, request.id, "SUCCEEDED", "never")
        progress_work_request(session, request.id, 50, "never")
    return request.id


def test_a_work_request_has_the_form_that_clients_poll(service: Running, work: str) -> None:
    answer = service.client.get(f"{PATH}/{work}")
    found = answer.json()
    assert (found["status"], found["percentComplete"]) == ("FAILED", 100)
    assert found["resources"][0]["actionType"] == "CREATED"
    assert found["resources"][0]["entityUri"].startswith("/20190101/modelDeployments/")
    assert found["timeAccepted"] <= found["timeStarted"] <= found["timeFinished"]
    assert answer.headers["etag"]


def test_the_last_line_of_the_log_tells_the_outcome(service: Running, work: str) -> None:
    logs = service.client.get(f"{PATH}/{work}/logs").json()
    assert [line["message"] for line in logs] == ["create accepted", "start: 0.1 s", "late", "more", "It broke."]
    assert all(line["timestamp"].endswith("Z") for line in logs)
    errors = service.client.get(f"{PATH}/{work}/errors").json()
    assert [(line["code"], line["message"]) for line in errors] == [("DeploymentFailed", "It broke.")]


def test_the_log_is_paged(service: Running, work: str) -> None:
    first = service.client.get(f"{PATH}/{work}/logs", params={"limit": "3"})
    second = service.client.get(f"{PATH}/{work}/logs", params={"limit": "3", "page": first.headers["opc-next-page"]})
    assert (len(first.json()), len(second.json())) == (3, 2)
    assert "opc-next-page" not in second.headers
    expect(service.client.get(f"{PATH}/{work}/logs", params={"page": "x"}), 400, "InvalidParameter")


def test_lists_are_filtered(service: Running, work: str) -> None:
    query = {"compartmentId": service.compartment, "id": work}
    assert [row["id"] for row in service.client.get(PATH, params=query).json()] == [work]
    assert service.client.get(PATH, params={**query, "status": "SUCCEEDED"}).json() == []
    assert service.client.get(PATH, params={**query, "sortBy": "status", "sortOrder": "ASC"}).status_code == 200


def test_an_unknown_one_is_404_and_none_can_be_canceled(api: httpx.Client, work: str) -> None:
    for suffix in ("", "/logs", "/errors"):
        answer = api.get(f"{PATH}/ocid1.datascienceworkrequest.oc1.local.x{suffix}")
        expect(answer, 404, "NotAuthorizedOrNotFound")
    expect(api.delete(f"{PATH}/{work}"), 409, "Conflict")
