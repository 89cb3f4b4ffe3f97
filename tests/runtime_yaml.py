"""The runtime.yaml of an artifact that names no environment: the service's own will do."""

__all__ = ["RUNTIME"]

RUNTIME = """\
MODEL_ARTIFACT_VERSION: '3.0'
MODEL_DEPLOYMENT:
  INFERENCE_CONDA_ENV:
    INFERENCE_ENV_PATH: ''
    INFERENCE_ENV_SLUG: ''
    INFERENCE_ENV_TYPE: ''
    INFERENCE_PYTHON_VERSION: ''
MODEL_PROVENANCE: {}
"""
