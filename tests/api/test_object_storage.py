"""Object storage, through the real ``oci`` client."""

from __future__ import annotations

import base64
import hashlib
import io
import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest

from .conftest import Running, expect, refusal

oci = pytest.importorskip("oci")
pytestmark = pytest.mark.needs("oci")

NS = "openads"
FIELDS = "name,size,etag,timeCreated,md5,timeModified,storageTier"


@pytest.fixture(scope="module")
def storage(service: Running, profile: dict[str, str]) -> Any:
    return oci.object_storage.ObjectStorageClient(
        profile, service_endpoint=service.url, retry_strategy=oci.retry.NoneRetryStrategy()
    )


@pytest.fixture
def bucket(service: Running, storage: Any, request: pytest.FixtureRequest) -> str:
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    details = oci.object_storage.models.CreateBucketDetails(
        name=name, compartment_id=service.compartment, versioning=getattr(request, "param", "Disabled")
    )
    storage.create_bucket(NS, details)
    return name


def names(storage: Any, bucket: str, **query: Any) -> list[str]:
    return [item.name for item in storage.list_objects(NS, bucket, **query).data.objects]


def test_buckets(service: Running, storage: Any) -> None:
    assert storage.get_namespace().data == NS
    assert storage.get_namespace_metadata(NS).data.default_s3_compartment_id
    details = oci.object_storage.models.CreateBucketDetails(
        name="models.v1_a-b", compartment_id=service.compartment, metadata={"a": "b"}, freeform_tags={"c": "d"}
    )
    made = storage.create_bucket(NS, details)
    assert (made.data.metadata, made.data.freeform_tags, made.data.versioning) == ({"a": "b"}, {"c": "d"}, "Disabled")
    assert made.data.id.startswith("ocid1.bucket.")
    assert storage.get_bucket(NS, "models.v1_a-b").data == made.data
    assert storage.head_bucket(NS, "models.v1_a-b").headers["etag"] == made.headers["etag"]
    assert refusal(storage.create_bucket, NS, details).code == "BucketAlreadyExists"
    listed = storage.list_buckets(NS, service.compartment).data
    assert [row.created_by for row in listed if row.name == "models.v1_a-b"] == [made.data.created_by]
    update = oci.object_storage.models.UpdateBucketDetails(versioning="Enabled")
    assert storage.update_bucket(NS, "models.v1_a-b", update).data.versioning == "Enabled"
    assert storage.delete_bucket(NS, "models.v1_a-b").status == 204
    for call in (storage.get_bucket, storage.delete_bucket, storage.list_objects):
        assert refusal(call, NS, "models.v1_a-b").code == "BucketNotFound"
    assert refusal(storage.get_bucket, "other", "x").code == "NamespaceNotFound"
    details.name = "a/b"
    assert refusal(storage.create_bucket, NS, details).status == 400


def test_objects(storage: Any, bucket: str) -> None:
    content = b"\x00\xff" * 40_000
    put = storage.put_object(
        NS, bucket, "a/b c.zip", content, content_type="application/zip", opc_meta={"python": "3.11"}
    )
    md5 = base64.b64encode(hashlib.md5(content).digest()).decode()
    assert put.headers["opc-content-md5"] == md5
    assert uuid.UUID(put.headers["etag"])
    head = storage.head_object(NS, bucket, "a/b c.zip").headers
    for name in ("content-length", "last-modified", "accept-ranges", "version-id", "storage-tier"):
        assert head[name]
    assert (head["content-type"], head["opc-meta-python"], head["content-md5"]) == ("application/zip", "3.11", md5)
    assert (head["content-length"], head["etag"]) == (str(len(content)), put.headers["etag"])
    got = storage.get_object(NS, bucket, "a/b c.zip")
    assert got.data.content == content
    assert "content-encoding" not in got.headers
    part = storage.get_object(NS, bucket, "a/b c.zip", range="bytes=1-4")
    assert (part.status, part.data.content) == (206, content[1:5])
    assert refusal(storage.get_object, NS, bucket, "a/b c.zip", range="bytes=80000-").code == "InvalidRange"
    again = storage.put_object(NS, bucket, "a/b c.zip", b"")
    assert again.headers["etag"] != put.headers["etag"]
    assert storage.get_object(NS, bucket, "a/b c.zip").data.content == b""
    assert refusal(storage.delete_bucket, NS, bucket).code == "BucketNotEmpty"
    assert storage.delete_object(NS, bucket, "a/b c.zip").status == 204
    for call in (storage.get_object, storage.head_object, storage.delete_object):
        assert refusal(call, NS, bucket, "a/b c.zip").status == 404
    assert refusal(storage.get_object, NS, bucket, "a/b c.zip").code == "ObjectNotFound"


