"""Every operation of object storage, logging and identity through the ``oci`` client."""

from __future__ import annotations

import base64
import hashlib
import io
import uuid
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests

from tests.own_service import eventually

from .conftest import Sdk
from .test_oci_science import NS, listed, refused

pytestmark = pytest.mark.needs("oci")

HEAD = {"content-length", "content-type", "last-modified", "accept-ranges", "etag", "version-id", "storage-tier"}
OTHER = "11111111-1111-4111-8111-111111111111"


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


@pytest.fixture
def models() -> Any:
    import oci

    return oci.object_storage.models


@pytest.fixture
def bucket(sdk: Sdk, place: dict[str, str], models: Any) -> str:
    name = f"b-{uuid.uuid4().hex[:12]}"
    sdk.storage.create_bucket(NS, models.CreateBucketDetails(name=name, compartment_id=place["compartmentId"]))
    return name


@pytest.mark.operations(
    "storage.get_namespace",
    "storage.get_namespace_metadata",
    "storage.create_bucket",
    "storage.get_bucket",
    "storage.head_bucket",
    "storage.list_buckets",
    "storage.update_bucket",
    "storage.delete_bucket",
)
def test_buckets(sdk: Sdk, place: dict[str, str], models: Any) -> None:
    import oci

    home, prefix = place["compartmentId"], f"list-{uuid.uuid4().hex[:8]}"
    assert sdk.storage.get_namespace().data == NS
    assert sdk.storage.get_namespace_metadata(NS).data.namespace == NS
    assert refused(404, sdk.storage.list_buckets, "elsewhere", home) == "NamespaceNotFound"
    names = [f"{prefix}-{number}" for number in range(5)]
    for name in names:
        made = sdk.storage.create_bucket(NS, models.CreateBucketDetails(name=name, compartment_id=home))
    again = models.CreateBucketDetails(name=names[0], compartment_id=home)
    assert refused(409, sdk.storage.create_bucket, NS, again) == "BucketAlreadyExists"
    pages = oci.pagination.list_call_get_all_results(sdk.storage.list_buckets, NS, home, limit=2)
    assert [row.name for row in pages.data if row.name.startswith(prefix)] == names
    stale = {"if_match": OTHER}
    change = models.UpdateBucketDetails(versioning="Enabled", freeform_tags={"a": "b"})
    assert refused(412, sdk.storage.update_bucket, NS, names[4], change, **stale) == "IfMatchFailed"
    changed = sdk.storage.update_bucket(NS, names[4], change, if_match=made.headers["etag"])
    assert (changed.data.versioning, changed.data.freeform_tags) == ("Enabled", {"a": "b"})
    assert sdk.storage.get_bucket(NS, names[4]).data == changed.data
    assert sdk.storage.head_bucket(NS, names[4]).headers["etag"] == changed.headers["etag"]
    sdk.storage.put_object(NS, names[0], "o", b"x")
    assert refused(409, sdk.storage.delete_bucket, NS, names[0]) == "BucketNotEmpty"
    sdk.storage.delete_object(NS, names[0], "o")
    for name in names:
        assert sdk.storage.delete_bucket(NS, name).status == 204
    assert refused(404, sdk.storage.get_bucket, NS, names[0]) == "BucketNotFound"
    refused(404, sdk.storage.head_bucket, NS, names[0])


