"""Models of XGBoost."""

from __future__ import annotations

from ads.errors import NotSupported
from ads.model.defaults import DEPRECATE_AS_ONNX_WARNING
from ads.model.framework.boosting import BoostingModel, require_estimator
from ads.model.metadata.keys import Framework
from ads.model.serde.names import XgboostModelSerializerType

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

__all__ = ["DEPRECATE_AS_ONNX_WARNING", "XGBoostModel"]


class XGBoostModel(BoostingModel):
    """An estimator of XGBoost with the interface of scikit-learn, or a Booster.

    The endpoint answers what the estimator's own ``predict`` returns: labels for an ``XGBClassifier`` (and
    probabilities where ``outputs="predict_proba"`` asks for them), raw values for a Booster. Formats: ``xgboost``
    (``model.json``), ``xgboost_ubj``, ``xgboost_txt``, ``joblib``, ``cloudpickle``.

    Categories keep their meaning whatever form they are sent in, because the model itself knows them since XGBoost 3.1.

    Raises ``TypeError`` for an object of another kind. ``prepare()`` raises :class:`~ads.errors.NotSupported` for a
    sample with category columns under an older XGBoost, which would answer rows and texts wrongly.

    >>> model = XGBoostModel(XGBClassifier().fit(X, y), artifact_dir="churn")   # doctest: +SKIP
    >>> model.prepare(X_sample=X.head(), outputs=["predict", "predict_proba"])  # doctest: +SKIP
    >>> model.verify(X.head(1))                                                 # doctest: +SKIP
    {'prediction': [1], 'predict_proba': [[0.1, 0.9]]}
    """

    _PREFIX = "xgboost"
    _FRAMEWORK = Framework.XGBOOST
    _SAVE_SERIALIZER = XgboostModelSerializerType.XGBOOST
    score_framework = "xgboost"
    # A Booster gets its data as a DMatrix.
    _FEATURES = "for_xgboost"
    model_save_serializer_type = XgboostModelSerializerType

    def __init__(
        self,
        estimator: Any,
        artifact_dir: str | None = None,
        properties: Any = None,
        auth: dict[str, Any] | None = None,
        model_save_serializer: Any = XgboostModelSerializerType.XGBOOST,
        model_input_serializer: Any = None,
        **kwargs: Any,
    ) -> None:
        require_estimator(estimator, ("xgboost.", "onnxruntime."), "XGBoost")
        super().__init__(
            estimator=estimator,
            artifact_dir=artifact_dir,
            properties=properties,
            auth=auth,
            model_save_serializer=model_save_serializer,
            model_input_serializer=model_input_serializer,
            **kwargs,
        )

    def sample_of(self, data: Any) -> Any:
        """Return the sample, unless it has categories that this version of XGBoost would forget."""
        _require_categories_kept(data)
        return data

    @property
    def score_estimator(self) -> str:
        """The name of XGBoost's class that the estimator is of; subclasses are read back as what they build on."""
        for base in type(self.estimator).__mro__:
            if base.__module__ in ("xgboost.core", "xgboost.sklearn"):
                return base.__name__
        return ""


def _require_categories_kept(data: Any) -> None:
    import sys

    version = str(getattr(sys.modules.get("xgboost"), "__version__", "")).split(".")
    if version[0].isdigit() and (int(version[0]), int(version[1])) >= (3, 1):
        return
    columns: Any = getattr(data, "dtypes", None)
    named = (
        [str(name) for name, dtype in columns.items() if str(dtype) == "category"] if hasattr(columns, "items") else []
    )
    if named and version[0]:
        raise NotSupported(
            f"XGBoost {'.'.join(version)} doesn't keep the categories of {', '.join(named[:5])} in the model, so an "
            "endpoint would mistake them for others.",
            hint="Train with xgboost 3.1 or newer, or encode these columns as numbers.",
        )
