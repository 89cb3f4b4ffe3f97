"""Models by reference through the SDK: their files stay in a bucket, and they are served from there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ads.artifact.layout import list_files
from ads.client import Service
from ads.errors import BucketNotVersionedError, InputError, ModelFileDescriptionError, NotFound
from ads.model.datascience_model import DataScienceModel
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.generic_model import GenericModel
from tests.own_service import eventually


@pytest.fixture
def model(local_service: Path, classifier: Any, iris: Any, tmp_path: Path) -> SklearnModel:
    found = SklearnModel(classifier, artifact_dir=str(tmp_path / "artifact"))
    found.prepare(X_sample=iris[0], y_sample=iris[1], force_overwrite=True)
    return found


def test_a_saved_reference_is_served_from_its_bucket(model: SklearnModel, iris: Any, tmp_path: Path) -> None:
    uri = "oci://referred@openads/churn/v1/"
    model_id = model.save(bucket_uri=uri, model_by_reference=True, display_name="by reference")
    assert Service.find().get_json(f"/20190101/models/{model_id}")["isModelByReference"] is True
    deployment = model.deploy(display_name="by reference")
    try:
        assert model.predict(iris[0][:3])["prediction"] == [0, 0, 0]
    finally:
        deployment.delete()
    entry = DataScienceModel.from_id(model_id)
    entry.download_artifact(str(tmp_path / "copy"))
    assert list_files(tmp_path / "copy" / "referred" / "churn" / "v1") == list_files(tmp_path / "artifact")
    entry.restore_model(3)
    again = DataScienceModel().with_artifact(uri).create(model_by_reference=True, display_name="again")
    assert again.id != model_id
    for made in (again, entry):
        made.delete()


@pytest.mark.parametrize("kind", [SklearnModel, GenericModel])
def test_a_saved_reference_is_loaded_as_what_it_was(model: SklearnModel, iris: Any, tmp_path: Path, kind: Any) -> None:
    rows = iris[0][:3]
    model_id = model.save(bucket_uri="oci://loaded@openads/churn/v1/", model_by_reference=True)
    loaded = kind.from_model_catalog(model_id, artifact_dir=str(tmp_path / "copy"), reload=True)
    assert loaded.artifact_dir == str(tmp_path / "copy" / "loaded" / "churn" / "v1")
    assert (type(loaded), loaded.model_id) == (kind, model_id)
    assert loaded.estimator.predict(rows).tolist() == [0, 0, 0]
    assert loaded.verify(rows, auto_serialize_data=True)["prediction"] == [0, 0, 0]
    loaded.download_artifact(force_overwrite=True)
    assert loaded.verify(rows, auto_serialize_data=True)["prediction"] == [0, 0, 0]


def test_files_that_make_no_model_are_there_without_one(local_service: Path, tmp_path: Path) -> None:
    """As with oracle-ads: the files are fetched, and the object has neither script nor estimator."""
    service = Service.find()
    body = {"name": "weights", "compartmentId": service.compartment_id, "versioning": "Enabled"}
    service.request("POST", "/n/openads/b", json=body)
    service.request("PUT", "/n/openads/b/weights/o/llm%2Fweights.bin", content=b"weights")
    entry = DataScienceModel().with_artifact("oci://weights@openads/llm/").create(model_by_reference=True)
    loaded = GenericModel.from_model_catalog(entry.id, artifact_dir=str(tmp_path / "copy"))
    assert (loaded.model_id, loaded.estimator) == (entry.id, None)
    assert (tmp_path / "copy" / "weights" / "llm" / "weights.bin").read_bytes() == b"weights"


def test_a_reference_whose_object_is_gone_fails_with_its_name(model: SklearnModel) -> None:
    model.save(bucket_uri="oci://fleeting@openads/m", model_by_reference=True)
    service = Service.find()
    path = "/n/openads/b/fleeting/o/m%2Fscore.py"
    service.request("DELETE", path, params={"versionId": service.request("HEAD", path).headers["version-id"]})
    deployment = model.deploy(wait_for_completion=False)
    path = f"/20190101/modelDeployments/{deployment.model_deployment_id}"
    eventually(lambda: service.get_json(path)["lifecycleState"] == "FAILED", 60, "the failure")
    details = service.get_json(path)["lifecycleDetails"]
    assert "score.py" in details
    assert "no longer in the bucket" in details
    deployment.delete()


def test_descriptions_are_edited_and_sent(local_service: Path) -> None:
    service = Service.find()
    body = {"name": "described", "compartmentId": service.compartment_id, "versioning": "Enabled"}
    service.request("POST", "/n/openads/b", json=body)
    for name in ("a/score.py", "a/more", "b/x"):
        service.request("PUT", f"/n/openads/b/described/o/{name.replace('/', '%2F')}", content=name.encode())
    entry = DataScienceModel(display_name="described")
    entry.add_artifact(uri="oci://described@openads/a/", files=["score.py"])
    entry.add_artifact(namespace="openads", bucket="described", prefix="b/")
    entry.add_artifact(uri="oci://described@openads/a/")
    named = [[item["name"] for item in part["objects"]] for part in entry.model_file_description["models"]]
    assert named == [["b/x"], ["a/more", "a/score.py"]]
    entry.remove_artifact(uri="oci://described@openads/b/")
    made = entry.create(model_by_reference=True)
    stored = service.get_json(f"/20190101/models/{made.id}/artifact/content")
    assert [part["prefix"] for part in stored["models"]] == ["a/"]
    made.delete()

    for wrong in (
        {},
        {"uri": "oci://described@openads/a/", "bucket": "described"},
        {"namespace": "openads"},
        {"uri": "oci://described@openads/a/", "files": ["not there"]},
    ):
        with pytest.raises(InputError):
            entry.add_artifact(**wrong)
    with pytest.raises(ModelFileDescriptionError, match="no objects"):
        entry.add_artifact(uri="oci://described@openads/nothing/")
    with pytest.raises(NotFound):
        entry.add_artifact(uri="oci://no-such-bucket@openads/a/")
    with pytest.raises(InputError, match="no objects of"):
        entry.remove_artifact(uri="oci://described@openads/b/")


def test_a_bucket_without_versions_is_refused(local_service: Path, model: SklearnModel) -> None:
    service = Service.find()
    service.request("POST", "/n/openads/b", json={"name": "forgetful", "compartmentId": service.compartment_id})
    before = len(DataScienceModel.list(lifecycle_state="ACTIVE"))
    with pytest.raises(BucketNotVersionedError, match="keeps no versions"):
        model.save(bucket_uri="oci://forgetful@openads/m/", model_by_reference=True)
    assert len(DataScienceModel.list(lifecycle_state="ACTIVE")) == before
