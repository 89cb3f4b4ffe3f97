"""Version sets, attached files, object storage and logs through the gateway, with the real ``oci`` client."""

from __future__ import annotations

import io
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests

from tests.own_service import eventually

pytestmark = pytest.mark.needs("oci")

NS = "openads"


@pytest.fixture(scope="module")
def storage(profile: Any, place: dict[str, str]) -> Any:
    import oci

    config, base = profile
    found = oci.object_storage.ObjectStorageClient(
        config, service_endpoint=base, retry_strategy=oci.retry.NoneRetryStrategy()
    )
    details = oci.object_storage.models.CreateBucketDetails(name="compat", compartment_id=place["compartmentId"])
    found.create_bucket(NS, details)
    return found


def new_model(client: Any, place: dict[str, str], **values: Any) -> Any:
    from oci.data_science import models

    details = models.CreateModelDetails(compartment_id=place["compartmentId"], project_id=place["projectId"], **values)
    return client.create_model(details).data


@pytest.mark.parametrize("name", ["a/b c.zip", "..", "../../x", "a//b/./c", "ü/€%2F+?#", "x" * 1024])
def test_object_names_pass_the_gateway_as_they_are(storage: Any, name: str) -> None:
    storage.put_object(NS, "compat", name, name.encode())
    assert storage.get_object(NS, "compat", name).data.content == name.encode()
    assert int(storage.head_object(NS, "compat", name).headers["content-length"]) == len(name.encode())
    assert [row.name for row in storage.list_objects(NS, "compat", prefix=name).data.objects] == [name]
    assert storage.delete_object(NS, "compat", name).status == 204


def test_a_streamed_upload_becomes_an_artifact_and_an_object_again(
    client: Any, storage: Any, place: dict[str, str], iris_zip: bytes
) -> None:
    import oci
    from oci.data_science import models

    manager = oci.object_storage.UploadManager(storage)
    manager.upload_stream(NS, "compat", "in/iris.zip", io.BytesIO(iris_zip), part_size=1024)
    model = new_model(client, place)
    source = models.ArtifactExportDetailsObjectStorage(
        namespace=NS, source_bucket="compat", source_object_name="in/iris.zip", source_region="x"
    )
    started = client.export_model_artifact(model.id, models.ExportModelArtifactDetails(artifact_export_details=source))
    work = started.headers["opc-work-request-id"]
    eventually(lambda: client.get_work_request(work).data.status == "SUCCEEDED", 30, "the export")
    assert client.get_model_artifact_content(model.id).data.content == iris_zip
    target = models.ArtifactImportDetailsObjectStorage(
        namespace=NS, destination_bucket="compat", destination_object_name="out/iris.zip", destination_region="x"
    )
    client.import_model_artifact(model.id, models.ImportModelArtifactDetails(artifact_import_details=target))
    assert storage.get_object(NS, "compat", "out/iris.zip", range="bytes=2-9").data.content == iris_zip[2:10]
    client.delete_model(model.id)


def test_version_sets_and_attached_files(client: Any, place: dict[str, str]) -> None:
    from oci.data_science import models

    details = models.CreateModelVersionSetDetails(
        compartment_id=place["compartmentId"], project_id=place["projectId"], name="compat"
    )
    versions = client.create_model_version_set(details).data
    item = models.Metadata(key="read me", value="v", category="Other")
    made = [new_model(client, place, model_version_set_id=versions.id, custom_metadata_list=[item]) for _ in range(2)]
    assert [model.version_id for model in made] == [1, 2]
    disposition = 'form-data; name="file"; filename="readme.*"'
    client.create_model_custom_metadatum_artifact(made[0].id, "read me", b"{not json", content_disposition=disposition)
    assert client.get_model_custom_metadatum_artifact_content(made[0].id, "read me").data.content == b"{not json"
    assert client.get_model(made[0].id).data.custom_metadata_list[0].has_artifact is True
    done = client.delete_model_version_set(versions.id, is_delete_related_models=True)
    assert client.get_work_request(done.headers["opc-work-request-id"]).data.status == "SUCCEEDED"
    assert {client.get_model(model.id).data.lifecycle_state for model in made} == {"DELETED"}


def test_logs_of_a_deployment_are_found(client: Any, profile: Any, place: dict[str, str], iris_zip: bytes) -> None:
    import oci
    from oci.data_science import models

    config, base = profile
    logging = oci.logging.LoggingManagementClient(config, service_endpoint=base)
    group_details = oci.logging.models.CreateLogGroupDetails(
        compartment_id=place["compartmentId"], display_name="compat"
    )
    created = logging.create_log_group(group_details).headers["opc-work-request-id"]
    group = logging.get_work_request(created).data.resources[0].identifier
    logs = {}
    for kind in ("access", "predict"):
        details = oci.logging.models.CreateLogDetails(display_name=kind, log_type="CUSTOM")
        created = logging.create_log(group, details).headers["opc-work-request-id"]
        logs[kind] = logging.get_work_request(created).data.resources[0].identifier

    model = new_model(client, place)
    client.create_model_artifact(model.id, iris_zip, content_disposition='attachment; filename="iris.zip"')
    deployment = client.create_model_deployment(
        models.CreateModelDeploymentDetails(
            compartment_id=place["compartmentId"],
            project_id=place["projectId"],
            model_deployment_configuration_details=models.SingleModelDeploymentConfigurationDetails(
                model_configuration_details=models.ModelConfigurationDetails(
                    model_id=model.id,
                    instance_configuration=models.InstanceConfiguration(instance_shape_name="VM.Standard2.1"),
                    scaling_policy=models.FixedSizeScalingPolicy(instance_count=1),
                )
            ),
            category_log_details=models.CategoryLogDetails(
                **{kind: models.LogDetails(log_id=log, log_group_id=group) for kind, log in logs.items()}
            ),
        )
    ).data
    active = lambda: client.get_model_deployment(deployment.id).data.lifecycle_state == "ACTIVE"  # noqa: E731
    eventually(active, 60, "the deployment")
    signer = oci.signer.Signer(
        config["tenancy"], config["user"], config["fingerprint"], private_key_file_location=config["key_file"]
    )
    for body in ([[5.1, 3.5, 1.4, 0.2]], "no rows"):
        requests.post(f"{deployment.model_deployment_url}/predict", json=body, auth=signer, timeout=30)

    search = oci.loggingsearch.LogSearchClient(config, service_endpoint=base)

    def statuses() -> list[int]:
        now = datetime.now(timezone.utc)
        scope = f"{place['compartmentId']}/{group}/{logs['access']}"
        query = f"SEARCH \"{scope}\" | WHERE source = '*{deployment.id}' | SORT BY datetime ASC"
        details = oci.loggingsearch.models.SearchLogsDetails(
            time_start=now - timedelta(hours=1), time_end=now + timedelta(minutes=1), search_query=query
        )
        return [
            row.data["logContent"]["data"]["status"] for row in search.search_logs(details, limit=1000).data.results
        ]

    eventually(lambda: statuses() == [200, 400], 20, "the records of both requests")
    client.delete_model_deployment(deployment.id)
    gone = lambda: client.get_model_deployment(deployment.id).data.lifecycle_state == "DELETED"  # noqa: E731
    eventually(gone, 60, "the end of the deployment")
    client.delete_model(model.id)
