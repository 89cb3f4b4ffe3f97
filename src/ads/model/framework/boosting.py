"""What the classes for XGBoost and LightGBM share: whom they accept, and how the estimator itself predicts."""

from __future__ import annotations

from ads.errors import InputTypeError
from ads.model.generic_model import FrameworkSpecificModel

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

__all__ = ["BoostingModel", "require_estimator"]


class BoostingModel(FrameworkSpecificModel):
    """A model whose estimator, or Booster, gets its data in the library's own form."""

    _FEATURES = ""
    """The function of :mod:`ads.score.blocks.boosting` that makes this form."""

    def own_prediction(self, data: Any) -> Any:
        """Return the estimator's own prediction."""
        return self.estimator.predict(self._features(data))

    def own_probabilities(self, data: Any) -> Any:
        """Return the estimator's own probabilities."""
        return self.estimator.predict_proba(self._features(data))

    def _features(self, data: Any) -> Any:
        from ads.score.blocks import boosting

        return getattr(boosting, self._FEATURES)(data, self.estimator)


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
