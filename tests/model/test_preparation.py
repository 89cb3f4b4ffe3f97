"""prepare(): every bad input is refused before anything is written; a user's own files stay."""

import json
import logging
from pathlib import Path

import pandas as pd
import pytest

from ads.errors import ChangesNotCommitted
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.generic_model import GenericModel
from ads.model.serialization import remove_replaced

pytestmark = pytest.mark.usefixtures("no_service")

HAND_WRITTEN = """\
import os

import joblib

model_file_name = "model.joblib"


def load_model():
    with open(os.path.join(os.path.dirname(os.path.realpath(__file__)), model_file_name), "rb") as mfile:
        return joblib.load(mfile)


def predict(data, model=load_model()):
    return model.predict(data).tolist()
"""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inference_conda_env": "generalml_p38_cpu_v9"}, "generalml_p38_cpu"),
        ({"use_case_type": "binary_clasification"}, "binary_classification"),
        ({"X_sample": pd.DataFrame([[1, 2]], columns=["a", "a"])}, "a"),
        ({"model_file_name": "../model.joblib"}, "plain file name"),
        ({"sample_rows": -1}, "sample_rows"),
        ({"inference_python_version": 3.10}, "quotes"),
        ({"score_py_uri": "no/such/score.py"}, "no file"),
    ],
)
def test_bad_input_leaves_no_folder_behind(classifier, tmp_path, arguments, message):
    folder = tmp_path / "a"
    model = SklearnModel(classifier, artifact_dir=str(folder))
    with pytest.raises(ValueError, match=message):
        model.prepare(**arguments)
    assert not folder.exists()
    assert model.model_artifact is None


@pytest.mark.parametrize("outputs", ["probabilities", [], ["predict", "score"], [["predict"]]])
def test_outputs_that_are_not_known_are_refused_before_anything_is_written(classifier, tmp_path, outputs):
    with pytest.raises(ValueError, match="outputs="):
        SklearnModel(classifier, artifact_dir=str(tmp_path / "a")).prepare(outputs=outputs)
    assert not (tmp_path / "a").exists()


def test_probabilities_of_an_estimator_without_them_are_refused(iris, tmp_path):
    from sklearn.linear_model import LinearRegression

    model = SklearnModel(LinearRegression().fit(*iris), artifact_dir=str(tmp_path / "a"))
    with pytest.raises(ValueError, match="predict_proba, which a LinearRegression doesn't have"):
        model.prepare(outputs="predict_proba")


def test_outputs_are_recorded_and_reproduced(iris, classifier, tmp_path):
    X = iris[0].head(2)
    labels, chances = classifier.predict(X).tolist(), classifier.predict_proba(X).tolist()
    model = SklearnModel(classifier, artifact_dir=str(tmp_path / "a"))
    model.prepare(X_sample=X, outputs=["predict", "predict_proba"])
    both = {"prediction": labels, "predict_proba": chances}
    assert json.loads((tmp_path / "a" / "sample.json").read_text())["cases"][0]["answer"] == both
    assert json.loads((tmp_path / "a" / "score_recipe.json").read_text())["recipe"]["outputs"] == [
        "predict",
        "predict_proba",
    ]
    assert model.verify(X) == both
    assert model.verify(X, outputs="predict") == {"prediction": labels}
    assert model.verify(X, outputs="predict_proba") == {"prediction": chances}
    assert model.verify(X.to_numpy().tolist(), auto_serialize_data=False, outputs="predict") == {"prediction": labels}
    with pytest.raises(ValueError, match="outputs="):
        model.verify(X, outputs="score")
    again = SklearnModel.from_model_artifact(str(tmp_path / "a"), artifact_dir=str(tmp_path / "b"))
    assert again.verify(X) == both


def test_an_artifact_dir_that_is_a_file(classifier, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match="is a file"):
        SklearnModel(classifier, artifact_dir=str(tmp_path / "file"))
    assert (tmp_path / "file").read_text() == "mine"


def test_an_artifact_dir_that_became_a_file(classifier, tmp_path):
    model = SklearnModel(classifier, artifact_dir=str(tmp_path / "a"))
    (tmp_path / "a").write_text("mine")
    with pytest.raises(ValueError, match="is a file"):
        model.prepare()
    assert (tmp_path / "a").read_text() == "mine"


def test_an_address_as_artifact_dir(classifier):
    with pytest.raises(ValueError, match="upload_artifact"):
        SklearnModel(classifier, artifact_dir="oci://bucket@namespace/folder")


def test_existing_files_need_force_overwrite(classifier, tmp_path):
    folder = tmp_path / "a"
    SklearnModel(classifier, artifact_dir=str(folder)).prepare()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ValueError, match="force_overwrite"):
        SklearnModel(classifier, artifact_dir=str(folder)).prepare(sample_rows=1)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    SklearnModel(classifier, artifact_dir=str(folder)).prepare(force_overwrite=True)


