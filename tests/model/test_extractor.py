"""What estimators say of themselves."""

import json

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ads.model.extractor import ModelInfoExtractorFactory, extract_info


def test_a_scikit_learn_estimator():
    info = extract_info(LogisticRegression(C=0.5))
    assert (info.framework, info.algorithm, info.version) == ("scikit-learn", "LogisticRegression", sklearn.__version__)
    assert info.hyperparameter["C"] == "0.5"


def test_a_subclass_is_of_the_framework_of_its_base():
    class Mine(ClassifierMixin, BaseEstimator):
        pass

    assert extract_info(Mine()).framework == "scikit-learn"


def test_a_pipeline_lists_its_steps():
    info = extract_info(make_pipeline(StandardScaler(), LogisticRegression()))
    assert info.hyperparameter["steps"] == {
        "0": {"standardscaler": "StandardScaler()"},
        "1": {"logisticregression": "LogisticRegression()"},
    }
    json.dumps(info.hyperparameter)


@pytest.mark.parametrize("grid", [{"C": [0.1, 1]}, {"C": np.array([0.1, 1])}, [{"C": [0.1]}, {"tol": [1e-3]}]])
def test_search_objects_with_any_kind_of_grid(grid):
    info = extract_info(GridSearchCV(LogisticRegression(), grid))
    assert info.algorithm == "GridSearchCV"
    json.dumps(info.hyperparameter)


def test_no_estimator_and_an_unknown_one():
    assert extract_info(None).algorithm is None
    info = ModelInfoExtractorFactory.extract_info(object())
    assert info["Framework"] is None
    assert info["Algorithm"] == "object"
