"""Deployments over HTTP, without an engine: a deployment stays where an order puts it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ads.api.context import Context
from ads.registry.deployments import get_deployment
from ads.registry.tables import Artifact

from .conftest import Running, archive, expect

PATH = "/20190101/modelDeployments"


@pytest.fixture
def model(service: Running) -> str:
    """A model with an artifact."""
    model_id: str = service.create_model(displayName="m")["id"]
    assert service.upload(model_id, archive()).status_code in (200, 204)
    return model_id


def body(service: Running, model_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "compartmentId": service.compartment,
        "projectId": service.project,
        "displayName": "d",
        "modelDeploymentConfigurationDetails": {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {
                "modelId": model_id,
                "bandwidthMbps": 10,
                "instanceConfiguration": {
                    "instanceShapeName": "VM.Standard.E4.Flex",
                    "modelDeploymentInstanceShapeConfigDetails": {"ocpus": 1.0, "memoryInGBs": 16.0},
                },
                "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 1},
            },
        },
        **changes,
    }


def put(context: Context, deployment_id: str, **columns: Any) -> None:
    """Bring a deployment into a state that an engine would have brought it to."""
    with context.database.write() as session:
        for name, value in columns.items():
            setattr(get_deployment(session, deployment_id), name, value)


def create(service: Running, model_id: str, **changes: Any) -> dict[str, Any]:
    answer = service.client.post(PATH, json=body(service, model_id, **changes))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_new_deployment_is_described_as_clients_expect(service: Running, model: str) -> None:
    answer = service.client.post(PATH, json=body(service, model, freeformTags={"a": "b"}))
    created = answer.json()
    assert created["lifecycleState"] == "CREATING"
    assert created["id"].startswith("ocid1.datasciencemodeldeployment.oc1.")
    assert created["modelDeploymentUrl"] == f"{service.url}/{created['id']}"
    details = created["modelDeploymentConfigurationDetails"]
    assert details["deploymentType"] == "SINGLE_MODEL"
    assert details["environmentConfigurationDetails"]["environmentConfigurationType"] == "DEFAULT"
    assert created["modelDeploymentSystemData"] == {"systemInfraType": "INSTANCE_POOL", "currentInstanceCount": 0}
    assert answer.headers["location"] == f"{PATH}/{created['id']}"
    work = service.client.get(f"/20190101/workRequests/{answer.headers['opc-work-request-id']}").json()
    assert work["operationType"] == "MODEL_DEPLOYMENT_CREATE"
    assert work["percentComplete"] < 100
    assert work["resources"][0]["identifier"] == created["id"]
    got = service.client.get(f"{PATH}/{created['id']}")
    assert got.json() == created
    assert got.headers["etag"] == answer.headers["etag"]


def test_the_url_is_below_the_address_that_the_client_used(service: Running, model: str) -> None:
    created = create(service, model)
    seen = service.client.get(f"{PATH}/{created['id']}", headers={"host": "models.example:81"}).json()
    assert seen["modelDeploymentUrl"] == f"http://models.example:81/{created['id']}"


def test_the_same_retry_token_creates_once(service: Running, model: str) -> None:
    headers = {"opc-retry-token": f"token-{model[-20:]}"}
    first, second = (service.client.post(PATH, json=body(service, model), headers=headers) for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert first.headers["opc-work-request-id"] == second.headers["opc-work-request-id"]
    other = service.client.post(PATH, json=body(service, model, displayName="x"), headers=headers)
    expect(other, 409, "InvalidatedRetryToken")


def test_what_can_not_fit_is_refused_with_the_figures_before_anything_changed(service: Running, model: str) -> None:
    fits = create(service, model)
    put(service.context, fits["id"], lifecycle_state="ACTIVE", serving_revision=1, target="ACTIVE")
    large: str = service.create_model(displayName="large")["id"]
    assert service.upload(large, archive()).status_code in (200, 204)
    with service.context.database.write() as session:
        session.get_one(Artifact, large).size = 2**50
    events = service.client.get("/openads/v1/events", params={"limit": 1000}).json()["items"]
    for refused in (
        service.client.post(PATH, json=body(service, large)),
        service.client.put(
            f"{PATH}/{fits['id']}",
            json={
                "modelDeploymentConfigurationDetails": {
                    "deploymentType": "SINGLE_MODEL",
                    "modelConfigurationDetails": {"modelId": large},
                }
            },
        ),
        service.client.post(f"/openads/v1/deployments/{fits['id']}/rollouts", json={"modelId": large}),
    ):
        expect(refused, 400, "InvalidParameter")
        said = refused.json()["message"]
        assert "1 replicas of a model of 1073741824 MiB don't fit: this machine has " in said
        assert "which is enough for 0" in said
    assert service.client.get(f"{PATH}/{fits['id']}").json()["lifecycleState"] == "ACTIVE"
    found = service.client.get(PATH, params={"compartmentId": service.compartment, "modelId": large}).json()
    assert found == []
    assert service.client.get("/openads/v1/events", params={"limit": 1000}).json()["items"] == events


@pytest.mark.parametrize("missing", ["compartmentId", "projectId", "modelDeploymentConfigurationDetails"])
def test_what_is_required_is_named(service: Running, model: str, missing: str) -> None:
    details = body(service, model)
    del details[missing]
    answer = service.client.post(PATH, json=details)
    expect(answer, 400, "MissingParameter")
    assert missing in answer.json()["message"]


def test_a_container_is_a_clear_400(service: Running, model: str) -> None:
    details = body(service, model)
    environment = {"environmentConfigurationType": "OCIR_CONTAINER", "image": "iad.ocir.io/x/y"}
    details["modelDeploymentConfigurationDetails"]["environmentConfigurationDetails"] = environment
    answer = service.client.post(PATH, json=details)
    expect(answer, 400, "InvalidParameter")
    assert "container" in answer.json()["message"]


def test_only_an_active_model_with_an_artifact_can_be_deployed(service: Running, model: str) -> None:
    unknown = service.client.post(PATH, json=body(service, "ocid1.datasciencemodel.oc1.local.nothing"))
    expect(unknown, 404, "RelatedResourceNotAuthorizedOrNotFound")
    empty = service.create_model(displayName="empty")["id"]
    answer = service.client.post(PATH, json=body(service, empty))
    expect(answer, 409, "Conflict")
    assert "no artifact" in answer.json()["message"]
    service.client.post(f"/20190101/models/{model}/actions/deactivate")
    answer = service.client.post(PATH, json=body(service, model))
    expect(answer, 409, "Conflict")
    assert "INACTIVE" in answer.json()["message"]


def test_lists_are_filtered_sorted_and_paged(service: Running, model: str) -> None:
    names = [f"list-{model[-6:]}-{letter}" for letter in "cab"]
    ids = {name: create(service, model, displayName=name)["id"] for name in names}
    query = {"compartmentId": service.compartment, "limit": "1000", "sortBy": "displayName"}
    found = service.client.get(PATH, params=query).json()
    assert [row["displayName"] for row in found if row["displayName"] in ids] == sorted(names)
    assert "lifecycleDetails" not in found[0]
    one = service.client.get(PATH, params={**query, "displayName": names[0]}).json()
    assert [row["id"] for row in one] == [ids[names[0]]]
    page = service.client.get(PATH, params={**query, "limit": "2"})
    following = service.client.get(PATH, params={**query, "limit": "2", "page": page.headers["opc-next-page"]})
    assert not {row["id"] for row in page.json()} & {row["id"] for row in following.json()}
    expect(service.client.get(PATH), 400, "MissingParameter")
    expect(service.client.get(PATH, params={**query, "lifecycleState": "GONE"}), 400, "InvalidParameter")


def test_an_update_merges_and_keeps_the_rest(service: Running, model: str) -> None:
    created = create(service, model)
    put(service.context, created["id"], lifecycle_state="ACTIVE", serving_revision=1)
    change = {
        "description": "new",
        "modelDeploymentConfigurationDetails": {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {"scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 3}},
        },
    }
    answer = service.client.put(f"{PATH}/{created['id']}", json=change)
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["opc-work-request-id"]
    seen = service.client.get(f"{PATH}/{created['id']}").json()
    details = seen["modelDeploymentConfigurationDetails"]["modelConfigurationDetails"]
    assert (seen["lifecycleState"], seen["description"], seen["displayName"]) == ("UPDATING", "new", "d")
    assert (details["scalingPolicy"]["instanceCount"], details["modelId"], details["bandwidthMbps"]) == (3, model, 10)


def test_a_stale_etag_changes_nothing(service: Running, model: str) -> None:
    created = service.client.post(PATH, json=body(service, model))
    path = f"{PATH}/{created.json()['id']}"
    for method in ("PUT", "DELETE"):
        expect(service.client.request(method, path, headers={"if-match": "old"}, json={}), 412, "NoEtagMatch")
    assert service.client.get(path).headers["etag"] == created.headers["etag"]
    assert service.client.delete(path, headers={"if-match": created.headers["etag"]}).status_code == 202


@pytest.mark.parametrize(
    ("state", "action", "code"),
    [
        ("CREATING", "deactivate", "IncorrectState"),
        ("ACTIVE", "activate", "Conflict"),
        ("INACTIVE", "deactivate", "Conflict"),
        ("FAILED", "activate", "Conflict"),
        ("DELETED", "activate", "NotAuthorizedOrNotFound"),
    ],
)
def test_an_action_in_the_wrong_state_is_refused(
    service: Running, model: str, state: str, action: str, code: str
) -> None:
    created = create(service, model)
    put(service.context, created["id"], lifecycle_state=state)
    answer = service.client.post(f"{PATH}/{created['id']}/actions/{action}")
    expect(answer, 404 if state == "DELETED" else 409, code)


def test_an_unknown_deployment_is_404_everywhere(api: httpx.Client) -> None:
    path = f"{PATH}/ocid1.datasciencemodeldeployment.oc1.local.nothing"
    for method, suffix in (("GET", ""), ("DELETE", ""), ("POST", "/actions/activate"), ("POST", "/actions/deactivate")):
        expect(api.request(method, path + suffix), 404, "NotAuthorizedOrNotFound")
    expect(api.put(path, json={}), 404, "NotAuthorizedOrNotFound")
    own = "/openads/v1/deployments/ocid1.datasciencemodeldeployment.oc1.local.nothing"
    expect(api.get(f"{own}/logs"), 404, "NotAuthorizedOrNotFound")
    expect(api.post(f"{own}/actions/restart"), 404, "NotAuthorizedOrNotFound")


def test_a_model_in_use_cannot_be_deleted(service: Running, model: str) -> None:
    created = create(service, model)
    expect(service.client.delete(f"/20190101/models/{model}"), 409, "Conflict")
    put(service.context, created["id"], lifecycle_state="DELETED")
    assert service.client.delete(f"/20190101/models/{model}").status_code == 204


def test_logs_are_shown(service: Running, model: str) -> None:
    created = create(service, model)
    folder = service.context.home.deployment(created["id"])
    folder.mkdir(parents=True)
    (folder / "predict.log").write_text("one\ntwo\nthree\n")
    path = f"/openads/v1/deployments/{created['id']}/logs"
    lines = service.client.get(path, params={"type": "predict", "limit": "2"}).json()["lines"]
    assert [(line["type"], line["message"]) for line in lines] == [("predict", "two"), ("predict", "three")]
    assert all(line["time"].endswith("Z") for line in lines)
    assert service.client.get(path, params={"type": "access"}).json() == {"lines": []}
    expect(service.client.get(path, params={"type": "../../x"}), 400, "InvalidParameter")
    expect(service.client.get(path, params={"limit": "0"}), 400, "InvalidParameter")


def test_shapes_are_listed_page_by_page(service: Running) -> None:
    query = {"compartmentId": service.compartment}
    shapes = service.client.get("/20190101/modelDeploymentShapes", params=query).json()
    assert {"VM.Standard.E4.Flex", "VM.GPU3.1"} <= {shape["name"] for shape in shapes}
    assert shapes[0].keys() == {"name", "coreCount", "memoryInGBs", "shapeSeries"}
    seen, page = [], None
    for _ in range(len(shapes)):
        params = {**query, "limit": "5", **({"page": page} if page else {})}
        answer = service.client.get("/20190101/modelDeploymentShapes", params=params)
        seen += answer.json()
        page = answer.headers.get("opc-next-page")
        if page is None:
            break
    assert seen == shapes
    expect(service.client.get("/20190101/modelDeploymentShapes"), 400, "MissingParameter")
    assert service.client.get("/20190101/fastLaunchJobConfigs", params=query).json() == []


def test_a_deployment_moves_between_compartments(service: Running, model: str) -> None:
    created = create(service, model)
    tenancy = service.context.defaults.tenancy_id
    path = f"{PATH}/{created['id']}/actions/changeCompartment"
    assert service.client.post(path, json={"compartmentId": tenancy}).status_code == 200
    assert service.client.get(f"{PATH}/{created['id']}").json()["compartmentId"] == tenancy
    expect(
        service.client.post(path, json={"compartmentId": "ocid1.compartment.oc1..x"}),
        404,
        "RelatedResourceNotAuthorizedOrNotFound",
    )