def test_another_format_leaves_no_older_model_file_behind(iris, classifier, tmp_path):
    folder = tmp_path / "a"
    SklearnModel(classifier, artifact_dir=str(folder)).prepare()
    (folder / "weights.joblib").write_text("mine")
    model = SklearnModel(classifier, artifact_dir=str(folder), model_save_serializer="cloudpickle")
    model.prepare(X_sample=iris[0].head(), force_overwrite=True)
    assert {path.name for path in folder.iterdir() if path.suffix in {".joblib", ".pkl"}} == {
        "model.pkl",
        "weights.joblib",
    }
    assert model.verify(iris[0].head(1)) == {"prediction": [0]}
    model.prepare(model_file_name="churn.pkl", force_overwrite=True)
    assert not (folder / "model.pkl").exists()
    assert (folder / "churn.pkl").exists()


@pytest.mark.parametrize("prepared_before", ["serialize=False", "no estimator"])
def test_another_format_leaves_a_model_file_of_the_user(classifier, tmp_path, prepared_before):
    import joblib

    folder = tmp_path / "a"
    folder.mkdir()
    joblib.dump(classifier, folder / "mine.joblib")
    if prepared_before == "serialize=False":
        own = GenericModel(artifact_dir=str(folder), serialize=False)
    else:
        own = GenericModel(artifact_dir=str(folder), model_save_serializer="joblib")
    own.prepare(model_file_name="mine.joblib")
    SklearnModel(classifier, artifact_dir=str(folder), model_save_serializer="cloudpickle").prepare(
        force_overwrite=True
    )
    assert joblib.load(folder / "mine.joblib").classes_.tolist() == [0, 1, 2]
    assert (folder / "model.pkl").exists()


@pytest.mark.parametrize("name", [".", "..", "../kept.txt", "data/part", "runtime.yaml", "model.pkl", "/", "", 3])
def test_a_damaged_recipe_removes_nothing_when_the_format_changes(classifier, tmp_path, name):
    (tmp_path / "kept.txt").write_text("kept")
    folder = tmp_path / "a"
    SklearnModel(classifier, artifact_dir=str(folder)).prepare()
    (folder / "data").mkdir()
    (folder / "data/part").write_text("kept")
    record = json.loads((folder / "score_recipe.json").read_text())
    record["recipe"]["model_file_name"] = name
    (folder / "score_recipe.json").write_text(json.dumps(record))
    before = {path.name for path in folder.iterdir()}
    model = SklearnModel(classifier, artifact_dir=str(folder), model_save_serializer="cloudpickle")
    model.prepare(force_overwrite=True)
    assert {path.name for path in folder.iterdir()} == before | {"model.pkl"}
    assert (tmp_path / "kept.txt").read_text() == (folder / "data/part").read_text() == "kept"


def test_a_generated_model_folder_goes_and_a_link_loses_only_its_name(tmp_path):
    folder = tmp_path / "a"
    (folder / "model/variables").mkdir(parents=True)
    (folder / "model.onnx").write_text("new")
    remove_replaced(folder, "model", "model.onnx")
    assert [path.name for path in folder.iterdir()] == ["model.onnx"]
    (tmp_path / "elsewhere").mkdir()
    (folder / "model").symlink_to(tmp_path / "elsewhere")
    remove_replaced(folder, "model", "model.onnx")
    assert [path.name for path in folder.iterdir()] == ["model.onnx"]
    assert (tmp_path / "elsewhere").is_dir()
    (folder / "older.pt").write_text("weights")
    (folder / "older_structure.pkl").write_text("their network")
    remove_replaced(folder, "older.pt", "model.onnx")
    assert [path.name for path in folder.iterdir()] == ["model.onnx"]


def test_a_model_that_cannot_be_pickled_leaves_the_older_artifact_whole(iris, classifier, tmp_path):
    folder = tmp_path / "a"
    SklearnModel(classifier, artifact_dir=str(folder)).prepare()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    broken = classifier.__class__(max_iter=1000).fit(*iris)
    broken.lock = (item for item in ())
    with pytest.raises(ValueError, match="can't be stored"):
        SklearnModel(broken, artifact_dir=str(folder)).prepare(force_overwrite=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_object_without_predict(tmp_path):
    with pytest.raises(TypeError, match="no predict"):
        GenericModel(object(), artifact_dir=str(tmp_path / "a")).prepare()
    assert not (tmp_path / "a").exists()


def test_no_estimator(tmp_path):
    with pytest.raises(ValueError, match="no estimator"):
        GenericModel(artifact_dir=str(tmp_path / "a")).prepare()
    with pytest.raises(ValueError, match="no estimator"):
        GenericModel(artifact_dir=str(tmp_path / "a")).serialize_model()


def test_a_stale_manifest_is_removed(classifier, tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "model_artifact_manifest.json").write_text("{}")
    SklearnModel(classifier, artifact_dir=str(folder)).prepare()
    assert not (folder / "model_artifact_manifest.json").exists()


def test_a_hand_written_score_is_kept_and_verified(iris, classifier, tmp_path):
    import joblib

    X = iris[0]
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "score.py").write_text(HAND_WRITTEN)
    joblib.dump(classifier, folder / "model.joblib")
    model = GenericModel(artifact_dir=str(folder), serialize=False)
    model.prepare(model_file_name="model.joblib", force_overwrite=True)
    assert (folder / "score.py").read_text() == HAND_WRITTEN
    assert "scikit-learn==" in (folder / "requirements.txt").read_text()
    rows = X.head(3).to_numpy().tolist()
    with pytest.warns(UserWarning, match="feature names"):
        answer = model.verify(rows)
    assert answer == classifier.predict(X.head(3)).tolist()
    sample = json.loads((folder / "sample.json").read_text())
    assert sample["expected_from"] == "score.py"
    assert sample["cases"][0]["body"] == rows


