from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from ads.errors import (
    AdsError,
    ArchiveError,
    ArtifactsNotAvailableError,
    InputTypeError,
    ModelWithActiveDeploymentError,
    ServiceError,
)
from ads.model.datascience_model import DataScienceModel, InvalidArtifactType, ModelFileDescriptionError
from ads.model.model_metadata import ModelCustomMetadata, ModelProvenanceMetadata, ModelTaxonomyMetadata

ID = "ocid1.datasciencemodel.oc1.local.m"
MODELS = "/20190101/models"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "artifact"
    made.mkdir()
    (made / "score.py").write_text("def load_model(): return 1\n")
    (made / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n")
    return made


class Catalog:
    """A catalog with room for one model, as the REST interface describes it."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.model: dict[str, Any] = {}
        self.provenance: dict[str, Any] | None = None
        self.archive = b""
        self.damaged = False
        server.on("POST", MODELS, self.create)
        server.on("GET", f"{MODELS}/{ID}", lambda _: server.reply(content=self.model))
        server.on("PUT", f"{MODELS}/{ID}", self.put)
        server.on("DELETE", f"{MODELS}/{ID}", self.delete)
        server.on("POST", f"{MODELS}/{ID}/provenance", self.put_provenance)
        server.on("GET", f"{MODELS}/{ID}/provenance", self.get_provenance)
        server.on("POST", f"{MODELS}/{ID}/artifact", self.upload)
        server.on("GET", f"{MODELS}/{ID}/artifact/content", self.download)
        server.on("GET", MODELS, lambda _: server.reply(content=[self.summary()] if self.model else []))

    def create(self, seen: Any) -> Any:
        self.model = {
            **seen.json,
            "id": ID,
            "lifecycleState": "ACTIVE",
            "timeCreated": "2026-01-31T10:15:30Z",
            "createdBy": "ocid1.user.oc1..abcdef",
        }
        return self.server.reply(content=self.model)

    def put(self, seen: Any) -> Any:
        self.model |= seen.json
        return self.server.reply(content=self.model)

    def delete(self, _seen: Any) -> Any:
        self.model["lifecycleState"] = "DELETED"
        return self.server.reply(204)

    def put_provenance(self, seen: Any) -> Any:
        self.provenance = seen.json
        return self.server.reply(content=seen.json)

    def get_provenance(self, _seen: Any) -> Any:
        if self.provenance is None:
            return self.server.reply(404, {"code": "NotAuthorizedOrNotFound", "message": "none"})
        return self.server.reply(content=self.provenance)

    def upload(self, seen: Any) -> Any:
        self.archive = seen.body
        return self.server.reply(204)

    def download(self, _seen: Any) -> Any:
        if not self.archive:
            return self.server.reply(404, {"code": "NotAuthorizedOrNotFound", "message": "no artifact"})
        digest = hashlib.md5(self.archive).digest() if not self.damaged else b"x" * 16
        headers = {
            "content-md5": base64.b64encode(digest).decode(),
            "content-disposition": f"attachment; filename={ID}.zip",
        }
        return self.server.reply(raw=self.archive, headers=headers)

    def summary(self) -> dict[str, Any]:
        left_out = {"description", "customMetadataList", "definedMetadataList", "inputSchema", "outputSchema"}
        return {k: v for k, v in self.model.items() if k not in left_out}


@pytest.fixture
def catalog(remote: Any) -> Catalog:
    return Catalog(remote)


def entry(folder: Path) -> DataScienceModel:
    custom = ModelCustomMetadata()
    custom.add("auc", 0.93, description="on the test set", category="Performance")
    taxonomy = ModelTaxonomyMetadata()
    taxonomy["Framework"].value = "scikit-learn"
    return (
        DataScienceModel(display_name="churn", description="who leaves")
        .with_freeform_tags(team="x")
        .with_custom_metadata_list(custom)
        .with_defined_metadata_list(taxonomy)
        .with_provenance_metadata(ModelProvenanceMetadata(git_branch="main", training_id="t1"))
        .with_input_schema({"not": "a schema"})
        .with_artifact(str(folder))
    )


def test_a_model_is_created_with_everything_it_has(catalog: Catalog, folder: Path, tmp_path: Path) -> None:
    model = entry(folder).create()
    assert model.id == ID
    assert model.lifecycle_state == "ACTIVE"
    sent = catalog.server.requests("POST", MODELS)[0]
    assert "opc-retry-token" in sent.headers
    assert sent.json["compartmentId"] == "c1"
    assert sent.json["projectId"] == "p1"
    assert sent.json["inputSchema"] == '{"not": "a schema"}'
    assert "outputSchema" not in sent.json
    item = sent.json["customMetadataList"][0]
    assert (item["key"], item["value"], item["category"]) == ("auc", "0.93", "Performance")
    assert catalog.provenance == {"gitBranch": "main", "trainingId": "t1"}

    again = DataScienceModel.from_id(ID)
    assert again.custom_metadata_list is not None
    assert again.custom_metadata_list["auc"].value == 0.93
    assert again.provenance_metadata is not None
    assert again.provenance_metadata.git_branch == "main"
    again.download_artifact(str(tmp_path / "back"))
    assert (tmp_path / "back" / "score.py").read_bytes() == (folder / "score.py").read_bytes()
    assert again.artifact == str(tmp_path / "back")


def test_the_artifact_is_sent_as_a_named_attachment_without_leaving_a_temporary_file(
    catalog: Catalog, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    entry(folder).create()
    upload = catalog.server.requests("POST", f"{MODELS}/{ID}/artifact")[0]
    assert upload.headers["content-disposition"] == f'attachment; filename="{ID}.zip"'
    assert upload.headers["content-type"] == "application/octet-stream"
    assert "opc-retry-token" in upload.headers
    assert upload.body.startswith(b"PK")
    assert not list(temporary.iterdir())


def test_an_artifact_that_does_not_arrive_leaves_no_model_behind(catalog: Catalog, folder: Path) -> None:
    refusal = catalog.server.reply(400, {"code": "InvalidParameter", "message": "not a zip"})
    catalog.server.on("POST", f"{MODELS}/{ID}/artifact", refusal)
    model = entry(folder)
    with pytest.raises(ServiceError, match="not a zip"):
        model.create()
    assert catalog.model["lifecycleState"] == "DELETED"
    assert model.id is None


def test_an_unusable_artifact_is_refused_before_the_catalog_hears_of_it(catalog: Catalog, tmp_path: Path) -> None:
    text = tmp_path / "model.txt"
    text.write_text("x")
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK nothing")
    for artifact, error in (
        (text, InvalidArtifactType),
        (tmp_path / "none", InvalidArtifactType),
        (broken, ArchiveError),
    ):
        with pytest.raises(error):
            DataScienceModel(artifact=str(artifact)).create()
    with pytest.raises(InvalidArtifactType, match="by reference"):
        DataScienceModel().with_artifact("a", "b").create()
    assert not catalog.server.requests("POST", MODELS)


def test_a_damaged_download_is_refused_and_the_folder_stays(catalog: Catalog, folder: Path, tmp_path: Path) -> None:
    model = entry(folder).create()
    catalog.damaged = True
    target = tmp_path / "back"
    target.mkdir()
    (target / "mine.txt").write_text("keep")
    with pytest.raises(ValueError, match="not empty"):
        model.download_artifact(str(target))
    with pytest.raises(ArchiveError, match="damaged"):
        model.download_artifact(str(target), force_overwrite=True)
    assert [p.name for p in target.iterdir()] == ["mine.txt"]


def test_a_model_without_artifact_downloads_nothing(catalog: Catalog, tmp_path: Path, caplog: Any) -> None:
    model = DataScienceModel(display_name="x").create()
    model.download_artifact(str(tmp_path / "back"))
    assert "has no artifact" in caplog.text
    assert not (tmp_path / "back").exists()


def test_update_sends_what_changed_and_creates_missing_provenance(catalog: Catalog, folder: Path) -> None:
    model = DataScienceModel(display_name="x", model_version_set_id="s1").create()
    model.with_provenance_metadata({"git_commit": "abc"}).update(description="new", freeform_tags={"a": "b"})
    body = catalog.server.requests("PUT", f"{MODELS}/{ID}")[0].json
    assert (body["description"], body["freeformTags"]) == ("new", {"a": "b"})
    assert "modelVersionSetId" not in body
    assert catalog.provenance == {"gitCommit": "abc"}
    with pytest.raises(InputTypeError, match="description"):
        model.update(descripton="typo")


def test_a_model_in_use_names_its_deployments(catalog: Catalog) -> None:
    model = DataScienceModel(display_name="churn").create()
    conflict = catalog.server.reply(409, {"code": "Conflict", "message": "in use"})
    catalog.server.on("DELETE", f"{MODELS}/{ID}", conflict)
    used = {"modelDeploymentConfigurationDetails": {"modelConfigurationDetails": {"modelId": ID}}}
    deployments = [
        {"id": "d1", "displayName": "live", "lifecycleState": "ACTIVE", **used},
        {"id": "d2", "displayName": "old", "lifecycleState": "DELETED", **used},
    ]
    catalog.server.on("GET", "/20190101/modelDeployments", catalog.server.reply(content=deployments))
    with pytest.raises(ModelWithActiveDeploymentError, match=r"live \(d1\)") as caught:
        model.delete()
    assert "old" not in str(caught.value)


def test_a_deleted_model_says_so(catalog: Catalog) -> None:
    assert DataScienceModel(display_name="x").create().delete().status == "DELETED"


def test_lists_are_complete_objects_and_a_table_with_short_ids(catalog: Catalog) -> None:
    assert list(DataScienceModel.list_df().columns)[:2] == ["id", "display_name"]
    DataScienceModel(display_name="x", description="text").create()
    (model,) = DataScienceModel.list(display_name="x")
    assert model.description == "text"
    query = catalog.server.requests("GET", MODELS)[-1].query
    assert "displayName=x" in query
    assert "category=USER" in query
    table = DataScienceModel.list_df()
    assert table.iloc[0]["id"] == f"...{ID[-6:]}"
    assert table.iloc[0]["created_by"] == "...abcdef"
    assert table.iloc[0]["description"] == "text"


def test_a_description_survives_yaml_and_json(folder: Path) -> None:
    model = entry(folder)
    text = model.to_yaml()
    assert text is not None
    again = DataScienceModel.from_yaml(text)
    assert again.to_dict() == model.to_dict()
    assert isinstance(again.custom_metadata_list, ModelCustomMetadata)
    as_json = model.to_json()
    assert as_json is not None
    assert DataScienceModel.from_json(as_json).to_dict() == model.to_dict()
    assert repr(model) == text.lstrip("\n")
    assert model.to_dict()["kind"] == "datascienceModel"
    assert model.to_dict()["type"] == "dataScienceModel"


def test_what_needs_an_entry_in_the_catalog_says_so() -> None:
    for verb in ("sync", "delete", "update", "upload_artifact"):
        with pytest.raises(ValueError, match="create"):
            getattr(DataScienceModel(), verb)()
    assert DataScienceModel().status is None


@pytest.mark.parametrize(
    "artifact", [None, "no-such-folder", "oci://b@openads/model.zip", ["oci://b@openads/p/", "/tmp"], ["a", "b"]]
)
def test_what_can_t_be_referred_to_is_refused(catalog, artifact) -> None:
    with pytest.raises(AdsError) as caught:
        DataScienceModel(artifact=artifact).create(model_by_reference=True)
    assert isinstance(caught.value, (ArtifactsNotAvailableError, InvalidArtifactType))
    assert catalog.model == {}


def test_an_artifact_is_restored_for_a_positive_number_of_hours() -> None:
    for hours in (0, -1, True, 1.5):
        with pytest.raises(ValueError, match="positive"):
            DataScienceModel().restore_model(hours)


def test_an_unknown_value_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(TypeError, match="display_name"):
        DataScienceModel(display_nam="x")


def test_a_description_of_files_is_checked() -> None:
    good = {
        "version": "1.0",
        "type": "modelOSSReferenceDescription",
        "models": [{"namespace": "n", "bucketName": "b", "prefix": "p", "objects": []}],
    }
    assert DataScienceModel().with_model_file_description(good).model_file_description == good
    for bad in ({"type": "other"}, {**good, "models": []}, {**good, "models": [{"namespace": "n"}]}):
        with pytest.raises(ModelFileDescriptionError):
            DataScienceModel().with_model_file_description(json_dict=bad)
    with pytest.raises(ModelFileDescriptionError):
        DataScienceModel().with_model_file_description(json_string="{")
