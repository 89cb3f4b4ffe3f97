"""Models from artifacts, archives, catalog entries and deployments; the services' clients are replaced."""

import shutil
from pathlib import Path

import pytest

from ads.model.datascience_model import DataScienceModel
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.generic_model import GenericModel
from ads.model.model_metadata import ModelCustomMetadata, ModelTaxonomyMetadata

pytestmark = pytest.mark.usefixtures("no_service")

MODEL = "ocid1.datasciencemodel.oc1..one"
DEPLOYMENT = "ocid1.datasciencemodeldeployment.oc1..one"


@pytest.fixture
def artifact(iris, classifier, tmp_path):
    model = SklearnModel(classifier, artifact_dir=str(tmp_path / "original"))
    model.prepare(inference_conda_env="generalml_p38_cpu_v1", X_sample=iris[0], y_sample=iris[1])
    return Path(model.artifact_dir)


@pytest.fixture
def catalog(artifact, monkeypatch):
    def from_id(cls, ocid):
        taxonomy = ModelTaxonomyMetadata()
        taxonomy["Algorithm"].update("LogisticRegression")
        custom = ModelCustomMetadata()
        custom.add("ModelFileName", "model.joblib")
        spec = {"id": ocid, "customMetadataList": custom, "definedMetadataList": taxonomy}
        return cls(spec=spec)

    def download(self, target_dir, **kwargs):
        shutil.copytree(artifact, target_dir, dirs_exist_ok=True)

    monkeypatch.setattr(DataScienceModel, "from_id", classmethod(from_id))
    monkeypatch.setattr(DataScienceModel, "download_artifact", download)


@pytest.mark.parametrize("cls", [GenericModel, SklearnModel])
def test_a_folder_is_copied_and_serves_at_once(cls, artifact, iris, classifier, tmp_path):
    model = cls.from_model_artifact(str(artifact), artifact_dir=str(tmp_path / "copy"))
    assert model.estimator is None
    assert model.model_file_name == "model.joblib"
    assert model.schema_input.keys == list(iris[0].columns)
    assert model.runtime_info.model_deployment.inference_conda_env.inference_env_slug == "generalml_p38_cpu_v1"
    answer = model.verify(iris[0].head(3), auto_serialize_data=True)
    assert answer["prediction"] == classifier.predict(iris[0].head(3)).tolist()
    assert (tmp_path / "copy" / "score.py").read_bytes() == (artifact / "score.py").read_bytes()
    rows = model.summary_status().reset_index().set_index("Details")["Status"]
    assert rows["Serialized model"] == "Not Applicable"


def test_in_place_and_with_the_estimator(artifact, iris):
    model = SklearnModel.from_model_artifact(str(artifact), artifact_dir=str(artifact), reload=True)
    assert model.algorithm == "LogisticRegression"
    assert list(model.estimator.predict(iris[0].head(2))) == [0, 0]
    assert model.metadata_taxonomy["ArtifactTestResults"].value["score_py"]["success"] is True


def test_reloading_checks_the_artifact_again(artifact):
    model = SklearnModel.from_model_artifact(str(artifact), artifact_dir=str(artifact))
    results = model.metadata_taxonomy["ArtifactTestResults"]
    assert results.value is None
    (artifact / "runtime.yaml").write_text((artifact / "runtime.yaml").read_text().replace("'3.0'", "'2.0'"))
    assert model.reload().metadata_taxonomy["ArtifactTestResults"].value["runtime_version"]["success"] is False


@pytest.mark.parametrize("reload", [True, False])
def test_a_loaded_model_can_be_prepared_again(artifact, iris, reload):
    model = SklearnModel.from_model_artifact(str(artifact), artifact_dir=str(artifact), reload=reload)
    model.prepare(X_sample=iris[0].head(2), force_overwrite=True)
    assert model.model_file_name == "model.joblib"
    assert not (artifact / "model.pkl").exists()
    assert model.verify(iris[0].head(2)) == {"prediction": [0, 0]}


