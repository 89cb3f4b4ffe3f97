"""A linear model that is asked for its sum alone says what it says as a whole, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from ads.worker.linear import linear_method

X, Y = make_classification(400, 6, n_informative=4, n_classes=3, random_state=0)
CLASSIFIERS = [LogisticRegression(), RidgeClassifier(), SGDClassifier(random_state=0), LinearSVC(random_state=0)]
REGRESSORS = [LinearRegression(), LinearRegression(fit_intercept=False), Ridge(), Lasso(0.01)]


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize(
    "labels", [Y, np.array(["no", "perhaps", "yes"])[Y], Y > 0, Y * 1.5], ids=["numbers", "texts", "two", "floats"]
)
def test_the_answers_are_the_classifiers_own(model: Any, labels: Any) -> None:
    if labels.dtype.kind == "f":
        labels = labels.astype(str).astype(object)
    model.fit(X[:200], labels[:200])
    _same(model)


@pytest.mark.parametrize("model", REGRESSORS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("target", [X @ range(6), X @ np.ones((6, 2))], ids=["one target", "two targets"])
def test_the_answers_are_the_regressors_own(model: Any, target: Any) -> None:
    model.fit(X[:200], target[:200])
    _same(model)


def _same(model: Any) -> None:
    method = linear_method(model, [X[:5], X[:1]])
    assert method is not None
    for array in (X, X[200:], X[300:301], X * 1e150):
        wanted, found = model.predict(array), method(array)
        assert found.dtype == wanted.dtype
        assert found.tolist() == wanted.tolist()


def test_what_is_not_plainly_such_a_model_is_left_alone() -> None:
    class Own(LogisticRegression):
        def decision_function(self, X: Any) -> Any:
            return -super().decision_function(X)

    patched = LogisticRegression().fit(X, Y)
    patched.predict = lambda X: np.zeros(len(X))
    single = LogisticRegression().fit(X.astype("float32"), Y)
    single.coef_ = single.coef_.astype("float32")
    for model in (
        Own().fit(X, Y),
        patched,
        single,
        SVC().fit(X, Y),
        StandardScaler().fit(X),
        LogisticRegression(),
    ):
        assert linear_method(model, [X[:5]]) is None
