"""The artifact folder as an object of its own."""

import joblib
import pytest

from ads.errors import ArtifactFolderStructureError
from ads.model.artifact import AritfactFolderStructureError, ModelArtifact
from ads.score import supported


def test_an_artifact_is_written_step_by_step_and_loaded(tmp_path, classifier, iris):
    artifact = ModelArtifact(str(tmp_path / "artifact"))
    info = artifact.prepare_runtime_yaml("generalml_p38_cpu_v1", training_conda_env="mlcpuv1")
    assert info.model_deployment.inference_conda_env.inference_python_version == "3.8"
    artifact.prepare_score_py("score_sklearn", "model.joblib")
    joblib.dump(classifier, tmp_path / "artifact/model.joblib")
    assert {"score.py", "runtime.yaml", "model.joblib"} <= set(artifact.files())
    with pytest.raises(ValueError, match=r"runtime\.yaml"):
        artifact.prepare_runtime_yaml("generalml_p38_cpu_v1")
    copy = ModelArtifact.from_uri(str(tmp_path / "artifact"), str(tmp_path / "copy"), "model.joblib", reload=True)
    assert copy.model.predict(iris[0].head(2)).tolist() == [0, 0]


def test_a_stub_and_a_pickle_have_scripts_too(tmp_path):
    artifact = ModelArtifact(str(tmp_path), "model.pkl")
    artifact.prepare_score_py("score-pkl")
    assert "cloudpickle" in (tmp_path / "score.py").read_text()
    artifact.prepare_score_py("score_generic.jinja2")
    assert "NotImplementedError" in (tmp_path / "score.py").read_text()
    with pytest.raises(ValueError, match="score_nothing"):
        artifact.prepare_score_py("score_nothing")


@pytest.mark.parametrize("framework", sorted({framework for framework, _ in supported()}))
def test_every_framework_has_a_usual_format(tmp_path, framework):
    ModelArtifact(str(tmp_path), "model.bin").prepare_score_py(f"score_{framework}")
    assert "def load_model" in (tmp_path / "score.py").read_text()


def test_a_schema_is_read(tmp_path, iris):
    from ads.schema import generate_schema

    generate_schema(iris[0]).to_json_file(str(tmp_path / "input_schema.json"))
    assert len(ModelArtifact(str(tmp_path)).prepare_schema("input_schema.json")) == 4


def test_the_misspelt_name_is_the_same_class():
    assert AritfactFolderStructureError is ArtifactFolderStructureError
    assert ArtifactFolderStructureError(["score.py"]).required_files == ("score.py",)
    with pytest.raises(ValueError, match="folder"):
        ModelArtifact("")