@pytest.mark.parametrize(
    "name", ["..", ".", "../../etc/passwd", "a//b", "ü/€ %2F+?#", "a/./b/../c", "'\"<x>&;", "\u202e", "x" * 1024]
)
def test_names_mean_themselves(storage: Any, bucket: str, name: str) -> None:
    storage.put_object(NS, bucket, name, name.encode())
    assert storage.get_object(NS, bucket, name).data.content == name.encode()
    assert names(storage, bucket) == [name]
    storage.delete_object(NS, bucket, name)


def test_names_that_can_not_be(api: httpx.Client, storage: Any, bucket: str) -> None:
    for name in ("x" * 1025, "ü" * 513, "a\nb", "a\rb"):
        assert refusal(storage.put_object, NS, bucket, name, b"").status == 400
    for raw in ("%00", "a%00b", "%FF"):
        expect(api.put(f"/n/{NS}/b/{bucket}/o/{raw}", content=b""), 400, "InvalidParameter")


def test_conditions(storage: Any, bucket: str) -> None:
    first = storage.put_object(NS, bucket, "o", b"1", if_none_match="*").headers["etag"]
    error = refusal(storage.put_object, NS, bucket, "o", b"2", if_none_match="*")
    assert (error.status, error.code) == (412, "IfNoneMatchFailed")
    second = storage.put_object(NS, bucket, "o", b"2", if_match=first).headers["etag"]
    for call, args in ((storage.put_object, (b"3",)), (storage.delete_object, ()), (storage.get_object, ())):
        error = refusal(call, NS, bucket, "o", *args, if_match=first)
        assert (error.status, error.code) == (412, "IfMatchFailed")
    assert refusal(storage.put_object, NS, bucket, "new", b"", if_match=first).code == "IfMatchFailed"
    assert refusal(storage.get_object, NS, bucket, "o", if_none_match=second).status == 304
    assert storage.get_object(NS, bucket, "o", if_none_match=first).data.content == b"2"
    assert storage.delete_object(NS, bucket, "o", if_match=second).status == 204


def test_a_wrong_md5_keeps_nothing(storage: Any, bucket: str) -> None:
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert refusal(storage.put_object, NS, bucket, "o", b"x", content_md5=wrong).status == 400
    assert names(storage, bucket) == []


def test_lists(storage: Any, bucket: str) -> None:
    put = ["a", "b/1", "b/2", "b/c/3", "b0", "ü", "Z"]
    for name in put:
        storage.put_object(NS, bucket, name, name.encode())
    ordered = sorted(put, key=str.encode)
    assert names(storage, bucket) == ordered
    assert names(storage, bucket, prefix="b/") == ["b/1", "b/2", "b/c/3"]
    assert names(storage, bucket, start="b/2", end="ü") == ["b/2", "b/c/3", "b0"]
    assert names(storage, bucket, start_after="b/2", prefix="b/") == ["b/c/3"]
    assert names(storage, bucket, prefix="c") == []
    plain = storage.list_objects(NS, bucket).data
    assert (plain.objects[0].size, plain.prefixes, plain.next_start_with) == (None, None, None)
    found = storage.list_objects(NS, bucket, delimiter="/", fields=FIELDS).data
    assert ([row.name for row in found.objects], found.prefixes) == (["Z", "a", "b0", "ü"], ["b/"])
    assert (found.objects[0].size, found.objects[0].storage_tier) == (1, "Standard")
    assert found.objects[0].md5 == base64.b64encode(hashlib.md5(b"Z").digest()).decode()
    below = storage.list_objects(NS, bucket, delimiter="/", prefix="b/").data
    assert ([row.name for row in below.objects], below.prefixes) == (["b/1", "b/2"], ["b/c/"])
    assert refusal(storage.list_objects, NS, bucket, fields="secret").status == 400


@pytest.mark.parametrize("delimiter", [None, "/"])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_lists_page_by_page(storage: Any, bucket: str, delimiter: str | None, limit: int) -> None:
    put = [f"{folder}/{n}" for folder in "abc" for n in range(3)] + ["a", "d", "e"]
    for name in put:
        storage.put_object(NS, bucket, name, b"")
    seen: list[str] = []
    start = None
    while True:
        query = {"delimiter": delimiter, "start": start} if delimiter else {"start": start}
        page = storage.list_objects(NS, bucket, limit=limit, **{k: v for k, v in query.items() if v}).data
        seen += sorted([row.name for row in page.objects] + (page.prefixes or []), key=str.encode)
        assert len(page.objects) + len(page.prefixes or []) <= limit
        start = page.next_start_with
        if start is None:
            break
    expected = ["a", "a/", "b/", "c/", "d", "e"] if delimiter else sorted(put)
    assert seen == expected


