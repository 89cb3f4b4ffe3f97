"""A forest of scikit-learn asked tree by tree, without what it does around each tree: a call takes a tenth as long.

The same sums in the same order give the same bits; whether they do with this version of scikit-learn is proven before.
"""

import sys
from typing import Any, Callable, List, Optional

__all__ = ["forest_method"]

_MODULE = "sklearn.ensemble._forest"
_CLASSIFIERS = ("RandomForestClassifier", "ExtraTreesClassifier")
_REGRESSORS = ("RandomForestRegressor", "ExtraTreesRegressor")

Method = Callable[[Any], Any]


def forest_method(model: Any, arrays: "List[Any]") -> "Optional[Method]":
    """Return what gives the same as ``model.predict`` for arrays of doubles; None unless ``arrays`` prove it.

    The method raises OverflowError for numbers that the trees, which are of single precision, can't take.
    """
    kind = type(model)
    if kind.__module__ != _MODULE or kind.__name__ not in _CLASSIFIERS + _REGRESSORS:
        return None
    if getattr(model, "n_outputs_", 0) != 1 or getattr(model, "n_jobs", None) not in (None, 1):
        return None
    np = sys.modules["numpy"]
    is_classifier = kind.__name__ in _CLASSIFIERS
    known = model.predict_proba if is_classifier else model.predict
    try:
        mean = _mean(model, np)
        if not all(np.array_equal(np.squeeze(mean(array)), np.squeeze(known(array))) for array in arrays):
            return None
    except (AttributeError, TypeError, ValueError, OverflowError):
        return None  # a version that is built in another way
    if not is_classifier:
        return lambda array: mean(array)[:, 0]
    classes = model.classes_
    return lambda array: classes.take(np.argmax(mean(array), axis=1), axis=0)


def _mean(model: Any, np: Any) -> Method:
    trees = [estimator.tree_.predict for estimator in model.estimators_]

    def mean(array: Any) -> Any:
        with np.errstate(over="ignore"):
            inputs = array.astype("float32", order="C")  # a row's numbers side by side: trees read them at random
        if not np.isfinite(inputs).all():
            raise OverflowError("A number is too large for single precision.")
        total = trees[0](inputs).reshape(len(inputs), -1).astype("float64")
        for tree in trees[1:]:
            total += tree(inputs).reshape(total.shape)
        total /= len(trees)
        return total

    return mean
