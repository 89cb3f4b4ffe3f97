"""Every predictor of scikit-learn's own catalogue: ``score.py`` answers what the estimator answers."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import RegressorMixin
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

from ads.model.framework.sklearn_model import SklearnModel

LOGISTIC = LogisticRegression(max_iter=500)
TWO_CLASSIFIERS = [("a", LOGISTIC), ("b", LogisticRegression(C=0.1, max_iter=500))]
TWO_REGRESSORS = [("a", Ridge()), ("b", LinearRegression())]
GRID = {"C": [0.5, 1.0]}

ARGUMENTS: dict[str, dict[str, Any]] = {
    "ClassifierChain": {"estimator": LOGISTIC},
    "FixedThresholdClassifier": {"estimator": LOGISTIC},
    "FrozenEstimator": {"estimator": LogisticRegression(max_iter=500)},
    "GridSearchCV": {"estimator": LOGISTIC, "param_grid": GRID, "cv": 2},
    "HalvingGridSearchCV": {"estimator": LOGISTIC, "param_grid": GRID, "cv": 2},
    "HalvingRandomSearchCV": {"estimator": LOGISTIC, "param_distributions": GRID, "cv": 2},
    "HistGradientBoostingClassifier": {"max_iter": 3},
    "HistGradientBoostingRegressor": {"max_iter": 3},
    "LocalOutlierFactor": {"novelty": True},
    "LogisticRegressionCV": {"Cs": 2, "cv": 2, "use_legacy_attributes": False},
    "MultiOutputClassifier": {"estimator": DecisionTreeClassifier()},
    "MultiOutputRegressor": {"estimator": Ridge()},
    "OneVsOneClassifier": {"estimator": LOGISTIC},
    "OneVsRestClassifier": {"estimator": LOGISTIC},
    "OutputCodeClassifier": {"estimator": LOGISTIC},
    "Pipeline": {"steps": [("scale", StandardScaler()), ("model", LOGISTIC)]},
    "RFE": {"estimator": LOGISTIC},
    "RFECV": {"estimator": LOGISTIC, "cv": 2},
    "RandomizedSearchCV": {"estimator": LOGISTIC, "param_distributions": GRID, "n_iter": 2, "cv": 2},
    "RegressorChain": {"estimator": Ridge()},
    "SelfTrainingClassifier": {"estimator": LOGISTIC},
    "StackingClassifier": {"estimators": TWO_CLASSIFIERS, "cv": 2},
    "StackingRegressor": {"estimators": TWO_REGRESSORS, "cv": 2},
    "TunedThresholdClassifierCV": {"estimator": LOGISTIC, "cv": 2},
    "VotingClassifier": {"estimators": TWO_CLASSIFIERS},
    "VotingRegressor": {"estimators": TWO_REGRESSORS},
}
"""What estimators are made with that need arguments, or that take long without them."""

QUICK = {"n_estimators": 3, "cv": 2}
"""What every estimator is made with that knows these arguments."""

EXCEPTIONS: dict[str, str] = {}
"""Predictors that can't be tried, and why. There are none."""

PREDICTORS = {name: kind for name, kind in all_estimators() if hasattr(kind, "predict") or name == "FrozenEstimator"}
OTHERS = {name: kind for name, kind in all_estimators() if name not in PREDICTORS}


def table() -> tuple[pd.DataFrame, np.ndarray]:
    """Return 50 rows of four columns, and a species for each."""
    data = load_iris(as_frame=True)
    return data.data.iloc[::3].reset_index(drop=True), data.target.to_numpy()[::3]


def fitted(name: str) -> tuple[Any, Any]:
    """Return the estimator trained on the first target that it takes, and its input."""
    x, species = table()
    if name == "IsotonicRegression":
        return IsotonicRegression().fit(x.iloc[:, 2], species), x.iloc[:, 2]
    amount = x.to_numpy() @ [2.0, 1.0, 0.5, 0.25] + np.sin(np.arange(len(x)))
    flags = np.c_[species == 0, species == 2].astype(int)
    targets = {
        "texts": np.array(["setosa", "versicolor", "virginica"])[species],
        "two classes": np.array(["no", "yes"])[(species == 0).astype(int)],
        "numbers": amount,
        "whole numbers": species,
        "pairs of numbers": np.c_[amount, species],
        "flags": flags,
    }
    kind = PREDICTORS[name]
    if issubclass(kind, RegressorMixin):
        del targets["texts"], targets["two classes"]
    arguments = dict(ARGUMENTS.get(name, {}))
    known = inspect.signature(kind).parameters
    arguments.update({key: value for key, value in QUICK.items() if key in known and key not in arguments})
    refused = []
    for target, y in targets.items():
        estimator = kind(**arguments)
        if name == "FrozenEstimator":
            estimator.estimator.fit(x, y)
        try:
            return estimator.fit(x, y), x
        except (
            ValueError,
            TypeError,
            IndexError,
        ) as error:  # each refuses in its own way
            refused.append(f"{target}: {error}")
    raise AssertionError(f"{name} takes none of the targets: {refused}")


