"""Files attached to metadata, from a user's program, against a running service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ads.client import Service
from ads.client.objects import ObjectAddress, upload_object
from ads.errors import Conflict, InputError, InvalidArtifactPathTypeOrContentError, NotFound, PathNotFoundError
from ads.model.datascience_model import DataScienceModel
from ads.model.model_metadata import ModelCustomMetadata, ModelTaxonomyMetadata

pytestmark = pytest.mark.usefixtures("local_service")


@pytest.fixture
def model(local_service: Path) -> Iterator[DataScienceModel]:
    custom = ModelCustomMetadata()
    custom.add("notes", "v", "d", "Other")
    taxonomy = ModelTaxonomyMetadata()
    made = DataScienceModel(display_name="files", custom_metadata_list=custom, defined_metadata_list=taxonomy).create()
    yield made
    made.delete()


@pytest.mark.parametrize("kind", ["custom", "defined"])
def test_from_creation_to_deletion(model: DataScienceModel, kind: str, tmp_path: Path) -> None:
    key = "notes" if kind == "custom" else "Algorithm"
    create, update, get, delete = (
        getattr(model, f"{verb}_{kind}_metadata_artifact") for verb in ("create", "update", "get", "delete")
    )
    with pytest.raises(NotFound):
        get(key, str(tmp_path))
    etag = create(key, b"\x00first", path_type="content")["etag"]
    assert get(key, str(tmp_path)) == (tmp_path / key).read_bytes() == b"\x00first"
    with pytest.raises(Conflict, match="Update"):
        create(key, b"again", path_type="content")
    file = tmp_path / "file"
    file.write_bytes(b"second")
    assert update(key, str(file))["etag"] != etag
    with pytest.raises(FileExistsError, match=key):
        get(key, str(tmp_path))
    assert get(key, str(tmp_path), override=True) == b"second"
    upload_object(Service.find(), file, ObjectAddress("files", "third"))
    update(key, "oci://files@openads/third", path_type="oss")
    lists = model.sync().custom_metadata_list if kind == "custom" else model.sync().defined_metadata_list
    assert lists.get(key).has_artifact is True
    delete(key)
    with pytest.raises(NotFound):
        delete(key)


def test_whether_a_file_is_there(model: DataScienceModel) -> None:
    assert model.if_model_custom_metadata_artifact_exist("notes") is False
    model.create_custom_metadata_artifact("notes", b"x", path_type="content")
    assert model.if_model_custom_metadata_artifact_exist("notes") is True
    model.update(description="an update of the model leaves its files")
    assert model.if_model_custom_metadata_artifact_exist("notes") is True
    assert model.if_model_custom_metadata_artifact_exist("unknown") is False


def test_what_can_not_be_attached(model: DataScienceModel, tmp_path: Path) -> None:
    for given, path_type in (("text", "content"), (b"bytes", "local"), ("x", "web"), ("s3://b/x", "oss")):
        with pytest.raises(InvalidArtifactPathTypeOrContentError):
            model.create_custom_metadata_artifact("notes", given, path_type=path_type)
    with pytest.raises(PathNotFoundError, match="missing"):
        model.create_custom_metadata_artifact("notes", str(tmp_path / "missing"))
    with pytest.raises(PathNotFoundError, match="missing"):
        model.get_custom_metadata_artifact("notes", str(tmp_path / "missing"))
    with pytest.raises(NotFound):
        model.create_custom_metadata_artifact("unknown", b"x", path_type="content")
    with pytest.raises(InputError, match="name of a file"):
        model.get_custom_metadata_artifact("../evil", str(tmp_path))
    with pytest.raises(InputError, match="create"):
        DataScienceModel().create_custom_metadata_artifact("notes", b"x", path_type="content")
