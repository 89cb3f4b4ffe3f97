"""A linear model of scikit-learn asked for its sum alone, without what it checks before: a small call takes a tenth.

The same product and sum give the same bits; whether they do with this version of scikit-learn is proven before.
"""

import sys
from typing import Any, Callable, List, Optional

__all__ = ["linear_method"]

_MODULES = ("sklearn.linear_model.", "sklearn.svm.")
_CLASSIFIERS = ("LogisticRegression", "LogisticRegressionCV", "RidgeClassifier", "SGDClassifier", "LinearSVC")
_REGRESSORS = ("LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "LinearSVR")

Method = Callable[[Any], Any]


def linear_method(model: Any, arrays: "List[Any]") -> "Optional[Method]":
    """Return what gives the same as ``model.predict`` for arrays of finite doubles; None unless ``arrays`` prove it."""
    kind = type(model)
    if not kind.__module__.startswith(_MODULES) or kind.__name__ not in _CLASSIFIERS + _REGRESSORS:
        return None
    make = _classifier if kind.__name__ in _CLASSIFIERS else _regressor
    np = sys.modules["numpy"]
    try:
        if "predict" in vars(model) or any(
            np.asarray(each).dtype != "float64" for each in (model.coef_, model.intercept_)
        ):
            return None
        method = make(model)
        for array in arrays:
            wanted, found = model.predict(array), method(array)
            if wanted.dtype != found.dtype or not np.array_equal(wanted, found):
                return None
    except (AttributeError, TypeError, ValueError):
        return None  # not trained, or a version that is built in another way
    return method


def _classifier(model: Any) -> Method:
    coefficients, intercept, classes = model.coef_.T, model.intercept_, model.classes_
    two = len(classes) == 2

    def method(array: Any) -> Any:
        scores = array @ coefficients + intercept
        indices = (scores.ravel() > 0).astype("intp") if two else scores.argmax(axis=1)
        return classes.take(indices, axis=0)

    return method


def _regressor(model: Any) -> Method:
    coefficients, intercept = model.coef_.T, model.intercept_  # .T of one dimension is itself
    return lambda array: array @ coefficients + intercept