@pytest.mark.parametrize("name", sorted(PREDICTORS))
def test_the_endpoint_answers_what_the_estimator_answers(name: str, tmp_path: Path) -> None:
    if name in EXCEPTIONS:
        pytest.skip(EXCEPTIONS[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of estimators that don't converge on 50 rows, or are deprecated
        estimator, x = fitted(name)
        model = SklearnModel(estimator, artifact_dir=str(tmp_path / "a")).prepare(X_sample=x)
        assert (tmp_path / "a" / "sample.json").exists()
        expected = estimator.predict(x[:7])
        for payload in (x[:7], x[:7].to_numpy(), x[:7].to_numpy().tolist()):
            same(model.verify(payload)["prediction"], expected)


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_what_can_not_predict_is_refused_at_the_door(name: str) -> None:
    """Transformers, and clusterings that know their training data only (DBSCAN, OPTICS and the like)."""
    estimator = OTHERS[name].__new__(OTHERS[name])
    with pytest.raises(TypeError, match=r"no predict|not a scikit-learn estimator"):
        SklearnModel(estimator)


def same(found: Any, expected: Any) -> None:
    """Numbers may differ in the last bits: how an array lies in memory decides in which order they are added."""
    expected = expected.toarray() if hasattr(expected, "toarray") else np.asarray(expected)
    if expected.dtype.kind == "f":
        np.testing.assert_allclose(np.array(found), expected, rtol=1e-9, atol=1e-12)
    else:
        assert found == expected.tolist()


LINES = ["the match was won", "a goal in the match", "shares rose again", "the market and shares"]


def sparse_predictions() -> tuple[Any, Any]:
    from scipy.sparse import csr_matrix

    x, species = table()
    flags = csr_matrix(np.c_[species == 0, species == 2].astype(int))
    return OneVsRestClassifier(LOGISTIC).fit(x, flags), x


def sparse_input() -> tuple[Any, Any]:
    from scipy.sparse import csr_matrix

    x, species = table()
    return LOGISTIC.fit(csr_matrix(x.to_numpy()), species), csr_matrix(x.to_numpy())


def several_outputs() -> tuple[Any, Any]:
    x, species = table()
    targets = pd.DataFrame({"kind": np.array(["a", "b", "c"])[species], "wide": np.where(x.iloc[:, 3] > 1, "y", "n")})
    return MultiOutputClassifier(DecisionTreeClassifier(random_state=0)).fit(x, targets), x


def labels_as_objects() -> tuple[Any, Any]:
    x, species = table()
    return DummyClassifier(strategy="uniform", random_state=0).fit(x, species.astype(object)), x


def truths() -> tuple[Any, Any]:
    x, species = table()
    return LOGISTIC.fit(x, species == 1), x


def texts() -> tuple[Any, Any]:
    return make_pipeline(TfidfVectorizer(), LOGISTIC).fit(LINES, ["sport", "sport", "money", "money"]), LINES


def texts_in_a_series() -> tuple[Any, Any]:
    lines = pd.Series(LINES, name="line")
    return make_pipeline(TfidfVectorizer(), LOGISTIC).fit(lines, ["sport", "sport", "money", "money"]), lines


def texts_and_numbers() -> tuple[Any, Any]:
    frame = pd.DataFrame({"line": LINES, "length": [len(line) for line in LINES], "city": ["a", "b", None, "a"]})
    columns = make_column_transformer(
        (TfidfVectorizer(), "line"), (OneHotEncoder(handle_unknown="ignore"), ["city"]), remainder="passthrough"
    )
    return make_pipeline(columns, LOGISTIC).fit(frame, ["sport", "sport", "money", "money"]), frame


def grid_of_lists() -> tuple[Any, Any]:
    x, species = table()
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    grid = {"logisticregression__C": [0.1, 1.0], "standardscaler": [StandardScaler(), "passthrough"]}
    return GridSearchCV(pipeline, [grid], cv=2).fit(x, species), x


def search_over_arrays() -> tuple[Any, Any]:
    x, species = table()
    search = RandomizedSearchCV(LogisticRegression(max_iter=500), {"C": np.logspace(-1, 1, 3)}, n_iter=2, cv=2)
    return search.fit(x.to_numpy(), species), x.to_numpy()


def clusters_of_integers() -> tuple[Any, Any]:
    points = np.array([[0, 0], [0, 1], [9, 9], [9, 8]])
    return KMeans(2, random_state=0, n_init=1).fit(points), points


def one_column() -> tuple[Any, Any]:
    x, _ = table()
    return LinearRegression().fit(x.iloc[:, [2]], x.iloc[:, 3]), x.iloc[:, [2]]


def numbers_as_a_list() -> tuple[Any, Any]:
    return IsotonicRegression(out_of_bounds="clip").fit([1.0, 2.0, 3.0], [1.0, 1.5, 4.0]), np.array([1.0, 2.5, 9.0])


def texts_in_an_array() -> tuple[Any, Any]:
    cities = np.array([["a"], ["b"], ["a"]], dtype=object)
    return make_pipeline(OneHotEncoder(), LOGISTIC).fit(cities, [0, 1, 0]), cities


def lists_of_lists() -> tuple[Any, Any]:
    return LinearRegression().fit([[0, 1], [1, 2], [2, 5]], [0, 1, 2]), [[0, 1], [1, 2], [2, 5]]


@pytest.mark.parametrize(
    "case",
    [
        sparse_predictions,
        sparse_input,
        several_outputs,
        labels_as_objects,
        truths,
        texts,
        texts_in_a_series,
        texts_and_numbers,
        grid_of_lists,
        search_over_arrays,
        clusters_of_integers,
        one_column,
        numbers_as_a_list,
        texts_in_an_array,
        lists_of_lists,
    ],
    ids=lambda case: case.__name__,
)
def test_models_of_every_kind_of_input_and_output(case: Any, tmp_path: Path) -> None:
    estimator, x = case()
    model = SklearnModel(estimator, artifact_dir=str(tmp_path / "a"), model_save_serializer="cloudpickle")
    model.prepare(X_sample=x)
    assert (tmp_path / "a" / "sample.json").exists()
    assert (tmp_path / "a" / "input_schema.json").exists()
    rows = x[:3].tolist() if getattr(getattr(x, "dtype", None), "hasobject", False) else x[:3]
    same(model.verify(rows)["prediction"], estimator.predict(x[:3]))
