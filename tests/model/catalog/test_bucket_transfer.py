"""Artifacts by way of a bucket, against a running service."""

from __future__ import annotations

import filecmp
import logging
from pathlib import Path

import pytest

from ads.client import Service
from ads.client.objects import (
    PART_SIZE,
    ObjectAddress,
    download_object,
    list_names,
    object_exists,
    read_object,
    remove_object,
    upload_object,
)
from ads.errors import ArtifactError, InputError, NotFound
from ads.model.bucket_transfer import Transfer
from ads.model.datascience_model import DataScienceModel
from ads.model.generic_model import GenericModel

pytestmark = pytest.mark.usefixtures("local_service")

FOLDER = "oci://transfer@openads/models/"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "artifact"
    (made / "data").mkdir(parents=True)
    (made / "score.py").write_text(
        "def load_model():\n    return 1\n\n\ndef predict(data, model=None):\n    return {}\n"
    )
    (made / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n")
    (made / "data" / "ü.txt").write_text("content")
    return made


def names_below(prefix: str) -> list[str]:
    try:
        return list_names(Service.find(), ObjectAddress.parse(prefix))
    except NotFound:
        return []


def same(first: Path, second: Path) -> bool:
    left, right = ({p.relative_to(top) for p in top.rglob("*")} for top in (first, second))
    files = [str(path) for path in left if (first / path).is_file()]
    return left == right and filecmp.cmpfiles(first, second, files, shallow=False)[0] == files


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("oci://b@openads/p/", "p/id.zip"),
        ("oci://b@openads/p/x.zip", "p/x.zip"),
        ("oci://b@openads/p/x", "p/x.zip"),
        ("oci://b/", "id.zip"),
    ],
)
def test_where_the_archive_goes(uri: str, name: str) -> None:
    assert Transfer(uri).address("id") == ObjectAddress("b", name, "openads")


def test_through_a_bucket_and_back(folder: Path, tmp_path: Path) -> None:
    model = DataScienceModel(display_name="bucket", artifact=str(folder)).create(bucket_uri=FOLDER)
    assert names_below(FOLDER) == []
    model.download_artifact(str(tmp_path / "back"), bucket_uri=FOLDER)
    assert same(tmp_path / "back", folder)
    assert names_below(FOLDER) == []
    model.download_artifact(str(tmp_path / "kept"), bucket_uri=FOLDER, remove_existing_artifact=False)
    assert names_below(FOLDER) == [f"models/{model.id}.zip"]
    with pytest.raises(FileExistsError, match="exists"):
        model.download_artifact(str(tmp_path / "again"), bucket_uri=FOLDER, overwrite_existing_artifact=False)
    assert not (tmp_path / "again").exists()
    remove_object(Service.find(), ObjectAddress.parse(f"{FOLDER}{model.id}.zip"))
    model.delete()


def test_overwrite_and_remove_flags(folder: Path, tmp_path: Path) -> None:
    uri = "oci://transfer@openads/fixed.zip"
    entry = DataScienceModel(artifact=str(folder))
    first = entry.create(display_name="first", bucket_uri=uri, remove_existing_artifact=False)
    address = ObjectAddress.parse(uri)
    assert object_exists(Service.find(), address)
    before = {model.id for model in DataScienceModel.list(lifecycle_state="ACTIVE")}
    with pytest.raises(FileExistsError, match="fixed"):
        DataScienceModel(artifact=str(folder)).create(bucket_uri=uri, overwrite_existing_artifact=False)
    assert {model.id for model in DataScienceModel.list(lifecycle_state="ACTIVE")} == before
    second = DataScienceModel(artifact=str(folder)).create(bucket_uri=uri)
    assert not object_exists(Service.find(), address)
    second.download_artifact(str(tmp_path / "back"))
    assert same(tmp_path / "back", folder)
    for model in (first, second):
        model.delete()


