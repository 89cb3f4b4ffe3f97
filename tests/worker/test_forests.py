"""A forest that is asked tree by tree says what it says as a whole, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)

from ads.worker.forests import forest_method

X, Y = make_classification(400, 6, n_informative=4, n_classes=3, random_state=0)
FORESTS = [
    RandomForestClassifier(20, random_state=0),
    RandomForestClassifier(7, random_state=0, class_weight="balanced", criterion="entropy", max_depth=3),
    ExtraTreesClassifier(20, random_state=0),
    RandomForestRegressor(20, random_state=0),
    ExtraTreesRegressor(1, random_state=0),
]


@pytest.mark.parametrize("forest", FORESTS, ids=lambda forest: type(forest).__name__)
@pytest.mark.parametrize("labels", [Y, np.array(["no", "perhaps", "yes"])[Y]], ids=["numbers", "texts"])
def test_the_answers_are_the_forests_own(forest: Any, labels: Any) -> None:
    if labels.dtype.kind == "U" and "Regressor" in type(forest).__name__:
        labels = Y * 0.1
    forest.fit(X[:200], labels[:200])
    method = forest_method(forest, [X[:5], X[:1]])
    assert method is not None
    for array in (X, X[200:], X[300:301]):
        wanted = forest.predict(array)
        found = method(array)
        assert found.dtype == wanted.dtype
        assert found.tolist() == wanted.tolist()


def test_a_number_beyond_single_precision_is_left_to_the_forest() -> None:
    forest = RandomForestClassifier(5, random_state=0).fit(X, Y)
    method = forest_method(forest, [X[:5]])
    assert method is not None
    with pytest.raises(OverflowError):
        method(np.full((1, 6), 1e300))


def test_what_is_not_plainly_such_a_forest_is_left_alone() -> None:
    class Own(RandomForestClassifier):
        def predict(self, X: Any) -> Any:
            return super().predict(X) * 0

    two = np.column_stack([Y, Y])
    for model in (
        Own(5).fit(X, Y),
        RandomForestClassifier(5).fit(X, two),
        RandomForestClassifier(5, n_jobs=2).fit(X, Y),
        GradientBoostingClassifier(n_estimators=3).fit(X, Y),
        RandomForestClassifier(5),
    ):
        assert forest_method(model, [X[:5]]) is None
