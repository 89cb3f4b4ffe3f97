"""Models of LightGBM."""

from __future__ import annotations

from ads.model.defaults import DEPRECATE_AS_ONNX_WARNING
from ads.model.framework.boosting import BoostingModel, require_estimator
from ads.model.metadata.keys import Framework
from ads.model.serde.names import LightGBMModelSerializerType

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

__all__ = ["DEPRECATE_AS_ONNX_WARNING", "LightGBMModel"]


class LightGBMModel(BoostingModel):
    """An estimator of LightGBM with the interface of scikit-learn, or a Booster.

    The endpoint answers what the estimator's own ``predict`` returns: labels for an ``LGBMClassifier`` (and
    probabilities where ``outputs="predict_proba"`` asks for them), raw values for a Booster. A Booster is stored as
    LightGBM's text (``lightgbm``: ``model.txt``), everything else with joblib unless ``model_save_serializer`` says
    otherwise.

    Raises ``TypeError`` for an object of another kind.

    >>> model = LightGBMModel(LGBMClassifier().fit(X, y), artifact_dir="churn")  # doctest: +SKIP
    >>> model.prepare(X_sample=X.head())                                         # doctest: +SKIP
    >>> model.verify(X.head(1))                                                  # doctest: +SKIP
    {'prediction': [1]}
    """

    _PREFIX = "lightgbm"
    _FRAMEWORK = Framework.LIGHT_GBM
    _SAVE_SERIALIZER = LightGBMModelSerializerType.LIGHTGBM
    score_framework = "lightgbm"
    # The columns of a frame come in the order of the training.
    _FEATURES = "for_lightgbm"
    model_save_serializer_type = LightGBMModelSerializerType

    def __init__(
        self,
        estimator: Any,
        artifact_dir: str | None = None,
        properties: Any = None,
        auth: dict[str, Any] | None = None,
        model_save_serializer: Any = None,
        model_input_serializer: Any = None,
        **kwargs: Any,
    ) -> None:
        require_estimator(estimator, ("lightgbm.", "onnxruntime."), "LightGBM")
        is_booster = callable(getattr(estimator, "save_model", None))
        super().__init__(
            estimator=estimator,
            artifact_dir=artifact_dir,
            properties=properties,
            auth=auth,
            model_save_serializer=model_save_serializer or (self._SAVE_SERIALIZER if is_booster else "joblib"),
            model_input_serializer=model_input_serializer,
            **kwargs,
        )
