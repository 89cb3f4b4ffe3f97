"""The names that serializers go by, one class per parameter that takes them."""

from __future__ import annotations

__all__ = [
    "HuggingFaceSerializerType",
    "LightGBMModelSerializerType",
    "ModelInputSerializerType",
    "ModelSerializerType",
    "PyTorchModelSerializerType",
    "SklearnModelSerializerType",
    "SparkModelInputSerializerType",
    "SparkModelSerializerType",
    "TensorflowModelSerializerType",
    "XgboostModelSerializerType",
]


class ModelInputSerializerType:
    """How data is written for a prediction."""

    JSON = "json"
    CLOUDPICKLE = "cloudpickle"
    HUGGINGFACE = "huggingface"


class SparkModelInputSerializerType:
    """How data is written for a Spark model."""

    SPARK = "spark"


class ModelSerializerType:
    """The model files of ``GenericModel``."""

    CLOUDPICKLE = "cloudpickle"
    ONNX = "onnx"


class SklearnModelSerializerType:
    """The model files of ``SklearnModel``."""

    JOBLIB = "joblib"
    CLOUDPICKLE = "cloudpickle"
    ONNX = "sklearn_onnx"


class XgboostModelSerializerType:
    """The model files of XGBoost."""

    XGBOOST = "xgboost"
    ONNX = "xgboost_onnx"


class LightGBMModelSerializerType:
    """The model files of LightGBM."""

    LIGHTGBM = "lightgbm"
    ONNX = "lightgbm_onnx"


class PyTorchModelSerializerType:
    """The model files of PyTorch."""

    TORCH = "torch"
    TORCHSCRIPT = "torchscript"
    ONNX = "torch_onnx"


class TensorflowModelSerializerType:
    """The model files of TensorFlow."""

    TENSORFLOW = "tf"
    ONNX = "tf_onnx"


class SparkModelSerializerType:
    """The model files of Spark."""

    SPARK = "spark"


class HuggingFaceSerializerType:
    """The model files of Hugging Face pipelines."""

    HUGGINGFACE = "huggingface"
