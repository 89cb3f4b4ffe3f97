"""Files attached to metadata, through the real ``oci`` client."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx
import pytest

from .conftest import Running, expect, refusal

oci = pytest.importorskip("oci")
pytestmark = pytest.mark.needs("oci")

DISPOSITION = 'form-data; name="file"; filename="readme.*"'


@pytest.fixture
def model(service: Running) -> dict[str, Any]:
    return service.create_model(
        customMetadataList=[
            {"key": "notes", "value": "v", "category": "Other", "hasArtifact": True},
            {"key": "a b/ü%2F..", "value": "v"},
        ],
        definedMetadataList=[{"key": "Readme", "value": "v"}],
    )


def calls(client: Any, kind: str) -> Any:
    return [
        getattr(client, f"{verb}_model_{kind}_metadatum_artifact{suffix}")
        for verb, suffix in (("create", ""), ("update", ""), ("head", ""), ("get", "_content"), ("delete", ""))
    ]


def flags(service: Running, model: dict[str, Any]) -> list[bool]:
    found = service.client.get(f"/20190101/models/{model['id']}").json()
    return [item["hasArtifact"] for item in (*found["customMetadataList"], *found["definedMetadataList"])]


@pytest.mark.parametrize(("kind", "key"), [("custom", "notes"), ("custom", "a b/ü%2F.."), ("defined", "Readme")])
def test_from_creation_to_deletion(service: Running, client: Any, model: dict[str, Any], kind: str, key: str) -> None:
    create, update, head, get, delete = calls(client, kind)
    id_, content, other = model["id"], b"\x00not json\xff" * 1000, b"other"
    assert flags(service, model) == [False, False, False]
    for absent in (head, get, delete):
        assert refusal(absent, id_, key).status == 404
    assert refusal(update, id_, key, content, content_disposition=DISPOSITION).status == 404
    assert create(id_, key, content, content_disposition=DISPOSITION).status == 204
    assert sum(flags(service, model)) == 1
    assert refusal(create, id_, key, content, content_disposition=DISPOSITION).code == "Conflict"
    headers = head(id_, key).headers
    assert int(headers["content-length"]) == len(content)
    assert base64.b64decode(headers["content-md5"]) == hashlib.md5(content).digest()
    assert get(id_, key).data.content == content
    assert get(id_, key, range="bytes=1-3").data.content == content[1:4]
    stale = headers["etag"]
    fresh = update(id_, key, other, content_disposition=DISPOSITION, if_match=stale).headers["etag"]
    assert fresh != stale
    assert get(id_, key).data.content == other
    error = refusal(update, id_, key, content, content_disposition=DISPOSITION, if_match=stale)
    assert (error.status, error.code) == (412, "NoEtagMatch")
    assert refusal(delete, id_, key, if_match=stale).status == 412
    assert delete(id_, key, if_match=fresh).status == 204
    assert refusal(get, id_, key).status == 404
    assert flags(service, model) == [False, False, False]


def test_a_key_that_is_not_listed_has_no_file(client: Any, model: dict[str, Any]) -> None:
    for kind, key in (("custom", "Readme"), ("defined", "notes"), ("custom", "nothing")):
        error = refusal(calls(client, kind)[0], model["id"], key, b"x", content_disposition=DISPOSITION)
        assert (error.status, error.code) == (404, "NotAuthorizedOrNotFound")


def test_updates_of_the_model_keep_files_of_listed_keys(service: Running, model: dict[str, Any]) -> None:
    path = f"/20190101/models/{model['id']}"
    for key in ("notes", "a%20b%2F%C3%BC%252F.."):
        stored = service.client.post(f"{path}/customMetadata/{key}/artifact", content=b"file")
        assert stored.status_code == 204, stored.text
    items = [{"key": "notes", "value": "new", "hasArtifact": False}]
    updated = service.client.put(path, json={"customMetadataList": items}).json()
    assert [(i["key"], i["hasArtifact"]) for i in updated["customMetadataList"]] == [("notes", True)]
    assert service.client.get(f"{path}/customMetadata/notes/artifact/content").content == b"file"
    service.client.put(path, json={"customMetadataList": [*items, {"key": "a b/ü%2F..", "value": "again"}]})
    assert flags(service, model) == [True, False, False]


def test_files_go_with_their_model(service: Running, api: httpx.Client, model: dict[str, Any]) -> None:
    path = f"/20190101/models/{model['id']}"
    file = f"{path}/definedMetadata/Readme/artifact"
    assert api.post(file, content=b"file").status_code == 204
    assert api.delete(path).status_code == 204
    assert api.get(path).json()["definedMetadataList"][0]["hasArtifact"] is False
    expect(api.get(f"{file}/content"), 404, "NotAuthorizedOrNotFound")


def test_what_arrives_damaged_is_not_kept(api: httpx.Client, model: dict[str, Any]) -> None:
    file = f"/20190101/models/{model['id']}/customMetadata/notes/artifact"
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    expect(api.post(file, content=b"file", headers={"content-md5": wrong}), 400, "InvalidParameter")
    expect(api.get(f"{file}/content"), 404, "NotAuthorizedOrNotFound")
    expect(api.get(file.replace("notes", "%FF") + "/content"), 400, "InvalidParameter")


def test_the_sweep_leaves_attached_files(service: Running, api: httpx.Client, model: dict[str, Any]) -> None:
    from ads.registry.storing import used_blobs

    file = f"/20190101/models/{model['id']}/customMetadata/notes/artifact"
    assert api.post(file, content=b"swept?").status_code == 204
    with service.context.database.read() as session:
        used = used_blobs(session)
    service.context.blobs.sweep_blobs(used, older_than=-1)
    assert api.get(f"{file}/content").content == b"swept?"
