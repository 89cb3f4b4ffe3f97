"""Models by reference: their artifact describes objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from ads.errors import InputError, NotFound
from ads.registry.deployments import ModelSource, artifact_of

from .conftest import Running, expect
from .test_deployments import PATH, body

ENTRY = {"name": "p/score.py", "version": "v", "sizeInBytes": 1}
PLACE = {"namespace": "openads", "bucketName": "b", "prefix": "p/", "objects": [ENTRY]}
GOOD = {"version": "1.0", "type": "modelOSSReferenceDescription", "models": [PLACE]}


def upload(service: Running, model_id: str, content: Any) -> Any:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return service.upload(model_id, raw, **{"content-disposition": f'attachment; filename="{model_id}.json"'})


def test_a_description_is_kept_and_named(service: Running) -> None:
    mark = {"key": "modelDescription", "value": "true", "category": "Other"}
    model = service.create_model(customMetadataList=[mark])
    assert model["isModelByReference"] is True
    assert service.create_model()["isModelByReference"] is False
    assert upload(service, model["id"], GOOD).status_code == 204
    answer = service.client.get(f"/20190101/models/{model['id']}/artifact/content")
    assert answer.json() == GOOD
    assert answer.headers["content-disposition"] == f"attachment; filename={model['id']}.json"
    deployed = service.client.post(PATH, json=body(service, model["id"]))
    assert (deployed.status_code, deployed.json()["lifecycleState"]) == (200, "CREATING")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 100_000,
        [],
        {},
        {**GOOD, "type": "other"},
        {**GOOD, "models": []},
        {**GOOD, "models": ["x"]},
        {**GOOD, "models": [{**PLACE, "bucketName": 7}]},
        {**GOOD, "models": [{**PLACE, "objects": []}]},
        {**GOOD, "models": [{**PLACE, "objects": [{**ENTRY, "sizeInBytes": "1"}]}]},
        {**GOOD, "models": [{**PLACE, "objects": [{**ENTRY, "sizeInBytes": -1}]}]},
        {**GOOD, "models": [{**PLACE, "objects": [{**ENTRY, "name": "elsewhere"}]}]},
        {**GOOD, "models": [{**PLACE, "objects": [{**ENTRY, "name": "p/../../x"}]}]},
        {**GOOD, "models": [{**PLACE, "objects": [ENTRY, {**ENTRY, "name": "p/SCORE.py"}]}]},
    ],
)
def test_what_is_no_description_is_refused(service: Running, content: Any) -> None:
    model_id = service.create_model()["id"]
    expect(upload(service, model_id, content), 400, "InvalidParameter")
    assert service.client.head(f"/20190101/models/{model_id}/artifact/content").status_code == 404


def test_a_large_model_behind_a_small_description_is_refused_as_it_would_not_fit(service: Running) -> None:
    model_id = service.create_model()["id"]
    large = {**PLACE, "objects": [ENTRY, {**ENTRY, "name": "p/weights.bin", "sizeInBytes": 2**50}]}
    assert upload(service, model_id, {**GOOD, "models": [large]}).status_code == 204
    refused = service.client.post(PATH, json=body(service, model_id))
    expect(refused, 400, "InvalidParameter")
    assert "1 replicas of a model of 1073741824 MiB don't fit" in refused.json()["message"]
    (label,) = (
        label
        for label in service.client.get(f"/openads/v1/models/{model_id}/labels").json()["items"]
        if label["name"] == "objects"
    )
    assert label["summary"] == "2 objects with 1,125,899,906,842,625 bytes"


NS = "/n/openads"


@pytest.fixture(scope="module")
def bucket(service: Running) -> str:
    details = {"name": "by-reference", "compartmentId": service.compartment, "versioning": "Enabled"}
    assert service.client.post(f"{NS}/b", json=details).status_code == 200
    return "by-reference"


def put(service: Running, bucket: str, name: str, content: bytes) -> None:
    path = f"{NS}/b/{bucket}/o/{name.replace('/', '%2F')}"
    assert service.client.put(path, content=content).status_code == 200


def register(service: Running, model_id: str, bucket: str, prefix: str, **more: Any) -> Any:
    reference = {"modelArtifactReferenceType": "OSS", "namespace": "openads", "bucketName": bucket, "prefix": prefix}
    path = f"/20190101/models/{model_id}/actions/registerArtifactReference"
    return service.client.post(path, json={"modelArtifactReferences": [{**reference, **more}]})


def source_of(service: Running, model_id: str) -> ModelSource:
    with service.context.database.read() as session:
        _, source = artifact_of(session, model_id)
    assert source is not None
    return source


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_registered_reference_is_what_was_there_then(service: Running, bucket: str, api: Any) -> None:
    put(service, bucket, "m/score.py", b"first")
    put(service, bucket, "m/sub/data.bin", b"\0" * 100)
    put(service, bucket, "m/", b"")
    put(service, bucket, "other/score.py", b"other")
    model_id = service.create_model()["id"]
    answer = register(service, model_id, bucket, "m/")
    assert (answer.status_code, answer.content) == (202, b"")
    work = api.get(f"/20190101/workRequests/{answer.headers['opc-work-request-id']}").json()
    assert (work["operationType"], work["status"]) == ("REGISTER_MODEL_ARTIFACT", "SUCCEEDED")
    model = api.get(f"/20190101/models/{model_id}").json()
    assert model["isModelByReference"] is True
    assert [item["key"] for item in model["customMetadataList"]] == ["modelDescription"]
    put(service, bucket, "m/score.py", b"second")
    folder = service.context.archive(source_of(service, model_id))
    assert files_in(folder) == {"score.py": b"first", "sub/data.bin": b"\0" * 100}
    expect(register(service, model_id, bucket, "m/"), 409, "Conflict")
    restored = api.post(f"/20190101/models/{model_id}/actions/restore", params={"restoreModelForHoursSpecified": 3})
    assert restored.status_code == 202


def test_what_is_gone_or_changed_is_not_deployed(service: Running, bucket: str, api: Any) -> None:
    put(service, bucket, "gone/score.py", b"first")
    model_id = service.create_model()["id"]
    assert register(service, model_id, bucket, "gone").status_code == 202
    stored = api.get(f"/20190101/models/{model_id}/artifact/content").json()["models"][0]["objects"][0]
    path = f"{NS}/b/{bucket}/o/gone%2Fscore.py"
    assert api.delete(path, params={"versionId": stored["version"]}).status_code == 204
    with pytest.raises(NotFound, match="no longer"):
        service.context.archive(source_of(service, model_id))

    put(service, bucket, "gone/score.py", b"other")
    version = api.head(path).headers["version-id"]
    changed = {**PLACE, "bucketName": bucket, "prefix": "gone/"}
    changed["objects"] = [{**stored, "version": version, "etag": stored["etag"]}]
    model_id = service.create_model()["id"]
    assert upload(service, model_id, {**GOOD, "models": [changed]}).status_code == 204
    with pytest.raises(InputError, match="not the one"):
        service.context.archive(source_of(service, model_id))


def test_references_that_make_no_sense_are_refused(service: Running, bucket: str, api: Any) -> None:
    model_id = service.create_model()["id"]
    api.post(f"{NS}/b", json={"name": "without-versions", "compartmentId": service.compartment})
    put(service, "without-versions", "score.py", b"x")
    put(service, bucket, "bad/../x", b"x")
    for refused in (
        register(service, model_id, bucket, "nothing/"),
        register(service, model_id, "without-versions", ""),
        register(service, model_id, bucket, "bad/"),
        register(service, model_id, bucket, "m/", namespace="elsewhere"),
        register(service, model_id, "somebodys", "m/", modelArtifactReferenceType="S3"),
        api.post(f"/20190101/models/{model_id}/actions/restore", params={"restoreModelForHoursSpecified": "-1"}),
    ):
        expect(refused, 400, "InvalidParameter")
    expect(register(service, model_id, "no-bucket", ""), 404, "BucketNotFound")
    expect(api.post(f"/20190101/models/{model_id}/actions/restore"), 404, "NotAuthorizedOrNotFound")
    assert service.client.head(f"/20190101/models/{model_id}/artifact/content").status_code == 404


def test_nobody_refers_to_what_it_may_not_read(service: Running, bucket: str, api: Any) -> None:
    put(service, bucket, "secret/score.py", b"secret")
    own = "/openads/v1"
    place = api.post(f"{own}/compartments", json={"compartmentId": service.compartment, "name": "limited"}).json()["id"]
    user = api.post(f"{own}/users", json={"name": "limited"}).json()["id"]
    grant = {"userId": user, "verb": "manage", "compartmentId": place}
    assert api.post(f"{own}/grants", json=grant).status_code == 200
    project = api.post("/20190101/projects", json={"compartmentId": place}).json()["id"]
    token = api.post(f"{own}/tokens", json={"name": "limited", "userId": user}).json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=service.url, headers=headers) as client:
        limited = Running(service.url, service.context, client)
        model_id = client.post("/20190101/models", json={"compartmentId": place, "projectId": project}).json()["id"]
        expect(register(limited, model_id, bucket, "secret/"), 404, "BucketNotFound")
        named = {**PLACE, "bucketName": bucket, "prefix": "", "objects": [{**ENTRY, "name": "secret/score.py"}]}
        expect(upload(limited, model_id, {**GOOD, "models": [named]}), 404, "BucketNotFound")
        assert client.head(f"/20190101/models/{model_id}/artifact/content").status_code == 404
