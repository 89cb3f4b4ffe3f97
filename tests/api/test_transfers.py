"""Artifacts out of and into buckets, through the real ``oci`` client."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ads.registry import transfers
from ads.registry.blobs import Upload
from tests.own_service import eventually

from .conftest import Running, archive, expect, refusal, start

oci = pytest.importorskip("oci")
pytestmark = pytest.mark.needs("oci")

NS = "openads"
BUCKET = "transfers"


@pytest.fixture(scope="module")
def storage(service: Running, profile: dict[str, str]) -> Any:
    found = oci.object_storage.ObjectStorageClient(
        profile, service_endpoint=service.url, retry_strategy=oci.retry.NoneRetryStrategy()
    )
    found.create_bucket(
        NS, oci.object_storage.models.CreateBucketDetails(name=BUCKET, compartment_id=service.compartment)
    )
    return found


def export_details(name: str, bucket: str = BUCKET, namespace: str = NS) -> Any:
    models = oci.data_science.models
    return models.ExportModelArtifactDetails(
        artifact_export_details=models.ArtifactExportDetailsObjectStorage(
            namespace=namespace, source_bucket=bucket, source_object_name=name, source_region="us-ashburn-1"
        )
    )


def import_details(name: str, bucket: str = BUCKET) -> Any:
    models = oci.data_science.models
    return models.ImportModelArtifactDetails(
        artifact_import_details=models.ArtifactImportDetailsObjectStorage(
            namespace=NS, destination_bucket=bucket, destination_object_name=name, destination_region="us-ashburn-1"
        )
    )


def ended(client: Any, answer: Any) -> Any:
    work_id = answer.headers["opc-work-request-id"]
    eventually(lambda: client.get_work_request(work_id).data.percent_complete == 100, 60, "the end of the transfer")
    return client.get_work_request(work_id).data


def test_a_bucket_into_the_catalog_and_back(service: Running, storage: Any, client: Any) -> None:
    content = archive(noise="z" * 100_000)
    manager = oci.object_storage.UploadManager(storage)
    manager.upload_stream(NS, BUCKET, "in/model.zip", io.BytesIO(content), part_size=32 * 1024)
    model_id = service.create_model()["id"]
    answer = client.export_model_artifact(model_id, export_details("in/model.zip"))
    assert answer.status == 202
    work = ended(client, answer)
    assert (work.operation_type, work.status) == ("EXPORT_MODEL_ARTIFACT", "SUCCEEDED")
    assert client.list_work_request_logs(work.id).data[0].message.startswith("Exporting")
    head = client.head_model_artifact(model_id).headers
    assert head["content-disposition"] == f"attachment; filename={model_id}.zip"
    assert client.get_model_artifact_content(model_id).data.content == content
    error = refusal(client.export_model_artifact, model_id, export_details("in/model.zip"))
    assert (error.status, error.code) == (409, "Conflict")

    work = ended(client, client.import_model_artifact(model_id, import_details("out/model.zip")))
    assert (work.operation_type, work.status) == ("IMPORT_MODEL_ARTIFACT", "SUCCEEDED")
    assert storage.get_object(NS, BUCKET, "out/model.zip").data.content == content
    client.delete_model(model_id)
    assert storage.get_object(NS, BUCKET, "out/model.zip").data.content == content


def test_what_is_not_there_is_refused_at_once(service: Running, storage: Any, client: Any) -> None:
    model_id = service.create_model()["id"]
    for details in (export_details("none"), export_details("none", bucket="none")):
        error = refusal(client.export_model_artifact, model_id, details)
        assert (error.status, error.code) == (404, "RelatedResourceNotAuthorizedOrNotFound")
    assert refusal(client.export_model_artifact, model_id, export_details("x", namespace="other")).status == 400
    assert refusal(client.import_model_artifact, model_id, import_details("x")).status == 404
    service.upload(model_id, archive())
    assert refusal(client.import_model_artifact, model_id, import_details("x", bucket="none")).status == 404
    assert refusal(client.export_model_artifact, f"{model_id}x", export_details("x")).code == "NotAuthorizedOrNotFound"


def test_a_bad_archive_fails_with_its_reason(service: Running, storage: Any, client: Any) -> None:
    storage.put_object(NS, BUCKET, "bad.zip", b"no archive")
    model_id = service.create_model()["id"]
    work = ended(client, client.export_model_artifact(model_id, export_details("bad.zip")))
    assert work.status == "FAILED"
    errors = client.list_work_request_errors(work.id).data
    logs = client.list_work_request_logs(work.id).data
    assert errors[0].code
    assert errors[0].message == logs[-1].message
    assert refusal(client.head_model_artifact, model_id).status == 404
    storage.put_object(NS, BUCKET, "good.zip", archive())
    assert ended(client, client.export_model_artifact(model_id, export_details("good.zip"))).status == "SUCCEEDED"


def test_retry_tokens(service: Running, storage: Any, client: Any) -> None:
    storage.put_object(NS, BUCKET, "once.zip", archive())
    model_id = service.create_model()["id"]
    calls = [client.export_model_artifact(model_id, export_details("once.zip"), opc_retry_token="t") for _ in range(2)]
    assert len({answer.headers["opc-work-request-id"] for answer in calls}) == 1
    assert ended(client, calls[1]).status == "SUCCEEDED"


def test_only_our_object_storage_is_read(service: Running, api: httpx.Client) -> None:
    path = f"/20190101/models/{service.create_model()['id']}/actions/exportArtifact"
    for details in (
        {"artifactSourceType": "URL", "url": "http://169.254.169.254/"},
        {"artifactSourceType": "ORACLE_OBJECT_STORAGE", "namespace": "http://127.0.0.1:1/", "sourceBucket": "b"},
    ):
        assert api.post(path, json={"artifactExportDetails": details}).status_code == 400
    expect(api.post(path, json={}), 400, "MissingParameter")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Make copying wait until it is not wanted any more; tell whether it began."""
    begun: list[int] = []
    checked = transfers.Transfers._check_wanted

    def wait(self: Any, work_id: str, upload: Upload) -> None:
        begun.append(1)
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            checked(self, work_id, upload)
            time.sleep(0.01)

    monkeypatch.setattr(transfers.Transfers, "_check_wanted", wait)
    return lambda: bool(begun)


