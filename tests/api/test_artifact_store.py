"""The service on an object store: a real S3-compatible server or another service has the bytes, its own disk none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
import pytest

from tests.oci_server import object_storage
from tests.s3_server import s3_server, use_s3

from .conftest import Running, archive, expect, start


@contextmanager
def s3(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the address of an empty place in S3."""
    with s3_server(folder) as url:
        use_s3(patch, url)
        fsspec.filesystem("s3", skip_instance_cache=True).mkdir("models")
        yield "s3://models/catalog"


@contextmanager
def oci(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the address of an empty place in the object storage of another service."""
    with object_storage(folder) as storage:
        patch.setitem(fsspec.config.conf, "oci", storage.options)
        storage.make_bucket("models")
        yield "oci://models@openads/catalog"


@pytest.fixture(scope="module", params=[s3, oci], ids=["s3", "oci"])
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, request.param(tmp_path_factory.mktemp("store"), patch) as address:
        yield address


@pytest.fixture(scope="module")
def service(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running, stop = start(tmp_path_factory.mktemp("home"), artifact_store=address)
    yield running
    stop()


def test_artifacts_and_objects_lie_in_the_store(service: Running) -> None:
    model, content = service.create_model(), archive(a__txt="x" * 1000)
    assert service.upload(model["id"], content).status_code == 204
    path = f"/20190101/models/{model['id']}/artifact/content"
    assert service.client.get(path).content == content
    part = service.client.get(path, headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, content[10:20])
    assert service.client.head(path).headers["content-length"] == str(len(content))
    assert list(service.context.home.blobs.iterdir()) == []
    assert list(service.context.home.uploads.glob("*-*")) == []

    body = {"name": "bucket", "compartmentId": service.compartment}
    assert service.client.post("/n/openads/b", json=body).status_code == 200
    assert service.client.put("/n/openads/b/bucket/o/name", content=b"some bytes").status_code == 200
    assert service.client.get("/n/openads/b/bucket/o/name").content == b"some bytes"
    assert len(list(service.context.blobs.entries())) == 2


def test_what_is_damaged_there_is_never_served(service: Running, address: str) -> None:
    model, content = service.create_model(), archive(b__txt="y")
    service.upload(model["id"], content)
    with service.context.database.read() as session:
        from ads.registry.artifacts import get_artifact

        name = get_artifact(session, model["id"]).sha256
    with fsspec.open(f"{address}/{name}", "wb", skip_instance_cache=True) as file:
        file.write(b"damaged")
    answer = service.client.get(f"/20190101/models/{model['id']}/artifact/content")
    assert answer.status_code == 500
    assert content not in answer.content


def test_a_store_that_is_away_is_503(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_s3(monkeypatch, "http://127.0.0.1:1", AWS_MAX_ATTEMPTS="1")
    running, stop = start(tmp_path / "home", artifact_store="s3://models/catalog")
    try:
        model = running.create_model()
        answer = running.upload(model["id"], archive())
        expect(answer, 503, "ServiceUnavailable")
        assert "artifact store" in answer.json()["message"]
        assert answer.headers["retry-after"]
        assert running.client.get(f"/20190101/models/{model['id']}").status_code == 200
    finally:
        stop()