def test_a_recipe_of_another_version_is_skipped(artifact, iris):
    import json

    record = json.loads((artifact / "score_recipe.json").read_text())
    record["recipe"]["serializer"] = "of tomorrow"
    (artifact / "score_recipe.json").write_text(json.dumps(record))
    model = SklearnModel.from_model_artifact(str(artifact), artifact_dir=str(artifact))
    assert model.verify(iris[0].head(2)) == {"prediction": [0, 0]}


def test_a_zip_file_is_unpacked(artifact, iris, tmp_path):
    SklearnModel.from_model_artifact(str(artifact), artifact_dir=str(artifact)).upload_artifact(str(tmp_path / "m.zip"))
    model = SklearnModel.from_model_artifact(str(tmp_path / "m.zip"), artifact_dir=str(tmp_path / "unpacked"))
    assert model.verify(iris[0].head(1)) == {"prediction": [0]}


def test_an_occupied_folder_needs_force_overwrite(artifact, tmp_path):
    target = tmp_path / "busy"
    target.mkdir()
    (target / "mine.txt").write_text("x")
    with pytest.raises(ValueError, match="not empty"):
        SklearnModel.from_model_artifact(str(artifact), artifact_dir=str(target))
    assert (target / "mine.txt").exists()
    SklearnModel.from_model_artifact(str(artifact), artifact_dir=str(target), force_overwrite=True)
    assert not (target / "mine.txt").exists()


def test_nothing_there_or_not_an_archive(tmp_path):
    with pytest.raises(ValueError, match="no artifact"):
        GenericModel.from_model_artifact(str(tmp_path / "none"))
    (tmp_path / "text.txt").write_text("x")
    with pytest.raises(ValueError, match="archive"):
        GenericModel.from_model_artifact(str(tmp_path / "text.txt"), artifact_dir=str(tmp_path / "t"))


def test_a_folder_inside_itself(artifact):
    with pytest.raises(ValueError, match="within each other"):
        GenericModel.from_model_artifact(str(artifact), artifact_dir=str(artifact / "inner"))


def test_from_the_catalog(catalog, iris, tmp_path):
    model = SklearnModel.from_id(MODEL, artifact_dir=str(tmp_path / "c"))
    assert model.model_id == MODEL
    assert model.algorithm == "LogisticRegression"
    assert model.verify(iris[0].head(1)) == {"prediction": [0]}


def test_from_the_catalog_without_its_files(catalog, iris, tmp_path):
    model = SklearnModel.from_model_catalog(MODEL, artifact_dir=str(tmp_path / "c"), download_artifact=False)
    assert not (tmp_path / "c").exists()
    table = model.summary_status().reset_index().set_index("Details")
    assert "download_artifact" in table.loc["Local tested .predict from score.py", "Actions Needed"]
    assert model.download_artifact() is model
    assert model.verify(iris[0].head(1)) == {"prediction": [0]}


def test_from_a_deployment(catalog, monkeypatch, tmp_path):
    from ads.model.deployment import ModelDeployment, ModelDeploymentCondaRuntime

    def from_id(cls, ocid):
        found = cls(spec={"id": ocid, "lifecycleState": "ACTIVE"})
        return found.with_runtime(ModelDeploymentCondaRuntime().with_model_uri(MODEL))

    monkeypatch.setattr(ModelDeployment, "from_id", classmethod(from_id))
    model = SklearnModel.from_id(DEPLOYMENT, artifact_dir=str(tmp_path / "d"))
    assert (model.model_id, model.model_deployment_id) == (MODEL, DEPLOYMENT)
    assert model.summary.status_of("Deployed the model") == "ACTIVE"
    assert model.summary.status_of("Called deployment predict endpoint") == "Available"


def test_an_ocid_of_something_else():
    with pytest.raises(ValueError, match="neither"):
        GenericModel.from_id("ocid1.instance.oc1..x")


def test_a_model_that_is_nowhere(classifier):
    with pytest.raises(ValueError, match="catalog"):
        SklearnModel(classifier).download_artifact()