def test_cancel(service: Running, storage: Any, client: Any, slow: Callable[[], bool]) -> None:
    storage.put_object(NS, BUCKET, "slow.zip", archive())
    model_id = service.create_model()["id"]
    work_id = client.export_model_artifact(model_id, export_details("slow.zip")).headers["opc-work-request-id"]
    eventually(slow, 60, "the start of copying")
    assert client.cancel_work_request(work_id).status == 202
    assert client.get_work_request(work_id).data.status == "CANCELED"
    error = refusal(client.cancel_work_request, work_id)
    assert (error.status, error.code) == (409, "Conflict")
    assert refusal(client.head_model_artifact, model_id).status == 404


def test_a_service_that_ends_fails_its_exports(tmp_path: Any, slow: Callable[[], bool]) -> None:
    running, stop = start(tmp_path)
    try:
        model_id = running.create_model()["id"]
        running.client.post(f"/n/{NS}/b", json={"name": "b", "compartmentId": running.compartment})
        running.client.put(f"/n/{NS}/b/b/o/a.zip", content=archive())
        details = {
            "artifactSourceType": "ORACLE_OBJECT_STORAGE",
            "namespace": NS,
            "sourceBucket": "b",
            "sourceObjectName": "a.zip",
        }
        path = f"/20190101/models/{model_id}/actions/exportArtifact"
        work_id = running.client.post(path, json={"artifactExportDetails": details}).headers["opc-work-request-id"]
        eventually(slow, 60, "the start of copying")
    finally:
        stop()
    running, stop = start(tmp_path)
    try:
        work = running.client.get(f"/20190101/workRequests/{work_id}").json()
        assert (work["status"], work["percentComplete"]) == ("FAILED", 100)
        assert running.client.head(f"/20190101/models/{model_id}/artifact/content").status_code == 404
    finally:
        stop()


def test_a_service_whose_disk_failed_ends_quietly(tmp_path: Any) -> None:
    running, stop = start(tmp_path)
    running.context.database.failed.set()
    stop()
    running.context.close()