def test_without_serialize_and_score_a_stub_and_the_next_steps(tmp_path):
    model = GenericModel(artifact_dir=str(tmp_path / "a"), serialize=False)
    with pytest.raises(NotImplementedError, match="model_file_name"):
        model.prepare()
    model.prepare(model_file_name="model.bin")
    assert "def load_model" in (tmp_path / "a" / "score.py").read_text()
    summary = model.summary_status().reset_index().set_index("Details")
    assert summary.loc["Serialized model", "Status"] == "Needs Action"
    assert "model.bin" in summary.loc["Serialized model", "Actions Needed"]
    assert "load_model" in summary.loc["Generated score.py", "Actions Needed"]


def test_score_py_uri_becomes_score_py(classifier, tmp_path):
    (tmp_path / "own.py").write_text(HAND_WRITTEN)
    model = SklearnModel(classifier, artifact_dir=str(tmp_path / "a"))
    model.prepare(score_py_uri=str(tmp_path / "own.py"))
    assert (tmp_path / "a" / "score.py").read_text() == HAND_WRITTEN


def test_a_hand_written_score_gets_no_file_beside_it(classifier, tmp_path):
    (tmp_path / "own.py").write_text(HAND_WRITTEN)
    model = SklearnModel(classifier, artifact_dir=str(tmp_path / "a")).prepare()
    assert (tmp_path / "a" / "score_payload.py").exists()
    model.prepare(score_py_uri=str(tmp_path / "own.py"), force_overwrite=True)
    assert not (tmp_path / "a" / "score_payload.py").exists()


def test_an_edited_copy_of_a_composed_score_brings_the_file_beside_it(iris, classifier, tmp_path):
    SklearnModel(classifier, artifact_dir=str(tmp_path / "a")).prepare(X_sample=iris[0])
    script = tmp_path / "a" / "score.py"
    script.write_text(script.read_text().replace("return {name: ", 'return {"my " + name: '))
    model = SklearnModel(classifier, artifact_dir=str(tmp_path / "b"))
    model.prepare(X_sample=iris[0], score_py_uri=str(script))
    assert model.verify(iris[0].head(1)) == {"my prediction": [0]}


def test_replacing_an_edited_score_shows_what_went(classifier, tmp_path, caplog):
    folder = tmp_path / "a"
    model = SklearnModel(classifier, artifact_dir=str(folder)).prepare()
    (folder / "score.py").write_text((folder / "score.py").read_text() + "\n# my own line\n")
    with caplog.at_level(logging.WARNING):
        model.prepare(force_overwrite=True)
    assert "my own line" in caplog.text


def test_uncommitted_changes_are_refused_when_asked(classifier, tmp_path):
    import subprocess

    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    (tmp_path / "train.py").write_text("x = 1\n")
    model = SklearnModel(classifier, artifact_dir=str(tmp_path / "a"))
    with pytest.raises(ChangesNotCommitted, match=r"train\.py"):
        model.prepare(training_script_path=str(tmp_path / "train.py"), ignore_pending_changes=False)
    assert not (tmp_path / "a").exists()


def test_images_as_sample_and_wide_frames_still_prepare(classifier, tmp_path):
    import numpy as np

    wide = pd.DataFrame(np.zeros((2, 30)), columns=[f"c{i}" for i in range(30)])
    model = SklearnModel(classifier, artifact_dir=str(tmp_path / "a")).prepare(X_sample=wide, max_col_num=10)
    assert not (tmp_path / "a" / "input_schema.json").exists()
    assert model.schema_input is None


def test_a_custom_serializer_gets_a_stub(tmp_path, classifier):
    class Mine:
        model_file_suffix = "mine"

        def serialize(self, estimator, model_path, **_):
            Path(model_path).write_text(type(estimator).__name__)

    model = GenericModel(classifier, artifact_dir=str(tmp_path / "a"), model_save_serializer=Mine())
    model.prepare()
    assert (tmp_path / "a" / "model.mine").read_text() == "LogisticRegression"


def test_print_and_repr(classifier, tmp_path):
    import yaml

    folder = str(tmp_path / "a")
    model = SklearnModel(classifier, artifact_dir=folder)
    assert repr(model) == f"SklearnModel(algorithm='LogisticRegression', artifact_dir={folder!r})"
    model.prepare()
    shown = yaml.safe_load(str(model))
    assert list(shown) == ["algorithm", "artifact_dir", "framework", "model_deployment_id", "model_id"]
    (files,) = shown["artifact_dir"][folder]
    assert {"score.py", "runtime.yaml", "model.joblib"} <= set(files)