@pytest.mark.operations(
    "storage.put_object",
    "storage.get_object",
    "storage.head_object",
    "storage.delete_object",
    "storage.list_objects",
    "storage.list_object_versions",
    "storage.copy_object",
    "storage.rename_object",
    "storage.get_work_request",
    "storage.list_work_requests",
    "storage.list_work_request_logs",
    "storage.list_work_request_errors",
    "storage.cancel_work_request",
)
def test_objects(sdk: Sdk, place: dict[str, str], models: Any, bucket: str) -> None:
    body = bytes(range(256)) * 40
    made = sdk.storage.put_object(
        NS, bucket, "a/ü b.bin", body, content_type="x/y", opc_meta={"who": "me"}, content_md5=md5(body)
    )
    assert made.headers["opc-content-md5"] == md5(body)
    assert refused(400, sdk.storage.put_object, NS, bucket, "bad", b"x", content_md5=md5(b"y"))
    head = sdk.storage.head_object(NS, bucket, "a/ü b.bin").headers
    assert HEAD - {name.lower() for name in head} == set()
    assert (head["content-type"], head["opc-meta-who"], head["etag"]) == ("x/y", "me", made.headers["etag"])
    assert sdk.storage.get_object(NS, bucket, "a/ü b.bin").data.content == body
    part = sdk.storage.get_object(NS, bucket, "a/ü b.bin", range="bytes=256-300")
    assert (part.status, part.data.content, part.headers["content-md5"]) == (206, body[256:301], md5(body))
    assert refused(412, sdk.storage.put_object, NS, bucket, "a/ü b.bin", b"", if_none_match="*") == "IfNoneMatchFailed"
    assert refused(412, sdk.storage.put_object, NS, bucket, "a/ü b.bin", b"", if_match=OTHER) == "IfMatchFailed"
    assert refused(412, sdk.storage.get_object, NS, bucket, "a/ü b.bin", if_match=OTHER) == "IfMatchFailed"
    refused(404, sdk.storage.head_object, NS, bucket, "nothing")
    assert refused(404, sdk.storage.get_object, NS, bucket, "nothing") == "ObjectNotFound"

    for name in ("a/1", "a/2", "b/1", "c"):
        sdk.storage.put_object(NS, bucket, name, name.encode())
    found = sdk.storage.list_objects(NS, bucket, delimiter="/", limit=2).data
    assert ([row.name for row in found.objects], found.prefixes, found.next_start_with) == ([], ["a/", "b/"], "c")
    rest = sdk.storage.list_objects(NS, bucket, delimiter="/", start="c", fields="name,size,md5,etag").data
    assert [(row.name, row.size, row.md5) for row in rest.objects] == [("c", 1, md5(b"c"))]
    below = sdk.storage.list_objects(NS, bucket, prefix="a/", start_after="a/1").data
    assert [row.name for row in below.objects] == ["a/2", "a/ü b.bin"]

    renamed = models.RenameObjectDetails(source_name="c", new_name="d/e")
    assert sdk.storage.rename_object(NS, bucket, renamed).status == 200
    copy = models.CopyObjectDetails(
        source_object_name="d/e",
        destination_region="x",
        destination_namespace=NS,
        destination_bucket=bucket,
        destination_object_name="f",
    )
    work = sdk.storage.copy_object(NS, bucket, copy).headers["opc-work-request-id"]
    assert sdk.storage.get_work_request(work).data.status == "COMPLETED"
    assert sdk.storage.list_work_request_logs(work).data[-1].message
    assert sdk.storage.list_work_request_errors(work).data == []
    assert work in listed(sdk.storage.list_work_requests, place["compartmentId"])
    assert refused(409, sdk.storage.cancel_work_request, work) == "Conflict"
    assert sdk.storage.get_object(NS, bucket, "f").data.content == b"c"
    assert refused(404, sdk.storage.get_object, NS, bucket, "c") == "ObjectNotFound"

    sdk.storage.update_bucket(NS, bucket, models.UpdateBucketDetails(versioning="Enabled"))
    first = sdk.storage.put_object(NS, bucket, "v", b"first").headers["version-id"]
    sdk.storage.put_object(NS, bucket, "v", b"second")
    assert sdk.storage.get_object(NS, bucket, "v", version_id=first).data.content == b"first"
    sdk.storage.delete_object(NS, bucket, "v")
    assert refused(404, sdk.storage.get_object, NS, bucket, "v") == "ObjectNotFound"
    pages, page = [], None
    while True:
        answer = sdk.storage.list_object_versions(NS, bucket, prefix="v", limit=2, page=page, fields="etag,size")
        pages += answer.data.items
        page = answer.headers.get("opc-next-page")
        if page is None:
            break
    assert [row.is_delete_marker for row in pages] == [False, False, True]
    for row in pages:
        assert sdk.storage.delete_object(NS, bucket, "v", version_id=row.version_id).status == 204
    assert sdk.storage.list_object_versions(NS, bucket, prefix="v").data.items == []