def test_parts(service: Running, storage: Any, bucket: str) -> None:
    models = oci.object_storage.models
    details = models.CreateMultipartUploadDetails(
        object="big/ü", content_type="text/plain", metadata={"opc-meta-a": "b"}
    )
    upload = storage.create_multipart_upload(NS, bucket, details).data.upload_id
    pieces = {1: b"a" * 70_000, 2: b"b" * 50_000, 3: b"c"}
    etags = {}
    for number in (3, 1, 2, 2):
        sent = storage.upload_part(NS, bucket, "big/ü", upload, number, pieces[number])
        etags[number] = sent.headers["etag"]
        assert base64.b64decode(sent.headers["opc-content-md5"]) == hashlib.md5(pieces[number]).digest()
    listed = storage.list_multipart_upload_parts(NS, bucket, "big/ü", upload).data
    assert [(part.part_number, part.size) for part in listed] == [(1, 70_000), (2, 50_000), (3, 1)]
    assert [row.upload_id for row in storage.list_multipart_uploads(NS, bucket).data] == [upload]
    assert names(storage, bucket) == []

    def commit(parts: dict[int, str], exclude: list[int]) -> Any:
        chosen = [models.CommitMultipartUploadPartDetails(part_num=n, etag=etag) for n, etag in parts.items()]
        details = models.CommitMultipartUploadDetails(parts_to_commit=chosen, parts_to_exclude=exclude)
        return lambda: storage.commit_multipart_upload(NS, bucket, "big/ü", upload, details)

    for wrong in (commit({**etags, 4: etags[1]}, []), commit({**etags, 1: etags[2]}, []), commit({1: etags[1]}, [])):
        assert refusal(wrong).status == 400
    done = commit({1: etags[1], 2: etags[2]}, [3])()
    combined = hashlib.md5(hashlib.md5(pieces[1]).digest() + hashlib.md5(pieces[2]).digest()).digest()
    assert done.headers["opc-multipart-md5"] == f"{base64.b64encode(combined).decode()}-2"
    got = storage.get_object(NS, bucket, "big/ü")
    assert got.data.content == pieces[1] + pieces[2]
    assert (got.headers["content-type"], got.headers["opc-meta-a"]) == ("text/plain", "b")
    span = storage.get_object(NS, bucket, "big/ü", range="bytes=69998-70001").data.content
    assert span == b"aabb"
    assert storage.get_object(NS, bucket, "big/ü", range="bytes=-3").data.content == b"bbb"
    assert refusal(commit(etags, [])).code == "NoSuchUpload"

    given_up = storage.create_multipart_upload(NS, bucket, details).data.upload_id
    storage.upload_part(NS, bucket, "big/ü", given_up, 1, b"x")
    assert storage.abort_multipart_upload(NS, bucket, "big/ü", given_up).status == 204
    assert refusal(storage.upload_part, NS, bucket, "big/ü", given_up, 1, b"x").code == "NoSuchUpload"


def test_the_upload_manager_of_the_client(storage: Any, bucket: str) -> None:
    manager = oci.object_storage.UploadManager(storage, allow_parallel_uploads=True)
    content = bytes(range(256)) * 8192
    done = manager.upload_stream(NS, bucket, "s/model.zip", io.BytesIO(content), part_size=1024 * 1024)
    assert (done.status, done.headers["opc-multipart-md5"][-2:]) == (200, "-2")
    assert storage.get_object(NS, bucket, "s/model.zip").data.content == content


