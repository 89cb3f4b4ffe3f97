"""Every data science operation of the ``oci`` client: content, states, lists, etags, repeated creates, refusals."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.own_service import eventually

from .conftest import Sdk

pytestmark = pytest.mark.needs("oci")

STALE = "00000000-0000-4000-8000-000000000000"
NS = "openads"
OTHER = b"other bytes \x00\xff"


def refused(status: int, call: Any, *args: Any, **named: Any) -> str:
    """Return the code with which a call is refused, after comparing its status; a HEAD has none."""
    import oci

    with pytest.raises(oci.exceptions.ServiceError) as caught:
        call(*args, **named)
    assert caught.value.status == status, caught.value
    assert caught.value.request_id
    code: str = caught.value.code
    return code


def listed(call: Any, *args: Any, **named: Any) -> list[str]:
    """Return the ids of a whole list, read two at a time."""
    import oci

    return [row.id for row in oci.pagination.list_call_get_all_results(call, *args, limit=2, **named).data]


def details(place: dict[str, str], kind: str, **values: Any) -> Any:
    import oci

    return getattr(oci.data_science.models, kind)(
        compartment_id=place["compartmentId"], project_id=place["projectId"], **values
    )


@pytest.mark.operations(
    "science.create_project",
    "science.get_project",
    "science.list_projects",
    "science.update_project",
    "science.delete_project",
    "science.change_project_compartment",
    "science.get_work_request",
)
def test_projects(sdk: Sdk, place: dict[str, str], models: Any, elsewhere: str) -> None:
    home, name = place["compartmentId"], f"p-{uuid.uuid4()}"
    new = models.CreateProjectDetails(compartment_id=home, display_name=name, freeform_tags={"a": "ü"})
    token = uuid.uuid4().hex[:30]
    made = sdk.science.create_project(new, opc_retry_token=token)
    assert sdk.science.create_project(new, opc_retry_token=token).data.id == made.data.id
    other = models.CreateProjectDetails(compartment_id=home, display_name="other")
    assert refused(409, sdk.science.create_project, other, opc_retry_token=token) == "InvalidatedRetryToken"
    ids = [made.data.id] + [sdk.science.create_project(new).data.id for _ in range(4)]
    for order, expected in (("ASC", ids), ("DESC", ids[::-1])):
        found = listed(sdk.science.list_projects, home, display_name=name, sort_by="timeCreated", sort_order=order)
        assert found == expected
    assert listed(sdk.science.list_projects, home, id=ids[2]) == [ids[2]]
    assert refused(400, sdk.science.list_projects, home, limit=0) == "InvalidParameter"
    assert refused(400, sdk.science.list_projects, home, page="forged") == "InvalidParameter"

    change = models.UpdateProjectDetails(description="new")
    assert refused(412, sdk.science.update_project, ids[0], change, if_match=STALE) == "NoEtagMatch"
    changed = sdk.science.update_project(ids[0], change, if_match=made.headers["etag"])
    assert (changed.data.description, changed.data.freeform_tags) == ("new", {"a": "ü"})
    assert changed.headers["etag"] != made.headers["etag"]
    moved = models.ChangeProjectCompartmentDetails(compartment_id=elsewhere)
    assert sdk.science.change_project_compartment(ids[0], moved).status == 200
    assert sdk.science.get_project(ids[0]).data.compartment_id == elsewhere
    assert listed(sdk.science.list_projects, elsewhere) == [ids[0]]

    gone = sdk.science.delete_project(ids[0])
    work = sdk.science.get_work_request(gone.headers["opc-work-request-id"]).data
    assert (gone.status, work.operation_type, work.percent_complete) == (202, "PROJECT_DELETE", 100)
    assert sdk.science.get_project(ids[0]).data.lifecycle_state == "DELETED"
    assert listed(sdk.science.list_projects, elsewhere, lifecycle_state="ACTIVE") == []
    assert refused(404, sdk.science.delete_project, ids[0]) == "NotAuthorizedOrNotFound"


@pytest.mark.operations(
    "science.create_model",
    "science.get_model",
    "science.list_models",
    "science.update_model",
    "science.delete_model",
    "science.activate_model",
    "science.deactivate_model",
    "science.change_model_compartment",
    "science.create_model_provenance",
    "science.get_model_provenance",
    "science.update_model_provenance",
)
def test_models_and_their_provenance(sdk: Sdk, place: dict[str, str], models: Any, elsewhere: str) -> None:
    home, name = place["compartmentId"], f"m-{uuid.uuid4()}"
    item = models.Metadata(key="note", value="ü", category="Other", keywords=["a"], has_artifact=True)
    framework = models.Metadata(key="Framework", value="scikit-learn")
    new = details(
        place,
        "CreateModelDetails",
        display_name=name,
        custom_metadata_list=[item],
        defined_metadata_list=[framework],
        input_schema='{"schema": []}',
    )
    made = sdk.science.create_model(new, opc_retry_token="r" * 30)
    assert sdk.science.create_model(new, opc_retry_token="r" * 30).data == made.data
    model = made.data
    assert (model.lifecycle_state, model.category, model.input_schema) == ("ACTIVE", "USER", '{"schema": []}')
    assert (model.custom_metadata_list[0].value, model.custom_metadata_list[0].has_artifact) == ("ü", False)
    ids = [model.id] + [sdk.science.create_model(new).data.id for _ in range(2)]
    assert listed(sdk.science.list_models, home, display_name=name, sort_by="timeCreated", sort_order="ASC") == ids
    assert listed(sdk.science.list_models, home, display_name=name, category="USER") == ids[::-1]
    for filters in ({"project_id": place["projectId"]}, {"created_by": model.created_by}, {"id": ids[1]}):
        assert ids[1] in listed(sdk.science.list_models, home, display_name=name, **filters)

    assert refused(404, sdk.science.get_model_provenance, ids[0]) == "NotAuthorizedOrNotFound"
    sdk.science.create_model_provenance(ids[0], models.CreateModelProvenanceDetails())
    origin = sdk.science.get_model_provenance(ids[0])
    assert origin.data.git_branch is None
    change = models.UpdateModelProvenanceDetails(git_branch="main")
    assert refused(412, sdk.science.update_model_provenance, ids[0], change, if_match=STALE) == "NoEtagMatch"
    sdk.science.update_model_provenance(ids[0], change, if_match=origin.headers["etag"])
    assert sdk.science.get_model_provenance(ids[0]).data.git_branch == "main"

    better = models.UpdateModelDetails(display_name="better", custom_metadata_list=[])
    assert refused(412, sdk.science.update_model, ids[0], better, if_match=STALE) == "NoEtagMatch"
    changed = sdk.science.update_model(ids[0], better, if_match=made.headers["etag"]).data
    assert (changed.display_name, changed.custom_metadata_list) == ("better", [])
    assert changed.defined_metadata_list[0].value == "scikit-learn"
    assert sdk.science.deactivate_model(ids[0]).data.lifecycle_state == "INACTIVE"
    assert refused(409, sdk.science.deactivate_model, ids[0]) == "Conflict"
    assert listed(sdk.science.list_models, home, lifecycle_state="INACTIVE") == [ids[0]]
    assert sdk.science.activate_model(ids[0]).data.lifecycle_state == "ACTIVE"
    moved = models.ChangeModelCompartmentDetails(compartment_id=elsewhere)
    assert sdk.science.change_model_compartment(ids[0], moved).status == 200
    assert listed(sdk.science.list_models, elsewhere) == [ids[0]]

    assert refused(412, sdk.science.delete_model, ids[0], if_match=STALE) == "NoEtagMatch"
    for model_id in ids:
        assert sdk.science.delete_model(model_id).status == 204
    assert sdk.science.get_model(ids[0]).data.lifecycle_state == "DELETED"
    for call in (sdk.science.get_model_provenance, sdk.science.delete_model, sdk.science.activate_model):
        assert refused(404, call, ids[0]) == "NotAuthorizedOrNotFound"
    assert refused(404, sdk.science.get_model, "ocid1.datasciencemodel.oc1.local.nothing") == "NotAuthorizedOrNotFound"


@pytest.mark.operations(
    "science.create_model_artifact",
    "science.head_model_artifact",
    "science.get_model_artifact_content",
    "science.export_model_artifact",
    "science.import_model_artifact",
    "science.cancel_work_request",
    "science.list_work_requests",
    "science.list_work_request_logs",
    "science.list_work_request_errors",
    "science.register_model_artifact_reference",
    "science.restore_archived_model_artifact",
)
def test_artifacts(sdk: Sdk, place: dict[str, str], models: Any, iris_zip: bytes) -> None:
    import oci

    home, new = place["compartmentId"], details(place, "CreateModelDetails")
    ids = [sdk.science.create_model(new).data.id for _ in range(4)]
    quoted = f'attachment; filename="{ids[0]}.zip"'
    token = uuid.uuid4().hex
    for _ in range(2):
        sent = sdk.science.create_model_artifact(ids[0], iris_zip, content_disposition=quoted, opc_retry_token=token)
        assert sent.status == 204
    assert refused(409, sdk.science.create_model_artifact, ids[0], iris_zip, content_disposition=quoted) == "Conflict"
    head = sdk.science.head_model_artifact(ids[0]).headers
    assert head["content-disposition"] == f"attachment; filename={ids[0]}.zip"
    assert (int(head["content-length"]), head["etag"]) == (len(iris_zip), sent.headers["etag"])
    for asked, expected in ((None, iris_zip), ("bytes=2-9", iris_zip[2:10]), ("bytes=-5", iris_zip[-5:])):
        named = {} if asked is None else {"range": asked}
        assert sdk.science.get_model_artifact_content(ids[0], **named).data.content == expected
    assert refused(416, sdk.science.get_model_artifact_content, ids[0], range="bytes=999999999-") == "InvalidRange"
    assert refused(400, sdk.science.create_model_artifact, ids[1], b"no zip") == "InvalidParameter"
    refused(404, sdk.science.head_model_artifact, ids[1])

    bucket = f"artifacts-{uuid.uuid4().hex[:8]}"
    sdk.storage.create_bucket(
        NS, oci.object_storage.models.CreateBucketDetails(name=bucket, compartment_id=home, versioning="Enabled")
    )
    target = models.ArtifactImportDetailsObjectStorage(
        namespace=NS, destination_bucket=bucket, destination_object_name="a/iris.zip", destination_region="x"
    )
    done = sdk.science.import_model_artifact(ids[0], models.ImportModelArtifactDetails(artifact_import_details=target))
    imported = done.headers["opc-work-request-id"]
    assert sdk.storage.get_object(NS, bucket, "a/iris.zip").data.content == iris_zip

    def export(model_id: str, name: str) -> str:
        source = models.ArtifactExportDetailsObjectStorage(
            namespace=NS, source_bucket=bucket, source_object_name=name, source_region="x"
        )
        wanted = models.ExportModelArtifactDetails(artifact_export_details=source)
        work: str = sdk.science.export_model_artifact(model_id, wanted).headers["opc-work-request-id"]
        eventually(lambda: sdk.science.get_work_request(work).data.percent_complete == 100, 30, "the export")
        return work

    exported = export(ids[1], "a/iris.zip")
    assert sdk.science.get_work_request(exported).data.status == "SUCCEEDED"
    assert sdk.science.get_model_artifact_content(ids[1]).data.content == iris_zip
    sdk.storage.put_object(NS, bucket, "bad.zip", b"no zip")
    failed = export(ids[2], "bad.zip")
    assert sdk.science.get_work_request(failed).data.status == "FAILED"
    (error,) = sdk.science.list_work_request_errors(failed).data
    logs = sdk.science.list_work_request_logs(failed).data
    assert logs[-1].message == error.message
    assert [row.timestamp for row in logs] == sorted(row.timestamp for row in logs)
    assert listed(sdk.science.list_work_requests, home, resource_id=ids[0]) == [imported]
    assert failed in listed(sdk.science.list_work_requests, home, status="FAILED", sort_by="timeAccepted")
    assert refused(409, sdk.science.cancel_work_request, failed) == "Conflict"

    sdk.storage.put_object(NS, bucket, "ref/score.py", b"pass")
    reference = models.OSSModelArtifactReferenceDetails(namespace=NS, bucket_name=bucket, prefix="ref/")
    wanted = models.RegisterModelArtifactReferenceDetails(model_artifact_references=[reference])
    done = sdk.science.register_model_artifact_reference(wanted, ids[3])
    assert sdk.science.get_work_request(done.headers["opc-work-request-id"]).data.status == "SUCCEEDED"
    assert sdk.science.get_model(ids[3]).data.is_model_by_reference is True
    assert sdk.science.get_model_artifact_content(ids[3]).data.json()["models"][0]["bucketName"] == bucket
    done = sdk.science.restore_archived_model_artifact(ids[3], restore_model_for_hours_specified=2)
    assert sdk.science.get_work_request(done.headers["opc-work-request-id"]).data.status == "SUCCEEDED"
    for model_id in ids:
        sdk.science.delete_model(model_id)
    assert refused(404, sdk.science.get_model_artifact_content, ids[0])


@pytest.mark.operations(
    *(
        f"science.{operation}"
        for kind in ("custom", "defined")
        for operation in (
            f"create_model_{kind}_metadatum_artifact",
            f"update_model_{kind}_metadatum_artifact",
            f"head_model_{kind}_metadatum_artifact",
            f"get_model_{kind}_metadatum_artifact_content",
            f"delete_model_{kind}_metadatum_artifact",
        )
    )
)
def test_files_at_metadata_keys(sdk: Sdk, place: dict[str, str], models: Any) -> None:
    for kind, other in (("custom", "defined"), ("defined", "custom")):
        walk_through_the_files_of(kind, other, sdk, place, models)


def walk_through_the_files_of(kind: str, other: str, sdk: Sdk, place: dict[str, str], models: Any) -> None:
    lists = {
        "custom_metadata_list": [models.Metadata(key="read me", value="v", category="Other")],
        "defined_metadata_list": [models.Metadata(key="Algorithm", value="v")],
    }
    model = sdk.science.create_model(details(place, "CreateModelDetails", **lists)).data
    keys = {"custom": "read me", "defined": "Algorithm"}
    named = {"content_disposition": 'form-data; name="file"; filename="readme.*"'}

    def call(verb: str, suffix: str = "") -> Any:
        return getattr(sdk.science, f"{verb}_model_{kind}_metadatum_artifact{suffix}")

    refused(404, call("head"), model.id, keys[kind])
    made = call("create")(model.id, keys[kind], b"{no json", **named)
    assert made.status == 204
    assert call("get", "_content")(model.id, keys[kind]).data.content == b"{no json"
    assert call("get", "_content")(model.id, keys[kind], range="bytes=1-2").data.content == b"no"
    assert refused(412, call("update"), model.id, keys[kind], OTHER, if_match=STALE, **named) == "NoEtagMatch"
    call("update")(model.id, keys[kind], OTHER, if_match=made.headers["etag"], **named)
    assert call("get", "_content")(model.id, keys[kind]).data.content == OTHER
    assert int(call("head")(model.id, keys[kind]).headers["content-length"]) == len(OTHER)
    found = sdk.science.get_model(model.id).data
    assert getattr(found, f"{kind}_metadata_list")[0].has_artifact is True
    assert getattr(found, f"{other}_metadata_list")[0].has_artifact is False
    assert refused(404, call("create"), model.id, "no such key", b"x", **named)
    assert call("delete")(model.id, keys[kind]).status == 204
    assert refused(404, call("get", "_content"), model.id, keys[kind])
    sdk.science.delete_model(model.id)


@pytest.mark.operations(
    "science.create_model_version_set",
    "science.get_model_version_set",
    "science.list_model_version_sets",
    "science.update_model_version_set",
    "science.delete_model_version_set",
    "science.change_model_version_set_compartment",
)
def test_version_sets(sdk: Sdk, place: dict[str, str], models: Any, elsewhere: str) -> None:
    home, name = place["compartmentId"], f"s-{uuid.uuid4()}"
    made = sdk.science.create_model_version_set(details(place, "CreateModelVersionSetDetails", name=name))
    again = details(place, "CreateModelVersionSetDetails", name=name)
    assert refused(409, sdk.science.create_model_version_set, again) == "Conflict"
    set_id = made.data.id
    assert listed(sdk.science.list_model_version_sets, home, name=name) == [set_id]
    assert listed(sdk.science.list_model_version_sets, home, name="no such name") == []
    first = sdk.science.create_model(details(place, "CreateModelDetails", model_version_set_id=set_id)).data
    second = sdk.science.create_model(details(place, "CreateModelDetails")).data
    join = models.UpdateModelDetails(model_version_set_id=set_id, version_label="better")
    joined = sdk.science.update_model(second.id, join).data
    assert [first.version_id, joined.version_id, joined.version_label] == [1, 2, "better"]
    assert joined.model_version_set_name == name
    assert refused(409, sdk.science.update_model, second.id, join) == "Conflict"
    assert set(listed(sdk.science.list_models, home, model_version_set_name=name)) == {first.id, second.id}
    assert listed(sdk.science.list_models, home, model_version_set_name=name, version_label="better") == [second.id]

    change = models.UpdateModelVersionSetDetails(description="d")
    assert refused(412, sdk.science.update_model_version_set, set_id, change, if_match=STALE) == "NoEtagMatch"
    changed = sdk.science.update_model_version_set(set_id, change, if_match=made.headers["etag"]).data
    assert (changed.description, changed.time_updated >= made.data.time_updated) == ("d", True)
    moved = models.ChangeModelVersionSetCompartmentDetails(compartment_id=elsewhere)
    assert sdk.science.change_model_version_set_compartment(set_id, moved).status == 200
    assert listed(sdk.science.list_model_version_sets, elsewhere) == [set_id]
    assert refused(409, sdk.science.delete_model_version_set, set_id) == "Conflict"
    gone = sdk.science.delete_model_version_set(set_id, is_delete_related_models=True)
    work = sdk.science.get_work_request(gone.headers["opc-work-request-id"]).data
    assert (gone.status, work.operation_type, work.status) == (202, "MODELVERSIONSET_DELETE", "SUCCEEDED")
    assert sdk.science.get_model_version_set(set_id).data.lifecycle_state == "DELETED"
    assert {sdk.science.get_model(model.id).data.lifecycle_state for model in (first, second)} == {"DELETED"}
