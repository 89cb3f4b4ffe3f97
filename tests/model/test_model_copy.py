"""A copy through signed requests, into a catalog that knows OCI's paths alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ads.client import Service
from ads.client.auth import AuthContext, set_auth
from ads.client.oci_home import remote_home
from ads.client.resumed_download import download_rest
from ads.errors import ArchiveError, NotFound, NotSupported
from ads.model.by_reference import send_description
from ads.model.model_copy import copy_model
from ads.settings import load_settings

pytestmark = pytest.mark.needs("oci")


@pytest.fixture
def catalogs(local_service: Path, tmp_path: Path) -> Iterator[tuple[Service, Service]]:
    """The service with its token, and as OCI's own is spoken to: signed by ``oci``, without paths of this project."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    plain = Service.find()
    known = plain.request("POST", "/openads/v1/keys", json={"publicKey": public}).json()
    profile = {name: known[name] for name in ("user", "tenancy", "fingerprint")}
    with AuthContext():
        set_auth(config={**profile, "key_file": str(tmp_path / "key.pem"), "region": "eu-frankfurt-1"})
        home = remote_home(load_settings(url="oci"))
        assert home is not None
        url = plain.url
        service = Service(
            url,
            compartment_id=plain.compartment_id,
            project_id=plain.project_id,
            home=replace(home, url=url, endpoint_of=lambda _path: url),
        )
        assert not service.knows_references
        yield plain, service
        service.close()


def registered(service: Service, folder: Path, **more: Any) -> dict[str, Any]:
    from ads.artifact.archive import write_zip

    folder.mkdir()
    (folder / "score.py").write_text("def load_model():\n    return 1\n\ndef predict(data):\n    return 1\n")
    (folder / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n")
    write_zip(folder, folder.with_suffix(".zip"))
    place = {"compartmentId": service.compartment_id, "projectId": service.project_id}
    metadata = [{"key": "auc", "value": "0.9", "category": "Performance"}]
    body = {**place, "displayName": "wanderer", "customMetadataList": metadata, **more}
    model = service.request("POST", "/20190101/models", json=body).json()
    service.request("POST", f"/20190101/models/{model['id']}/provenance", json={"gitBranch": "main"})
    service.upload_artifact(model["id"], folder.with_suffix(".zip"))
    return service.get_json(f"/20190101/models/{model['id']}")


def test_a_model_goes_to_oci_once(catalogs: tuple[Service, Service], tmp_path: Path) -> None:
    source, as_oci = catalogs
    model = registered(source, tmp_path / "artifact", freeformTags={"team": "risk"})
    first = copy_model(source, as_oci, model)
    assert (first.sent, first.model.id != model["id"]) == (True, True)
    copy = source.get_json(f"/20190101/models/{first.model.id}")
    assert copy["freeformTags"]["team"] == "risk"
    assert [(item["key"], item["value"]) for item in copy["customMetadataList"]] == [("auc", "0.9")]
    assert source.get_json(f"/20190101/models/{copy['id']}/provenance")["gitBranch"] == "main"
    there = [source.download_artifact(each, tmp_path / each[-8:]).sha256 for each in (model["id"], copy["id"])]
    assert there[0] == there[1]
    again = copy_model(source, as_oci, model)
    assert (again.model.id, again.sent, again.changed) == (copy["id"], False, False)
    # And from there: signed, with the digest found by fetching it where none is told.
    back = copy_model(as_oci, source, as_oci.get_json(f"/20190101/models/{copy['id']}"))
    assert (back.sent, back.changed) == (False, False)


def test_what_has_nothing_to_copy(catalogs: tuple[Service, Service], tmp_path: Path) -> None:
    source, as_oci = catalogs
    place = {"compartmentId": source.compartment_id, "projectId": source.project_id}
    empty = source.request("POST", "/20190101/models", json={**place, "displayName": "empty"}).json()
    with pytest.raises(NotFound):
        copy_model(source, as_oci, empty)


def test_oci_does_not_reach_buckets_of_a_service(catalogs: tuple[Service, Service]) -> None:
    source, as_oci = catalogs
    place = {"compartmentId": source.compartment_id, "projectId": source.project_id}
    mark = [{"key": "modelDescription", "value": "true", "category": "Other"}]
    body = {**place, "displayName": "near", "customMetadataList": mark}
    model = source.request("POST", "/20190101/models", json=body).json()
    entry = {"namespace": "openads", "bucketName": "files", "prefix": ""}
    objects = [{"name": "score.py", "version": "1", "sizeInBytes": 1, "md5": "x"}]
    description = {"version": "1.0", "type": "modelOSSReferenceDescription", "models": [{**entry, "objects": objects}]}
    send_description(source, model["id"], description)
    before = [row["id"] for row in source.list("/20190101/models", {"compartmentId": source.compartment_id})]
    with pytest.raises(NotSupported, match="bucket 'files'"):
        copy_model(source, as_oci, source.get_json(f"/20190101/models/{model['id']}"))
    after = [row["id"] for row in source.list("/20190101/models", {"compartmentId": source.compartment_id})]
    assert before == after


def test_a_download_that_was_cut_goes_on(catalogs: tuple[Service, Service], tmp_path: Path) -> None:
    source, as_oci = catalogs
    model = registered(source, tmp_path / "artifact", displayName="cut")
    whole = tmp_path / "whole.zip"
    sha256 = source.download_artifact(model["id"], whole).sha256
    kept = tmp_path / "kept"
    kept.mkdir()
    for beginning in (b"", whole.read_bytes()[:100], whole.read_bytes()):
        (kept / "part.zip").write_bytes(beginning)
        download_rest(source, model["id"], kept / "part.zip", sha256)
        assert (kept / "part.zip").read_bytes() == whole.read_bytes()
    (kept / "part.zip").write_bytes(b"something else")
    with pytest.raises(ArchiveError):
        download_rest(source, model["id"], kept / "part.zip", sha256)
    assert not (kept / "part.zip").exists()
    (kept / f"{sha256}.zip").write_bytes(whole.read_bytes()[:100])
    copied = copy_model(source, as_oci, model, kept=kept)
    assert source.download_artifact(copied.model.id, tmp_path / "copy.zip").sha256 == sha256
    assert not list(kept.iterdir())