@pytest.mark.parametrize("bucket", ["Enabled"], indirect=True)
def test_versions(storage: Any, bucket: str) -> None:
    first = storage.put_object(NS, bucket, "v", b"1").headers["version-id"]
    second = storage.put_object(NS, bucket, "v", b"22").headers["version-id"]
    storage.put_object(NS, bucket, "w", b"333")
    assert storage.get_object(NS, bucket, "v").data.content == b"22"
    assert storage.get_object(NS, bucket, "v", version_id=first).data.content == b"1"
    listed = storage.list_object_versions(NS, bucket, prefix="v", fields="size,etag").data.items
    assert [(row.version_id, row.size, row.is_delete_marker) for row in listed] == [
        (first, 1, False),
        (second, 2, False),
    ]
    current = storage.list_objects(NS, bucket, prefix="v", fields="name,etag,size").data.objects
    assert [row.etag for row in current] == [listed[1].etag]
    pages = oci.pagination.list_call_get_all_results(storage.list_object_versions, NS, bucket, limit=2).data
    assert [row.name for row in pages] == ["v", "v", "w"]
    gone = storage.delete_object(NS, bucket, "v")
    assert gone.headers["is-delete-marker"] == "true"
    assert refusal(storage.get_object, NS, bucket, "v").status == 404
    assert names(storage, bucket) == ["w"]
    storage.delete_object(NS, bucket, "v", version_id=gone.headers["version-id"])
    assert storage.get_object(NS, bucket, "v").data.content == b"22"
    storage.delete_object(NS, bucket, "v", version_id=second)
    assert storage.get_object(NS, bucket, "v").data.content == b"1"
    assert refusal(storage.get_object, NS, bucket, "v", version_id=second).status == 404


def test_the_sweep_leaves_objects_and_parts(service: Running, storage: Any, bucket: str) -> None:
    from ads.registry.storing import used_blobs

    storage.put_object(NS, bucket, "kept", b"kept forever")
    details = oci.object_storage.models.CreateMultipartUploadDetails(object="parts")
    upload = storage.create_multipart_upload(NS, bucket, details).data.upload_id
    etag = storage.upload_part(NS, bucket, "parts", upload, 1, b"a part").headers["etag"]
    with service.context.database.read() as session:
        used = used_blobs(session)
    service.context.blobs.sweep_blobs(used, older_than=-1)
    assert storage.get_object(NS, bucket, "kept").data.content == b"kept forever"
    part = oci.object_storage.models.CommitMultipartUploadPartDetails(part_num=1, etag=etag)
    commit = oci.object_storage.models.CommitMultipartUploadDetails(parts_to_commit=[part])
    storage.commit_multipart_upload(NS, bucket, "parts", upload, commit)
    assert storage.get_object(NS, bucket, "parts").data.content == b"a part"


def test_copies_and_renames(service: Running, storage: Any, bucket: str) -> None:
    models = oci.object_storage.models
    etag = storage.put_object(NS, bucket, "a/ü", b"content", opc_meta={"k": "v"}).headers["etag"]

    def copy(**more: Any) -> Any:
        details = models.CopyObjectDetails(
            source_object_name="a/ü",
            destination_region="us-ashburn-1",
            destination_namespace=NS,
            destination_bucket=bucket,
            destination_object_name="copy",
            **more,
        )
        return storage.copy_object(NS, bucket, details)

    work = storage.get_work_request(copy().headers["opc-work-request-id"]).data
    assert (work.operation_type, work.status) == ("COPY_OBJECT", "COMPLETED")
    got = storage.get_object(NS, bucket, "copy")
    assert (got.data.content, got.headers["opc-meta-k"]) == (b"content", "v")
    assert refusal(copy, destination_object_if_none_match_e_tag="*").code == "IfNoneMatchFailed"
    assert refusal(copy, source_object_if_match_e_tag="stale").code == "IfMatchFailed"
    rename = models.RenameObjectDetails(source_name="a/ü", new_name="b", src_obj_if_match_e_tag=etag)
    assert storage.rename_object(NS, bucket, rename).headers["etag"]
    assert names(storage, bucket) == ["b", "copy"]
    assert storage.get_object(NS, bucket, "b").data.content == b"content"
    assert refusal(storage.rename_object, NS, bucket, rename).code == "ObjectNotFound"


def test_uploads_that_were_given_up_are_forgotten(service: Running, storage: Any, bucket: str) -> None:
    from ads.registry.multipart import get_upload

    details = oci.object_storage.models.CreateMultipartUploadDetails(object="o")
    old, new = (storage.create_multipart_upload(NS, bucket, details).data.upload_id for _ in range(2))
    storage.upload_part(NS, bucket, "o", old, 1, b"a part")
    with service.context.database.write() as session:
        get_upload(session, bucket, "o", old).time_created -= timedelta(days=8)
    service.context.sweep_blobs()
    assert [row.upload_id for row in storage.list_multipart_uploads(NS, bucket).data] == [new]
    storage.abort_multipart_upload(NS, bucket, "o", new)
    storage.delete_bucket(NS, bucket)
