"""The values that hold where a caller says nothing."""

from __future__ import annotations

__all__ = [
    "CONDA_BUCKET_NS",
    "DATA_SCHEMA_MAX_COL_NUM",
    "DEFAULT_CONDA_BUCKET_NAME",
    "DEFAULT_MODEL_FOLDER_NAME",
    "DEFAULT_POLL_INTERVAL",
    "DEFAULT_WAIT_TIME",
    "DEPRECATE_AS_ONNX_WARNING",
    "FRAMEWORKS_WITHOUT_ONNX_DATA_TRANSFORM",
    "MODEL_DEPLOYMENT_BANDWIDTH_MBPS",
    "MODEL_DEPLOYMENT_INSTANCE_COUNT",
    "MODEL_DEPLOYMENT_INSTANCE_MEMORY_IN_GBS",
    "MODEL_DEPLOYMENT_INSTANCE_OCPUS",
    "MODEL_DEPLOYMENT_INSTANCE_SHAPE",
    "ONNX_DATA_TRANSFORMER",
    "SUPPORTED_MODEL_INPUT_SERIALIZERS",
    "SUPPORTED_MODEL_SERIALIZERS",
]

CONDA_BUCKET_NS = "id19sfcrra6z"
"""Object storage namespace of the service conda packs."""
DEFAULT_CONDA_BUCKET_NAME = "service-conda-packs"
"""Object storage bucket of the service conda packs."""
DATA_SCHEMA_MAX_COL_NUM = 2000
"""Widest sample that a schema is made of."""
DEFAULT_WAIT_TIME = 1200
"""Seconds that deploying, updating and restarting wait."""
DEFAULT_POLL_INTERVAL = 10
"""Most seconds between two looks at the state; a service on this machine is asked more often."""
MODEL_DEPLOYMENT_INSTANCE_SHAPE = "VM.Standard.E4.Flex"
MODEL_DEPLOYMENT_INSTANCE_OCPUS = 1
MODEL_DEPLOYMENT_INSTANCE_MEMORY_IN_GBS = 16
MODEL_DEPLOYMENT_INSTANCE_COUNT = 1
MODEL_DEPLOYMENT_BANDWIDTH_MBPS = 10
DEFAULT_MODEL_FOLDER_NAME = "model"
"""The model's name where it is stored as a folder."""
ONNX_DATA_TRANSFORMER = "onnx_data_transformer.json"
"""The file with the types that an ONNX model expects."""
FRAMEWORKS_WITHOUT_ONNX_DATA_TRANSFORM = ["tensorflow", "pytorch", "pyspark"]
SUPPORTED_MODEL_INPUT_SERIALIZERS = ["json", "cloudpickle", "spark", "huggingface"]
SUPPORTED_MODEL_SERIALIZERS = [
    "onnx",
    "cloudpickle",
    "torchscript",
    "torch",
    "torch_onnx",
    "tf",
    "tf_onnx",
    "joblib",
    "sklearn_onnx",
    "lightgbm",
    "lightgbm_onnx",
    "xgboost",
    "xgboost_ubj",
    "xgboost_txt",
    "xgboost_onnx",
    "spark",
    "huggingface",
]
DEPRECATE_AS_ONNX_WARNING = "as_onnx is deprecated: name the format with model_save_serializer."
"""The sentence about an argument that every framework once had."""
