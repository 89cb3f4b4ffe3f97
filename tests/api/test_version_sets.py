"""Model version sets, through the real ``oci`` client."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Running, archive, expect, refusal

oci = pytest.importorskip("oci")
pytestmark = pytest.mark.needs("oci")

SETS = "/20190101/modelVersionSets"


def new_set(service: Running, client: Any, name: str) -> Any:
    details = oci.data_science.models.CreateModelVersionSetDetails(
        compartment_id=service.compartment, project_id=service.project, name=name, freeform_tags={"a": "b"}
    )
    return client.create_model_version_set(details)


def new_model(service: Running, client: Any, set_id: str, label: str | None = None) -> Any:
    details = oci.data_science.models.CreateModelDetails(
        compartment_id=service.compartment, project_id=service.project, model_version_set_id=set_id, version_label=label
    )
    return client.create_model(details).data


def test_from_creation_to_deletion(service: Running, client: Any) -> None:
    created = new_set(service, client, "churn")
    made = created.data
    assert (made.lifecycle_state, made.category, made.freeform_tags) == ("ACTIVE", "USER", {"a": "b"})
    assert made.id.startswith("ocid1.datasciencemodelversionset.")
    assert client.get_model_version_set(made.id).data == made
    update = oci.data_science.models.UpdateModelVersionSetDetails(description="d")
    stale = created.headers["etag"]
    changed = client.update_model_version_set(made.id, update, if_match=stale)
    assert changed.data.description == "d"
    assert changed.data.time_updated > made.time_updated
    assert refusal(client.update_model_version_set, made.id, update, if_match=stale).code == "NoEtagMatch"
    deleted = client.delete_model_version_set(made.id)
    assert deleted.status == 202
    work = client.get_work_request(deleted.headers["opc-work-request-id"]).data
    assert (work.operation_type, work.status, work.percent_complete) == ("MODELVERSIONSET_DELETE", "SUCCEEDED", 100)
    assert work.resources[0].identifier == made.id
    assert client.get_model_version_set(made.id).data.lifecycle_state == "DELETED"
    assert refusal(client.delete_model_version_set, made.id).status == 404
    assert refusal(client.get_model_version_set, f"{made.id}x").code == "NotAuthorizedOrNotFound"


def test_a_name_is_taken_until_its_set_is_deleted(service: Running, client: Any) -> None:
    first = new_set(service, client, "taken").data
    error = refusal(new_set, service, client, "taken")
    assert (error.status, error.code) == (409, "Conflict")
    client.delete_model_version_set(first.id)
    second = new_set(service, client, "taken").data
    listed = client.list_model_version_sets(service.compartment, name="taken").data
    assert [row.id for row in listed] == [second.id, first.id]
    live = client.list_model_version_sets(service.compartment, name="taken", lifecycle_state="ACTIVE").data
    assert [row.id for row in live] == [second.id]
    assert client.list_model_version_sets(service.compartment, name="unknown").data == []


def test_models_are_numbered_in_the_order_they_join(service: Running, client: Any) -> None:
    versions = new_set(service, client, "numbered").data
    first = new_model(service, client, versions.id, "one")
    assert (first.version_id, first.version_label, first.model_version_set_name) == (1, "one", "numbered")
    alone = client.create_model(
        oci.data_science.models.CreateModelDetails(compartment_id=service.compartment, project_id=service.project)
    ).data
    assert (alone.model_version_set_id, alone.version_id) == (None, None)
    join = oci.data_science.models.UpdateModelDetails(model_version_set_id=versions.id, version_label="two")
    joined = client.update_model(alone.id, join).data
    assert (joined.model_version_set_id, joined.version_id, joined.version_label) == (versions.id, 2, "two")
    assert client.get_model(alone.id).data == joined
    error = refusal(client.update_model, alone.id, join)
    assert (error.status, error.code) == (409, "Conflict")
    client.delete_model(alone.id)
    assert new_model(service, client, versions.id).version_id == 3
    found = client.list_models(service.compartment, model_version_set_name="numbered", sort_order="ASC").data
    assert [(row.version_id, row.model_version_set_name) for row in found] == [(n, "numbered") for n in (1, 2, 3)]
    labelled = client.list_models(service.compartment, model_version_set_name="numbered", version_label="one").data
    assert [row.id for row in labelled] == [first.id]
    assert client.list_models(service.compartment, model_version_set_name="other").data == []


def test_models_can_not_join_what_is_not_there(service: Running, client: Any) -> None:
    versions = new_set(service, client, "gone").data
    client.delete_model_version_set(versions.id)
    for id_ in (versions.id, "ocid1.datasciencemodelversionset.oc1..none"):
        error = refusal(new_model, service, client, id_)
        assert (error.status, error.code) == (404, "RelatedResourceNotAuthorizedOrNotFound")


def test_deletion_with_models(service: Running, client: Any) -> None:
    versions = new_set(service, client, "full").data
    model = new_model(service, client, versions.id)
    assert service.upload(model.id, archive()).status_code == 204
    error = refusal(client.delete_model_version_set, versions.id)
    assert (error.status, error.code) == (409, "Conflict")
    assert client.delete_model_version_set(versions.id, is_delete_related_models=True).status == 202
    assert client.get_model(model.id).data.lifecycle_state == "DELETED"
    assert client.get_model(model.id).data.model_version_set_name == "full"
    assert refusal(client.head_model_artifact, model.id).status == 404


def test_paging_retry_tokens_and_moves(service: Running, client: Any) -> None:
    details = oci.data_science.models.CreateModelVersionSetDetails(
        compartment_id=service.compartment, project_id=service.project, name="again"
    )
    once = client.create_model_version_set(details, opc_retry_token="t").data
    assert client.create_model_version_set(details, opc_retry_token="t").data.id == once.id
    made = [new_set(service, client, f"paged-{n}").data.id for n in range(5)]
    found = oci.pagination.list_call_get_all_results(
        client.list_model_version_sets, service.compartment, limit=2, sort_by="name", sort_order="DESC"
    ).data
    assert [row.id for row in found if row.name.startswith("paged")] == made[::-1]
    move = oci.data_science.models.ChangeModelVersionSetCompartmentDetails(compartment_id=service.compartment)
    assert client.change_model_version_set_compartment(once.id, move).status == 200
    move.compartment_id = "ocid1.compartment.oc1..none"
    assert refusal(client.change_model_version_set_compartment, once.id, move).status == 404


def test_wrong_requests_are_refused(service: Running, api: httpx.Client) -> None:
    there = {"compartmentId": service.compartment, "projectId": service.project}
    expect(api.post(SETS, json=there), 400, "MissingParameter")
    for name in ("", "x" * 256, 7):
        expect(api.post(SETS, json={**there, "name": name}), 400, "InvalidParameter")
    expect(api.get(SETS), 400, "MissingParameter")
    expect(api.get(f"{SETS}?compartmentId=x&lifecycleState=GONE"), 400, "InvalidParameter")
    made = api.post(SETS, json={**there, "name": "flag"}).json()
    expect(api.delete(f"{SETS}/{made['id']}?isDeleteRelatedModels=maybe"), 400, "InvalidParameter")
