"""The real ``oci`` client, with a key of its own, against the control plane."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from .conftest import Running, archive, refusal, write_profile

oci = pytest.importorskip("oci")
pytestmark = pytest.mark.needs("oci")


@pytest.fixture
def model(service: Running, client: Any) -> Any:
    details = oci.data_science.models.CreateModelDetails(
        compartment_id=service.compartment, project_id=service.project, display_name="through oci"
    )
    return client.create_model(details).data


def test_projects_move(service: Running, client: Any) -> None:
    made = client.create_project(oci.data_science.models.CreateProjectDetails(compartment_id=service.compartment))
    move = oci.data_science.models.ChangeProjectCompartmentDetails(compartment_id=service.context.defaults.tenancy_id)
    stale = "00000000-0000-4000-8000-000000000000"
    assert refusal(client.change_project_compartment, made.data.id, move, if_match=stale).code == "NoEtagMatch"
    assert client.change_project_compartment(made.data.id, move, if_match=made.headers["etag"]).status == 200
    assert client.get_project(made.data.id).data.compartment_id == move.compartment_id
    assert made.data.id not in [row.id for row in client.list_projects(service.compartment).data]


def test_projects(service: Running, client: Any) -> None:
    details = oci.data_science.models.CreateProjectDetails(compartment_id=service.compartment, display_name="demo")
    created = client.create_project(details)
    assert client.get_project(created.data.id).data == created.data
    changed = client.update_project(
        created.data.id,
        oci.data_science.models.UpdateProjectDetails(description="d"),
        if_match=created.headers["etag"],
    )
    assert changed.data.description == "d"
    listed = client.list_projects(service.compartment, display_name="demo").data
    assert [project.id for project in listed] == [created.data.id]
    deleted = client.delete_project(created.data.id)
    work = client.get_work_request(deleted.headers["opc-work-request-id"]).data
    assert (work.status, work.percent_complete, work.operation_type) == ("SUCCEEDED", 100, "PROJECT_DELETE")
    assert client.get_project(created.data.id).data.lifecycle_state == "DELETED"


def test_models(service: Running, client: Any) -> None:
    metadata = oci.data_science.models.Metadata(key="auc", value="0.9", category="Performance")
    details = oci.data_science.models.CreateModelDetails(
        compartment_id=service.compartment,
        project_id=service.project,
        display_name="m",
        custom_metadata_list=[metadata],
        input_schema='{"schema": []}',
        freeform_tags={"a": "b"},
    )
    created = client.create_model(details)
    assert created.data.custom_metadata_list[0].value == "0.9"
    assert created.data.time_created.tzinfo is not None
    assert client.get_model(created.data.id).data == created.data
    update = oci.data_science.models.UpdateModelDetails(display_name="n")
    stale = created.headers["etag"]
    assert client.update_model(created.data.id, update, if_match=stale).data.display_name == "n"
    error = refusal(client.update_model, created.data.id, update, if_match=stale)
    assert (error.status, error.code) == (412, "NoEtagMatch")
    assert client.deactivate_model(created.data.id).data.lifecycle_state == "INACTIVE"
    assert client.activate_model(created.data.id).data.lifecycle_state == "ACTIVE"
    assert client.delete_model(created.data.id).status == 204
    assert client.get_model(created.data.id).data.lifecycle_state == "DELETED"
    assert refusal(client.get_model, "ocid1.datasciencemodel.oc1..none").code == "NotAuthorizedOrNotFound"


def test_paging_by_two(service: Running, client: Any) -> None:
    project = client.create_project(
        oci.data_science.models.CreateProjectDetails(compartment_id=service.compartment)
    ).data
    made = [service.create_model(projectId=project.id)["id"] for _ in range(5)]
    found = oci.pagination.list_call_get_all_results(
        client.list_models, service.compartment, project_id=project.id, limit=2, sort_by="timeCreated", sort_order="ASC"
    )
    assert [model.id for model in found.data] == made


def test_retry_tokens(service: Running, client: Any) -> None:
    details = oci.data_science.models.CreateModelDetails(
        compartment_id=service.compartment, project_id=service.project, display_name="once"
    )
    first = client.create_model(details, opc_retry_token="token").data
    assert client.create_model(details, opc_retry_token="token").data.id == first.id
    details.display_name = "other"
    error = refusal(client.create_model, details, opc_retry_token="token")
    assert (error.status, error.code) == (409, "InvalidatedRetryToken")


def test_artifact(client: Any, model: Any, tmp_path: Path) -> None:
    assert refusal(client.get_model_artifact_content, model.id).status == 404
    assert refusal(client.head_model_artifact, model.id).status == 404
    content = archive(noise="z" * 300_000)
    file = tmp_path / "artifact.zip"
    file.write_bytes(content)
    disposition = f'attachment; filename="{model.id}.zip"'
    with file.open("rb") as body:
        assert client.create_model_artifact(model.id, body, content_disposition=disposition).status == 204
    head = client.head_model_artifact(model.id)
    assert int(head.headers["content-length"]) == len(content)
    assert head.headers["content-disposition"] == f"attachment; filename={model.id}.zip"
    assert head.headers["content-md5"] == base64.b64encode(hashlib.md5(content).digest()).decode()
    with client.get_model_artifact_content(model.id).data as answer:
        assert answer.content == content
    with client.get_model_artifact_content(model.id, range="bytes=5-14").data as answer:
        assert answer.content == content[5:15]
    error = refusal(client.create_model_artifact, model.id, archive(), content_disposition=disposition)
    assert (error.status, error.code) == (409, "Conflict")


def test_provenance(client: Any, model: Any) -> None:
    assert refusal(client.get_model_provenance, model.id).status == 404
    details = oci.data_science.models.CreateModelProvenanceDetails(git_branch="main", training_script="train.py")
    assert client.create_model_provenance(model.id, details).data.git_branch == "main"
    update = oci.data_science.models.UpdateModelProvenanceDetails(git_branch="next")
    assert client.update_model_provenance(model.id, update).data.training_script == "train.py"
    assert client.get_model_provenance(model.id).data.git_branch == "next"


def test_search_and_users(service: Running, profile: dict[str, str], model: Any) -> None:
    search = oci.resource_search.ResourceSearchClient(profile, service_endpoint=service.url)
    query = f"query datasciencemodeldeployment resources where ModelId='{model.id}'"
    details = oci.resource_search.models.StructuredSearchDetails(query=query)
    assert search.search_resources(details, limit=500).data.items == []
    identity = oci.identity.IdentityClient(profile, service_endpoint=service.url)
    assert identity.get_user(model.created_by).data.name == "admin"


def test_wrong_keys_are_refused(service: Running, profile: dict[str, str], tmp_path: Path) -> None:
    other = write_profile(service, tmp_path)
    for wrong in (
        {"key_file": other["key_file"]},
        {"user": "ocid1.user.oc1..somebodyelse"},
        {"tenancy": "ocid1.tenancy.oc1..x"},
    ):
        client = oci.data_science.DataScienceClient(
            {**profile, **wrong}, service_endpoint=service.url, retry_strategy=oci.retry.NoneRetryStrategy()
        )
        error = refusal(client.list_models, service.compartment)
        assert (error.status, error.code) == (401, "NotAuthenticated")


def test_tampered_requests_are_refused(service: Running, profile: dict[str, str]) -> None:
    import requests

    signer = oci.signer.Signer(profile["tenancy"], profile["user"], profile["fingerprint"], profile["key_file"])
    url = f"{service.url}/20190101/projects"
    body = {"compartmentId": service.compartment, "displayName": "tampered"}
    prepared = requests.Request("POST", url, json=body, auth=signer).prepare()
    with requests.Session() as session:
        assert session.send(prepared).status_code == 200
        prepared.body = prepared.body.replace(b"tampered", b"TAMPERED")
        assert session.send(prepared).status_code == 401
        assert session.get(f"{url}?compartmentId={service.compartment}").status_code == 401
