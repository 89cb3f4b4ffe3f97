"""The public `oci` Python client, unmodified, over signed requests, against a running service."""

from __future__ import annotations

import io
from typing import Any

import pytest
import requests
from sklearn.datasets import load_iris

from tests.own_service import eventually

pytestmark = pytest.mark.needs("oci")


def test_models_from_creation_to_deletion(client: Any, place: dict[str, str], iris_zip: bytes) -> None:
    from oci.data_science import models

    created = client.create_model(
        models.CreateModelDetails(
            compartment_id=place["compartmentId"],
            project_id=place["projectId"],
            display_name="through oci",
            freeform_tags={"team": "a"},
            custom_metadata_list=[models.Metadata(key="note", value="1", category="Other")],
        )
    )
    model = created.data
    assert (created.status, model.lifecycle_state, model.category) == (200, "ACTIVE", "USER")
    assert client.get_model(model.id).data.display_name == "through oci"
    listed = client.list_models(place["compartmentId"], display_name="through oci").data
    assert [summary.id for summary in listed] == [model.id]

    with pytest.raises(Exception, match="404"):
        client.get_model_provenance(model.id)
    client.create_model_provenance(model.id, models.CreateModelProvenanceDetails(git_branch="main"))
    assert client.get_model_provenance(model.id).data.git_branch == "main"

    disposition = f'attachment; filename="{model.id}.zip"'
    sent = client.create_model_artifact(model.id, io.BytesIO(iris_zip), content_disposition=disposition)
    assert sent.status == 204
    head = client.head_model_artifact(model.id)
    assert int(head.headers["content-length"]) == len(iris_zip)
    assert head.headers["content-disposition"] == f"attachment; filename={model.id}.zip"
    assert client.get_model_artifact_content(model.id).data.content == iris_zip
    assert client.get_model_artifact_content(model.id, range="bytes=0-3").data.content == iris_zip[:4]

    etag = created.headers["etag"]
    updated = client.update_model(model.id, models.UpdateModelDetails(description="better"), if_match=etag)
    assert updated.data.description == "better"
    with pytest.raises(Exception, match="412"):
        client.update_model(model.id, models.UpdateModelDetails(description="stale"), if_match=etag)

    assert client.delete_model(model.id).status == 204
    assert client.get_model(model.id).data.lifecycle_state == "DELETED"
    with pytest.raises(Exception, match="404"):
        client.head_model_artifact(model.id)


def test_deployments_from_creation_to_deletion(
    client: Any, profile: Any, place: dict[str, str], iris_zip: bytes
) -> None:
    import oci
    from oci.data_science import models

    model = client.create_model(
        models.CreateModelDetails(compartment_id=place["compartmentId"], project_id=place["projectId"])
    ).data
    client.create_model_artifact(model.id, iris_zip, content_disposition='attachment; filename="iris.zip"')
    answer = client.create_model_deployment(
        models.CreateModelDeploymentDetails(
            compartment_id=place["compartmentId"],
            project_id=place["projectId"],
            display_name="through oci",
            model_deployment_configuration_details=models.SingleModelDeploymentConfigurationDetails(
                model_configuration_details=models.ModelConfigurationDetails(
                    model_id=model.id,
                    instance_configuration=models.InstanceConfiguration(
                        instance_shape_name="VM.Standard.E4.Flex",
                        model_deployment_instance_shape_config_details=models.ModelDeploymentInstanceShapeConfigDetails(
                            ocpus=1, memory_in_gbs=16
                        ),
                    ),
                    scaling_policy=models.FixedSizeScalingPolicy(instance_count=1),
                    bandwidth_mbps=10,
                )
            ),
        )
    )
    deployment, work = answer.data, answer.headers["opc-work-request-id"]
    assert deployment.lifecycle_state == "CREATING"
    eventually(lambda: client.get_work_request(work).data.status == "SUCCEEDED", 60, "the work request's success")
    assert client.get_work_request(work).data.percent_complete == 100
    assert client.list_work_request_logs(work).data[-1].message
    assert client.get_model_deployment(deployment.id).data.lifecycle_state == "ACTIVE"
    assert deployment.id in [d.id for d in client.list_model_deployments(place["compartmentId"]).data]

    config, _ = profile
    signer = oci.signer.Signer(
        config["tenancy"], config["user"], config["fingerprint"], private_key_file_location=config["key_file"]
    )
    rows = load_iris().data[:3].tolist()
    reply = requests.post(f"{deployment.model_deployment_url}/predict", json=rows, auth=signer, timeout=30)
    assert reply.json() == {"prediction": [0, 0, 0]}

    with pytest.raises(Exception, match="409"):
        client.delete_model(model.id)
    for act, state in (
        (client.deactivate_model_deployment, "INACTIVE"),
        (client.activate_model_deployment, "ACTIVE"),
        (client.delete_model_deployment, "DELETED"),
    ):
        done = act(deployment.id).headers["opc-work-request-id"]
        eventually(lambda done=done: client.get_work_request(done).data.status == "SUCCEEDED", 60, state)
        assert client.get_model_deployment(deployment.id).data.lifecycle_state == state
    assert client.delete_model(model.id).status == 204


def test_lists_page_by_two_in_the_order_of_creation(client: Any, place: dict[str, str]) -> None:
    import oci
    from oci.data_science import models

    made = [
        client.create_model(
            models.CreateModelDetails(
                compartment_id=place["compartmentId"], project_id=place["projectId"], display_name="paged"
            )
        ).data.id
        for _ in range(5)
    ]
    pages = oci.pagination.list_call_get_all_results(
        client.list_models,
        place["compartmentId"],
        display_name="paged",
        sort_order="ASC",
        sort_by="timeCreated",
        limit=2,
    )
    assert [summary.id for summary in pages.data] == made


def test_a_tampered_or_unsigned_request_is_401(profile: Any, place: dict[str, str]) -> None:
    import oci

    config, base = profile
    signer = oci.signer.Signer(
        config["tenancy"], config["user"], config["fingerprint"], private_key_file_location=config["key_file"]
    )
    url = f"{base}/20190101/projects"
    good = requests.Request("POST", url, json={"compartmentId": place["compartmentId"]}, auth=signer).prepare()
    with requests.Session() as session:
        assert session.send(good, timeout=30).status_code == 200
        for tamper in ("body", "path", "date", "none"):
            bad = good.copy()
            if tamper == "body":
                bad.body = bytes(good.body or b"").replace(b"compartmentId", b"compartmentID")
            elif tamper == "path":
                bad.url = f"{base}/20190101/models"
            elif tamper == "date":
                bad.headers["date"] = "Thu, 05 Jan 2023 21:31:40 GMT"
            else:
                del bad.headers["authorization"]
            reply = session.send(bad, timeout=30)
            assert (reply.status_code, reply.json()["code"]) == (401, "NotAuthenticated"), tamper