def test_an_archive_that_is_in_a_bucket_is_taken_from_there(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from ads.artifact.archive import write_zip

    write_zip(folder, tmp_path / "a.zip")
    uri = "oci://transfer@openads/here.zip"
    upload_object(Service.find(), tmp_path / "a.zip", ObjectAddress.parse(uri))
    with caplog.at_level(logging.WARNING):
        model = DataScienceModel(artifact=uri).create(bucket_uri=FOLDER)
    assert "bucket_uri is not used" in caplog.text
    assert read_object(Service.find(), ObjectAddress.parse(uri)) == (tmp_path / "a.zip").read_bytes()
    model.download_artifact(str(tmp_path / "back"))
    assert same(tmp_path / "back", folder)
    (tmp_path / "bad.zip").write_bytes(b"no archive")
    upload_object(Service.find(), tmp_path / "bad.zip", ObjectAddress.parse(uri))
    with pytest.raises(ArtifactError, match="failed"):
        DataScienceModel(display_name="bad bucket", artifact=uri).create()
    assert [m.status for m in DataScienceModel.list(display_name="bad bucket")] == ["DELETED"]
    with pytest.raises(NotFound, match="none"):
        DataScienceModel(artifact="oci://transfer@openads/none.zip").create()


def test_save_and_load_by_way_of_buckets(folder: Path, tmp_path: Path) -> None:
    model = GenericModel.from_model_artifact(str(folder), artifact_dir=str(tmp_path / "model"))
    model_id = model.save(bucket_uri=FOLDER, ignore_introspection=True)
    loaded = GenericModel.from_model_catalog(model_id, artifact_dir=str(tmp_path / "loaded"), bucket_uri=FOLDER)
    assert (Path(loaded.artifact_dir) / "data" / "ü.txt").read_text() == "content"
    archive = "oci://transfer@openads/shared/model.zip"
    loaded.upload_artifact(archive)
    with pytest.raises(InputError, match=r"model\.zip exists"):
        loaded.upload_artifact(archive)
    loaded.upload_artifact(archive, force_overwrite=True)
    loaded.upload_artifact("oci://transfer@openads/shared/")
    assert names_below("oci://transfer@openads/shared/") == ["shared/model.zip", f"shared/{model_id}.zip"]
    again = GenericModel.from_model_artifact(archive, artifact_dir=str(tmp_path / "again"))
    assert (Path(again.artifact_dir) / "score.py").read_text() == (folder / "score.py").read_text()
    with pytest.raises(InputError, match="no artifact"):
        GenericModel.from_model_artifact("oci://transfer@openads/nothing", artifact_dir=str(tmp_path / "none"))
    model.delete()


def test_a_folder_of_objects_is_an_artifact(folder: Path, tmp_path: Path) -> None:
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = f"plain/folder/{path.relative_to(folder)}"
        upload_object(Service.find(), path, ObjectAddress("transfer", name))
    made = GenericModel.from_model_artifact("oci://transfer@openads/plain/folder", artifact_dir=str(tmp_path / "m"))
    assert same(Path(made.artifact_dir), folder)
    upload_object(Service.find(), folder / "score.py", ObjectAddress("transfer", "plain/folder/../../evil"))
    with pytest.raises(InputError, match="evil"):
        GenericModel.from_model_artifact("oci://transfer@openads/plain/folder", artifact_dir=str(tmp_path / "n"))
    assert not (tmp_path / "evil").exists()


def test_large_files_go_in_parts(tmp_path: Path) -> None:
    content = bytes(range(256)) * (PART_SIZE // 256 * 2) + b"end"
    (tmp_path / "large").write_bytes(content)
    address = ObjectAddress("transfer", "large/ü .bin")
    upload_object(Service.find(), tmp_path / "large", address, progress=False)
    download_object(Service.find(), address, tmp_path / "back", progress=False)
    assert (tmp_path / "back").read_bytes() == content
    with pytest.raises(FileExistsError):
        upload_object(Service.find(), tmp_path / "large", address, overwrite=False)
    remove_object(Service.find(), address)
    remove_object(Service.find(), address)
    assert not object_exists(Service.find(), address)


def test_other_addresses_are_refused(folder: Path) -> None:
    entry = DataScienceModel(artifact=str(folder))
    for uri in ("nosuch://bucket/x", "bucket/x", "oci:///x"):
        with pytest.raises(InputError, match="oci://bucket@openads"):
            entry.create(bucket_uri=uri)
    with pytest.raises(NotFound, match="namespace"):
        entry.create(bucket_uri="oci://bucket@elsewhere/x")