@pytest.mark.operations(
    "storage.create_multipart_upload",
    "storage.upload_part",
    "storage.list_multipart_upload_parts",
    "storage.list_multipart_uploads",
    "storage.commit_multipart_upload",
    "storage.abort_multipart_upload",
)
def test_uploads_in_parts(sdk: Sdk, models: Any, bucket: str) -> None:
    import oci

    def begin(name: str) -> str:
        new = models.CreateMultipartUploadDetails(object=name, content_type="x/y", metadata={"opc-meta-k": "v"})
        found: str = sdk.storage.create_multipart_upload(NS, bucket, new).data.upload_id
        return found

    upload = begin("big/ü")
    etags = {
        number: sdk.storage.upload_part(NS, bucket, "big/ü", upload, number, content, content_md5=md5(content)).headers
        for number, content in ((2, b"b" * 5), (1, b"a" * 3), (3, b"c"))
    }
    assert etags[1]["opc-content-md5"] == md5(b"aaa")
    parts = sdk.storage.list_multipart_upload_parts(NS, bucket, "big/ü", upload).data
    assert [(part.part_number, part.size) for part in parts] == [(1, 3), (2, 5), (3, 1)]
    assert upload in [row.upload_id for row in sdk.storage.list_multipart_uploads(NS, bucket).data]

    def commit(wrong: str = "") -> Any:
        wanted = [
            models.CommitMultipartUploadPartDetails(part_num=number, etag=wrong or etags[number]["etag"])
            for number in (1, 2)
        ]
        details = models.CommitMultipartUploadDetails(parts_to_commit=wanted, parts_to_exclude=[3])
        return sdk.storage.commit_multipart_upload(NS, bucket, "big/ü", upload, details)

    assert refused(400, commit, OTHER)
    assert commit().headers["opc-multipart-md5"].endswith("-2")
    answer = sdk.storage.get_object(NS, bucket, "big/ü")
    assert (answer.data.content, answer.headers["content-type"]) == (b"aaabbbbb", "x/y")
    assert sdk.storage.get_object(NS, bucket, "big/ü", range="bytes=2-3").data.content == b"ab"
    assert refused(404, commit) == "NoSuchUpload"
    given_up = begin("never")
    assert sdk.storage.abort_multipart_upload(NS, bucket, "never", given_up).status == 204
    assert refused(404, sdk.storage.upload_part, NS, bucket, "never", given_up, 1, b"x") == "NoSuchUpload"
    assert sdk.storage.list_multipart_uploads(NS, bucket).data == []

    manager = oci.object_storage.UploadManager(sdk.storage.raw)
    manager.upload_stream(NS, bucket, "stream", io.BytesIO(b"12 bytes in all"))
    assert sdk.storage.get_object(NS, bucket, "stream").data.content == b"12 bytes in all"


@pytest.mark.operations(
    "storage.create_preauthenticated_request",
    "storage.get_preauthenticated_request",
    "storage.list_preauthenticated_requests",
    "storage.delete_preauthenticated_request",
)
def test_links(sdk: Sdk, models: Any, bucket: str) -> None:
    sdk.storage.put_object(NS, bucket, "shared/a b", b"shared")
    soon = datetime.now(timezone.utc) + timedelta(hours=1)
    new = models.CreatePreauthenticatedRequestDetails(
        name="l", object_name="shared/a b", access_type="ObjectRead", time_expires=soon
    )
    made = sdk.storage.create_preauthenticated_request(NS, bucket, new).data
    assert requests.get(made.full_path, timeout=30).content == b"shared"
    assert requests.put(made.full_path, data=b"x", timeout=30).status_code == 401
    assert sdk.storage.get_preauthenticated_request(NS, bucket, made.id).data.object_name == "shared/a b"
    assert [row.id for row in sdk.storage.list_preauthenticated_requests(NS, bucket).data] == [made.id]
    assert sdk.storage.delete_preauthenticated_request(NS, bucket, made.id).status == 204
    assert requests.get(made.full_path, timeout=30).status_code == 401
    assert refused(404, sdk.storage.get_preauthenticated_request, NS, bucket, made.id)


@pytest.mark.operations(
    "logging.create_log_group",
    "logging.get_log_group",
    "logging.list_log_groups",
    "logging.create_log",
    "logging.get_log",
    "logging.list_logs",
    "logging.get_work_request",
    "log_search.search_logs",
    "identity.get_user",
)
def test_logs_and_users(sdk: Sdk, place: dict[str, str], profile: Any) -> None:
    import oci

    home = place["compartmentId"]
    group_details = oci.logging.models.CreateLogGroupDetails(compartment_id=home, display_name="g")
    work = sdk.logging.create_log_group(group_details).headers["opc-work-request-id"]
    done = sdk.logging.get_work_request(work).data
    assert done.status == "SUCCEEDED"
    group = done.resources[0].identifier
    assert sdk.logging.get_log_group(group).data.display_name == "g"
    assert group in listed(sdk.logging.list_log_groups, home)
    log_details = oci.logging.models.CreateLogDetails(display_name="l", log_type="CUSTOM")
    work = sdk.logging.create_log(group, log_details).headers["opc-work-request-id"]
    log = sdk.logging.get_work_request(work).data.resources[0].identifier
    assert sdk.logging.get_log(group, log).data.log_type == "CUSTOM"
    assert listed(sdk.logging.list_logs, group) == [log]
    assert refused(404, sdk.logging.get_log, group, "ocid1.log.oc1.local.nothing") == "NotAuthorizedOrNotFound"

    now = datetime.now(timezone.utc)
    query = oci.loggingsearch.models.SearchLogsDetails(
        time_start=now - timedelta(hours=1), time_end=now, search_query=f'SEARCH "{home}/{group}/{log}"'
    )
    eventually(lambda: sdk.log_search.search_logs(query).data.summary.result_count == 0, 5, "an empty result")
    config, _ = profile
    assert sdk.identity.get_user(config["user"]).data.id == config["user"]
    assert refused(404, sdk.identity.get_user, "ocid1.user.oc1..nobody")
