"""Models of scikit-learn."""

from __future__ import annotations

from ads.errors import InputTypeError
from ads.model.defaults import DEPRECATE_AS_ONNX_WARNING
from ads.model.generic_model import FrameworkSpecificModel
from ads.model.metadata.keys import Framework
from ads.model.serde.names import SklearnModelSerializerType

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

__all__ = ["DEPRECATE_AS_ONNX_WARNING", "SklearnModel"]

_PACKAGES = {"sklearn", "onnxruntime"}


class SklearnModel(FrameworkSpecificModel):
    """A scikit-learn estimator or pipeline, or anything that follows its interface by inheriting from it.

    Raises ``TypeError`` for an object of another kind, and for one without ``predict``.

    >>> model = SklearnModel(estimator, artifact_dir="churn")      # doctest: +SKIP
    >>> model.prepare(X_sample=X.head(), y_sample=y.head())        # doctest: +SKIP
    >>> model.verify(X.head(3))["prediction"]                      # doctest: +SKIP
    [0, 1, 1]
    """

    _PREFIX = "sklearn"
    _FRAMEWORK = Framework.SCIKIT_LEARN
    _SAVE_SERIALIZER = SklearnModelSerializerType.JOBLIB
    score_framework = "sklearn"
    model_save_serializer_type = SklearnModelSerializerType

    def __init__(
        self,
        estimator: Any,
        artifact_dir: str | None = None,
        properties: Any = None,
        auth: dict[str, Any] | None = None,
        model_save_serializer: Any = SklearnModelSerializerType.JOBLIB,
        model_input_serializer: Any = None,
        **kwargs: Any,
    ) -> None:
        _require_estimator(estimator)
        super().__init__(
            estimator=estimator,
            artifact_dir=artifact_dir,
            properties=properties,
            auth=auth,
            model_save_serializer=model_save_serializer,
            model_input_serializer=model_input_serializer,
            **kwargs,
        )


def _require_estimator(estimator: Any) -> None:
    from ads.model.extractor import packages_of

    kind = estimator if isinstance(estimator, type) else type(estimator)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(estimator, type):
        raise InputTypeError(f"{name} is a class, not a trained estimator.", hint=f"Pass {kind.__name__}().fit(X, y).")
    if not packages_of(estimator) & _PACKAGES:
        raise InputTypeError(
            f"{name} is not a scikit-learn estimator.", hint="GenericModel takes any object with a predict method."
        )
    if "sklearn" in packages_of(estimator) and not callable(getattr(estimator, "predict", None)):
        raise InputTypeError(
            f"{name} has no predict method, so nothing can be predicted with it.",
            hint="Pass a predictor, or a pipeline that ends in one.",
        )
