# mypy: disable-error-code="no-untyped-call"
"""Pipelines of Spark."""

from __future__ import annotations

from ads.errors import InputTypeError
from ads.model.defaults import DEFAULT_MODEL_FOLDER_NAME
from ads.model.generic_model import FrameworkSpecificModel
from ads.model.metadata.keys import Framework
from ads.model.serde.names import SparkModelInputSerializerType, SparkModelSerializerType

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

__all__ = ["DEFAULT_MODEL_FOLDER_NAME", "SPARK_DATAFRAME_SCHEMA_PATH", "SparkPipelineModel"]

SPARK_DATAFRAME_SCHEMA_PATH = "_input_data_schema.json"
"""What the name of the file with the input's schema ends in; the model folder's name comes first."""


class SparkPipelineModel(FrameworkSpecificModel):
    """A fitted pipeline of Spark, a ``pyspark.ml.PipelineModel``.

    ``prepare()`` needs ``X_sample``, for the types of the input's columns: a Spark frame, a pandas frame, or a list of
    ``Row``. Predictions take the same, lists of records, or one record; the answer is the column ``prediction``.

    Raises ``TypeError`` for an object of another kind.

    >>> model = SparkPipelineModel(pipeline.fit(frame), artifact_dir="churn")      # doctest: +SKIP
    >>> model.prepare(X_sample=frame)                                              # doctest: +SKIP
    >>> model.verify(frame.limit(3))["prediction"]                                 # doctest: +SKIP
    [0.0, 1.0, 1.0]
    """

    _PREFIX = "spark"
    _FRAMEWORK = Framework.SPARK
    _SAVE_SERIALIZER = SparkModelSerializerType.SPARK
    _INPUT_SERIALIZER = SparkModelInputSerializerType.SPARK
    _PREDICTS_WITH = "transform"
    score_framework = "spark"
    model_input_serializer_type = SparkModelInputSerializerType
    model_save_serializer_type = SparkModelSerializerType

    def __init__(
        self,
        estimator: Any,
        artifact_dir: str | None = None,
        properties: Any = None,
        auth: dict[str, Any] | None = None,
        model_save_serializer: Any = SparkModelSerializerType.SPARK,
        model_input_serializer: Any = SparkModelInputSerializerType.SPARK,
        **kwargs: Any,
    ) -> None:
        _require_pipeline(estimator)
        super().__init__(
            estimator=estimator,
            artifact_dir=artifact_dir,
            properties=properties,
            auth=auth,
            model_save_serializer=model_save_serializer,
            model_input_serializer=model_input_serializer,
            **kwargs,
        )

    def serialize_model(  # type: ignore[override]  # as users know it, without initial_types
        self,
        as_onnx: bool = False,
        X_sample: Any = None,  # noqa: N803
        force_overwrite: bool = False,
        **kwargs: Any,
    ) -> None:
        """Write the model into ``artifact_dir``; see :meth:`GenericModel.serialize_model`."""
        super().serialize_model(as_onnx, force_overwrite=force_overwrite, X_sample=X_sample, **kwargs)

    def sample_of(self, data: Any) -> Any:
        """Return the sample as a Spark frame; raises ``TypeError`` without one."""
        from ads.model.serde.spark_format import frame_of

        return None if data is None and self.estimator is None else frame_of(data)

    def own_prediction(self, data: Any) -> Any:
        """Return the prediction column of the pipeline's own ``transform``."""
        from ads.model.serde.spark_format import frame_of
        from ads.score.blocks import spark

        frame = frame_of(data)
        found = self.estimator.transform(frame)
        column = spark.prediction_column(found.columns, frame.columns, self.estimator)
        values = [row[0] for row in found.select(f"`{column}`").collect()]
        return [value.toArray().tolist() if hasattr(value, "toArray") else value for value in values]

    def format_label(self, model_file_name: str) -> str:  # noqa: ARG002 - the folder of any name has one format
        """Return what the metadata says of the model folder's format."""
        return SparkModelSerializerType.SPARK


def _require_pipeline(estimator: Any) -> None:
    from ads.model.serde.model_input import class_path

    kind = estimator if isinstance(estimator, type) else type(estimator)
    if isinstance(estimator, type) or not class_path(estimator, ("pyspark.PipelineModel",)):
        hint = "Call fit(): it returns the PipelineModel." if kind.__name__ == "Pipeline" else "Pass a PipelineModel."
        raise InputTypeError(f"{kind.__module__}.{kind.__qualname__} is not a fitted pipeline of Spark.", hint=hint)
