"""What a data scientist types: the models, their catalog entries and deployments. Names are loaded when used."""

from __future__ import annotations

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

_ADDRESSES = {
    "AutoMLModel": "ads.model.framework.automl_model",
    "DataScienceModel": "ads.model.datascience_model",
    "EmbeddingONNXModel": "ads.model.framework.embedding_onnx_model",
    "GenericModel": "ads.model.generic_model",
    "HuggingFacePipelineModel": "ads.model.framework.huggingface_model",
    "LightGBMModel": "ads.model.framework.lightgbm_model",
    "ModelDeployer": "ads.model.deployment",
    "ModelDeployment": "ads.model.deployment",
    "ModelDeploymentProperties": "ads.model.deployment",
    "ModelInputSerializer": "ads.model.serde.model_input",
    "ModelProperties": "ads.model.model_properties",
    "ModelState": "ads.model.generic_model",
    "ModelVersionSet": "ads.model.model_version_set",
    "ModelVersionSetNotExists": "ads.model.model_version_set",
    "ModelVersionSetNotSaved": "ads.model.model_version_set",
    "PyTorchModel": "ads.model.framework.pytorch_model",
    "SERDE": "ads.model.serde.common",
    "SklearnModel": "ads.model.framework.sklearn_model",
    "SparkPipelineModel": "ads.model.framework.spark_model",
    "TensorFlowModel": "ads.model.framework.tensorflow_model",
    "XGBoostModel": "ads.model.framework.xgboost_model",
    "experiment": "ads.model.model_version_set",
    "pandas_udf": "ads.model.spark_scoring",
}

__all__ = sorted(_ADDRESSES)  # noqa: PLE0605 - one table says both what there is and where


def __getattr__(name: str) -> Any:
    if name not in _ADDRESSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_ADDRESSES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
