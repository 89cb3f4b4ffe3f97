"""SklearnModel: which estimators it takes, and the tutorial's tasks 1 to 3."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ads.common.model_metadata import UseCaseType
from ads.model.framework.sklearn_model import SklearnModel

ARTIFACT = {
    ".model-ignore",
    "input_schema.json",
    "model.joblib",
    "output_schema.json",
    "requirements.txt",
    "runtime.yaml",
    "sample.json",
    "score.py",
    "score_payload.py",
    "score_recipe.json",
}


class Mine(ClassifierMixin, BaseEstimator):
    """A user's own estimator."""

    def fit(self, X, y):  # noqa: ARG002
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


@pytest.mark.parametrize("make", [Mine, lambda: make_pipeline(StandardScaler(), LogisticRegression())])
def test_subclasses_and_pipelines_are_taken(make):
    assert SklearnModel(make()).framework == "scikit-learn"


@pytest.mark.parametrize("estimator", [object(), "model", None, LinearRegression, print])
def test_anything_else_is_refused_by_name(estimator):
    with pytest.raises(TypeError) as caught:
        SklearnModel(estimator)
    if not isinstance(estimator, type):
        assert "GenericModel" in str(caught.value)


def test_an_estimator_without_predict_is_refused_at_the_door():
    with pytest.raises(TypeError, match="no predict"):
        SklearnModel(StandardScaler())


def test_an_unknown_keyword_is_named_with_the_closest_one(classifier, tmp_path):
    model = SklearnModel(classifier, artifact_dir=str(tmp_path / "a"))
    with pytest.raises(TypeError, match="sample_rows"):
        model.prepare(sample_row=3)


def test_the_tutorial_until_the_local_test(iris, classifier, tmp_path):
    X, y = iris
    with (tmp_path / "model.pkl").open("wb") as file:
        pickle.dump(classifier, file)
    with (tmp_path / "model.pkl").open("rb") as file:
        loaded = pickle.load(file)

    model = SklearnModel(estimator=loaded, artifact_dir=str(tmp_path / "artifact"))
    model.prepare(
        inference_conda_env="generalml_p37_cpu_v1",
        X_sample=X.iloc[:100],
        y_sample=y.iloc[:100],
        use_case_type=UseCaseType.MULTINOMIAL_CLASSIFICATION,
    )

    assert {path.name for path in (tmp_path / "artifact").iterdir()} == ARTIFACT
    environment = model.runtime_info.model_deployment.inference_conda_env
    assert environment.inference_env_slug == "generalml_p37_cpu_v1"
    assert environment.inference_python_version.startswith("3.7")
    assert model.schema_input.keys == list(X.columns)
    assert model.metadata_taxonomy["UseCaseType"].value == "multinomial_classification"
    assert model.metadata_taxonomy["Algorithm"].value == "LogisticRegression"
    assert model.metadata_taxonomy["ArtifactTestResults"].value["runtime_env_path"]["success"] is True
    assert model.metadata_custom["SlugName"].value == "generalml_p37_cpu_v1"
    assert "input_schema.json" in model.metadata_custom["ModelArtifacts"].value
    assert model.verify(X.iloc[:10]) == {"prediction": classifier.predict(X.iloc[:10]).tolist()}


def test_no_path_of_this_machine_is_in_the_artifact(iris, classifier, tmp_path):
    folder = tmp_path / "a"
    SklearnModel(classifier, artifact_dir=str(folder)).prepare(X_sample=iris[0], y_sample=iris[1])
    for path in folder.iterdir():
        assert str(tmp_path).encode() not in path.read_bytes(), path.name


def test_without_a_conda_environment_the_running_one_is_recorded(iris, classifier, tmp_path):
    folder = tmp_path / "a"
    model = SklearnModel(classifier, artifact_dir=str(folder)).prepare(X_sample=iris[0])
    assert "scikit-learn==" in (folder / "requirements.txt").read_text()
    assert not (folder / "output_schema.json").exists()
    assert model.introspect()["Result"].eq("Failed").sum() == 0


def test_the_sample_holds_the_estimators_own_answers(iris, classifier, tmp_path):
    X = iris[0]
    folder = tmp_path / "a"
    model = SklearnModel(classifier, artifact_dir=str(folder)).prepare(X_sample=X, sample_rows=3)
    sample = json.loads((folder / "sample.json").read_text())
    assert sample["expected_from"] == "estimator"
    assert sample["cases"][0]["answer"] == {"prediction": classifier.predict(X.iloc[:3]).tolist()}
    model.prepare(X_sample=X, sample_rows=0, force_overwrite=True)
    assert not (folder / "sample.json").exists()
    model.verify(X.iloc[:2])
    assert not (folder / "sample.json").exists()


def test_the_first_verify_gives_the_sample_when_prepare_had_none(iris, classifier, tmp_path):
    folder = tmp_path / "a"
    model = SklearnModel(classifier, artifact_dir=str(folder)).prepare()
    assert not (folder / "sample.json").exists()
    model.verify(iris[0])
    sample = json.loads((folder / "sample.json").read_text())
    assert len(sample["cases"][0]["answer"]["prediction"]) == 5
    assert sample["expected_from"] == "estimator"


@pytest.mark.parametrize(
    "estimator",
    [
        GridSearchCV(LogisticRegression(max_iter=1000), {"C": [0.5, 1.0]}, cv=2),
        make_pipeline(StandardScaler(), RandomForestRegressor(n_estimators=3, random_state=0)),
    ],
)
def test_search_objects_and_pipelines_go_all_the_way(iris, estimator, tmp_path):
    X, y = iris
    model = SklearnModel(estimator.fit(X, y), artifact_dir=str(tmp_path / "a"))
    model.prepare(X_sample=X.head(3), y_sample=y.head(3))
    assert model.verify(X.head(3))["prediction"] == estimator.predict(X.head(3)).tolist()


def test_frames_with_text_dates_and_gaps_are_prepared_and_verified(tmp_path):
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

    X = pd.DataFrame(
        {
            "city": ["a", "b", "a", "c"],
            "age": [1.0, None, 3.0, 0.1234567890123456],
            "date": pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"]),
        }
    )
    pipeline = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), ["city"]),
            (SimpleImputer(), ["age"]),
            (FunctionTransformer(_day), ["date"]),
        ),
        LinearRegression(),
    ).fit(X, [1, 2, 3, 4])
    model = SklearnModel(pipeline, artifact_dir=str(tmp_path / "a"), model_save_serializer="cloudpickle")
    model.prepare(X_sample=X)
    assert model.model_file_name == "model.pkl"
    np.testing.assert_allclose(model.verify(X)["prediction"], pipeline.predict(X))


def _day(frame):
    return frame.apply(lambda column: column.dt.day)
