"""requirements.txt follows what the artifact's files need."""

import joblib
import pytest

from ads.model.dependencies import add_missing
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.generic_model import GenericModel

pytestmark = pytest.mark.usefixtures("no_service")


def names(folder):
    lines = (folder / "requirements.txt").read_text().splitlines()
    return {line.partition("==")[0] for line in lines if not line.startswith("#")}


def test_an_estimator_names_its_libraries(classifier, tmp_path):
    SklearnModel(classifier, artifact_dir=str(tmp_path / "a")).prepare()
    assert {"scikit-learn", "joblib", "numpy", "pandas", "scipy"} <= names(tmp_path / "a")


def test_an_import_that_is_added_to_the_script_is_added(classifier, tmp_path):
    folder = tmp_path / "a"
    SklearnModel(classifier, artifact_dir=str(folder)).prepare()
    assert "httpx" not in names(folder)
    before = (folder / "requirements.txt").read_text().splitlines()
    (folder / "score.py").write_text("import httpx\n" + (folder / "score.py").read_text())
    add_missing(folder)
    assert "httpx" in names(folder)
    assert set(before) <= set((folder / "requirements.txt").read_text().splitlines())


def test_a_model_file_that_is_written_later_is_added(classifier, tmp_path):
    folder = tmp_path / "a"
    GenericModel(artifact_dir=str(folder), serialize=False).prepare(model_file_name="model.joblib")
    assert "scikit-learn" not in names(folder)
    joblib.dump(classifier, folder / "model.joblib")
    add_missing(folder)
    assert "scikit-learn" in names(folder)


def test_a_users_own_file_stays(classifier, tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "requirements.txt").write_text("six==1.17.0\n")
    GenericModel(artifact_dir=str(folder), serialize=False).prepare(model_file_name="model.joblib")
    add_missing(folder)
    assert (folder / "requirements.txt").read_text() == "six==1.17.0\n"


def test_modules_that_are_named_are_installed_with_the_model(tmp_path, classifier):
    from ads.model.generic_model import GenericModel

    model = GenericModel(classifier, artifact_dir=str(tmp_path / "artifact"))
    model.prepare(misc_imports=["yaml"])
    assert "PyYAML==" in (tmp_path / "artifact" / "requirements.txt").read_text()
