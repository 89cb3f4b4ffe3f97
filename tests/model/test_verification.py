"""verify(): score.py as a deployment would run it, and without traces in this process."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ads.errors import ArtifactRequiredFilesError, VerificationFailed
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.generic_model import ArtifactsNotAvailableError, GenericModel
from ads.model.verification import unserializable

pytestmark = pytest.mark.usefixtures("no_service")

SCORE = """\
def load_model():
    return object()


def predict(data, model=load_model()):
    {body}
"""


@pytest.fixture
def prepared(iris, classifier, tmp_path):
    return SklearnModel(classifier, artifact_dir=str(tmp_path / "a")).prepare(X_sample=iris[0])


def edit(model, body):
    Path(model.artifact_dir, "score.py").write_text(SCORE.format(body=body))


def test_before_prepare(classifier):
    with pytest.raises(ArtifactsNotAvailableError, match="prepare"):
        SklearnModel(classifier).verify([[1, 2, 3, 4]])


@pytest.mark.parametrize("form", ["frame", "array", "list", "reordered"])
def test_every_form_of_data_gives_the_estimators_answer(prepared, iris, classifier, form):
    X = iris[0].head(4)
    forms = {
        "frame": X,
        "array": X.to_numpy(),
        "list": X.to_numpy().tolist(),
        "reordered": X[list(X.columns)[::-1]],
    }
    assert prepared.verify(forms[form])["prediction"] == classifier.predict(X).tolist()


def test_nothing_stays_in_the_process(prepared, iris):
    Path(prepared.artifact_dir, "sidecar.py").write_text("value = 7\n")
    edit(prepared, "import sidecar; return {'prediction': [sidecar.value]}")
    path, modules = list(sys.path), set(sys.modules)
    assert prepared.verify(iris[0].head(1)) == {"prediction": [7]}
    Path(prepared.artifact_dir, "sidecar.py").write_text("value = 8\n")
    assert prepared.verify(iris[0].head(1)) == {"prediction": [8]}
    assert sys.path == path
    assert not {name for name in set(sys.modules) - modules if "sidecar" in name or "score" in name}
    assert not list(Path(prepared.artifact_dir).rglob("__pycache__"))


def test_without_reload_the_loaded_script_is_used_again(prepared, iris):
    edit(prepared, "return 1")
    assert prepared.verify(iris[0]) == 1
    edit(prepared, "return 2")
    assert prepared.verify(iris[0], reload_artifacts=False) == 1
    assert prepared.verify(iris[0]) == 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import numpy; return {'prediction': numpy.zeros(2)}", r"\['prediction'\] is a numpy\.ndarray"),
        ("return {'prediction': [1, {2}]}", r"\['prediction'\]\[1\] is a builtins\.set"),
        ("return {'prediction': [float('nan')]}", r"\['prediction'\]\[0\] is nan"),
        ("return {(1, 2): 3}", "key of type tuple"),
    ],
)
def test_an_answer_that_json_cannot_carry_names_place_and_type(prepared, iris, body, message):
    edit(prepared, body)
    with pytest.raises(VerificationFailed, match=message):
        prepared.verify(iris[0].head(2))


def test_what_the_script_raises_reaches_the_caller(prepared, iris):
    edit(prepared, "raise KeyError('mine')")
    with pytest.raises(KeyError, match="mine"):
        prepared.verify(iris[0])


def test_a_syntax_error_in_the_script(prepared, iris):
    edit(prepared, "return (")
    with pytest.raises(SyntaxError):
        prepared.verify(iris[0])


def test_load_model_that_returns_nothing(prepared, iris):
    Path(prepared.artifact_dir, "score.py").write_text(
        "def load_model(): pass\ndef predict(data, model=None): return 1\n"
    )
    with pytest.raises(VerificationFailed, match="None"):
        prepared.verify(iris[0])


def test_a_script_without_predict(prepared, iris):
    Path(prepared.artifact_dir, "score.py").write_text("def load_model(): return 1\n")
    with pytest.raises(VerificationFailed, match=r"predict\(\)"):
        prepared.verify(iris[0])


def test_no_script(prepared, iris):
    Path(prepared.artifact_dir, "score.py").unlink()
    with pytest.raises(ArtifactRequiredFilesError):
        prepared.verify(iris[0])


def test_an_estimator_that_changed_since_prepare(prepared, iris):
    prepared.estimator.coef_ = -prepared.estimator.coef_.copy()
    try:
        with pytest.raises(VerificationFailed, match="prepare"):
            prepared.verify(iris[0])
    finally:
        prepared.estimator.coef_ = -prepared.estimator.coef_


def test_data_that_cannot_be_sent(prepared, iris, classifier, tmp_path):
    with pytest.raises(ValueError, match="no data"):
        prepared.verify()
    with pytest.raises(TypeError, match="int"):
        prepared.verify(5)
    with pytest.raises(NotImplementedError):
        prepared.verify(image="a.png")
    with pytest.raises(TypeError, match="content_typ"):
        prepared.verify(iris[0], content_typ="x")
    generic = GenericModel(classifier, artifact_dir=str(tmp_path / "g")).prepare()
    with pytest.raises(TypeError, match="auto_serialize_data"):
        generic.verify(iris[0])
    with pytest.raises(TypeError, match="set"):
        generic.verify({"a": {1}})
    with pytest.raises(ValueError, match="NaN"):
        generic.verify([[float("nan")]])


def test_json_changes_what_json_changes(prepared):
    edit(prepared, "return data")
    generic = GenericModel.from_model_artifact(prepared.artifact_dir, artifact_dir=prepared.artifact_dir)
    assert generic.verify({1: (2, np.int64(3))}) == {"1": [2, 3]}
    assert generic.verify("text") == "text"
    Path(prepared.artifact_dir, "score.py").write_text(SCORE.format(body="return len(data)"))
    assert generic.verify(b"\x00\x01") == 2


def test_a_generic_model_takes_lists_and_frames(iris, tmp_path):
    class Longest:
        def predict(self, rows):
            return [max(row) for row in (rows.to_numpy().tolist() if isinstance(rows, pd.DataFrame) else rows)]

    model = GenericModel(Longest(), artifact_dir=str(tmp_path / "a")).prepare(X_sample=iris[0])
    assert model.verify([[1, 2, 0, 0], [4, 3, 0, 0]]) == {"prediction": [2, 4]}
    assert model.verify(iris[0].head(2), auto_serialize_data=True) == {"prediction": [5.1, 4.9]}


def test_where_it_cannot_be_written():
    assert unserializable({"a": [1, "x", None, True, 1.5, np.float64(2.0)]}) is None
    assert unserializable(np.int64(1)) == "the answer is a numpy.int64"
