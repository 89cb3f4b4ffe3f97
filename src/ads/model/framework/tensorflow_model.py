# mypy: disable-error-code="no-untyped-call"
"""Models of TensorFlow and Keras."""

from __future__ import annotations

from ads.errors import InputTypeError
from ads.model.defaults import DEPRECATE_AS_ONNX_WARNING
from ads.model.generic_model import FrameworkSpecificModel
from ads.model.metadata.keys import Framework
from ads.model.serde.names import TensorflowModelSerializerType

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

__all__ = ["DEPRECATE_AS_ONNX_WARNING", "TensorFlowModel"]

_PACKAGES = {"keras", "tensorflow", "onnxruntime"}


class TensorFlowModel(FrameworkSpecificModel):
    """A Keras model, or a ``tf.Module`` whose call has a signature.

    The name of the model file says its format: ``model.h5`` by default, ``model.keras``, or without a suffix a
    SavedModel folder, which needs none of the user's Python code to be loaded. Loss, metrics and optimizer are not
    loaded for predictions. TensorFlow itself chooses the device.

    Raises ``TypeError`` for an object of another kind.

    >>> model = TensorFlowModel(estimator, artifact_dir="digits")            # doctest: +SKIP
    >>> model.prepare(X_sample=x_train[:5], model_file_name="model.keras")   # doctest: +SKIP
    >>> model.verify(x_test[:1])["prediction"]                               # doctest: +SKIP
    [[-3.1, 0.2, 7.4]]
    """

    _PREFIX = "tensorflow"
    _FRAMEWORK = Framework.TENSORFLOW
    _SAVE_SERIALIZER = TensorflowModelSerializerType.TENSORFLOW
    score_framework = "tensorflow"
    TOLERANCE = (1e-3, 1e-5)
    """Single precision; another number of rows or another processor changes the last digits."""
    model_save_serializer_type = TensorflowModelSerializerType

    def __init__(
        self,
        estimator: Any,
        artifact_dir: str | None = None,
        properties: Any = None,
        auth: dict[str, Any] | None = None,
        model_save_serializer: Any = TensorflowModelSerializerType.TENSORFLOW,
        model_input_serializer: Any = None,
        **kwargs: Any,
    ) -> None:
        _require_model(estimator)
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
        """Write the model file into ``artifact_dir``; see :meth:`GenericModel.serialize_model`."""
        super().serialize_model(as_onnx, force_overwrite=force_overwrite, X_sample=X_sample, **kwargs)

    @property
    def predicts(self) -> bool:
        """Whether the estimator can be called, itself or through a signature."""
        return callable(self.estimator) or hasattr(self.estimator, "signatures")

    def own_prediction(self, data: Any) -> Any:
        """Return what the estimator says of ``data``, as lists."""
        from ads.score.blocks import tensorflow

        if hasattr(self.estimator, "signatures"):  # loaded from a SavedModel folder
            return tensorflow.as_lists(tensorflow.run_signature(self.estimator, data))
        return tensorflow.as_lists(self.estimator(tensorflow.keras_inputs(data, self.estimator)))

    def format_of(self, model_file_name: str) -> str:
        """Return ``tf_saved_model`` for a name without suffix, else the name of the serializer."""
        name = super().format_of(model_file_name)
        is_folder = name == TensorflowModelSerializerType.TENSORFLOW and "." not in model_file_name
        return "tf_saved_model" if is_folder else name

    def format_label(self, model_file_name: str) -> str:
        """Return what the metadata says of the format: a suffix, or that it is a SavedModel folder."""
        return super().format_label(model_file_name) if "." in model_file_name else "saved_model"

    def data_of_image(self, image: Any) -> Any:
        """Return the pixels of a PIL image as an array: height, width, channels, 0 to 255."""
        import numpy as np

        return np.asarray(image)


def _require_model(estimator: Any) -> None:
    from ads.model.extractor import packages_of

    kind = estimator if isinstance(estimator, type) else type(estimator)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(estimator, type):
        raise InputTypeError(f"{name} is a class, not a trained model.", hint="Pass an object of it.")
    if not packages_of(estimator) & _PACKAGES:
        raise InputTypeError(
            f"{name} is not a model of TensorFlow or Keras.",
            hint="GenericModel takes any object with a predict method.",
        )
