"""What the classes for XGBoost and LightGBM ask of an estimator."""

from __future__ import annotations

from ads.errors import InputTypeError

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

__all__ = ["require_estimator"]


def require_estimator(estimator: Any, packages: tuple[str, ...], library: str) -> None:
    """Raise ``TypeError`` unless a base class of ``estimator`` comes from one of ``packages`` (``"xgboost."``, ...)."""
    kind = estimator if isinstance(estimator, type) else type(estimator)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(estimator, type):
        raise InputTypeError(f"{name} is a class, not a trained estimator.", hint=f"Pass {kind.__name__}().fit(X, y).")
    if not any(f"{base.__module__}.".startswith(packages) for base in kind.__mro__):
        raise InputTypeError(
            f"{name} is not an estimator of {library}.",
            hint="SklearnModel takes scikit-learn's (pipelines too), GenericModel any object with a predict method.",
        )
