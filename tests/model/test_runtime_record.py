"""The content of runtime.yaml."""

import pytest

from ads.model.options import PrepareOptions
from ads.model.runtime_record import resolve_packs, runtime_document


def test_without_packs_the_running_python_is_named():
    import platform

    document = runtime_document(PrepareOptions(), None, None)
    environment = document["MODEL_DEPLOYMENT"]["INFERENCE_CONDA_ENV"]
    assert environment["INFERENCE_ENV_PATH"] == ""
    assert environment["INFERENCE_PYTHON_VERSION"] == ".".join(platform.python_version_tuple()[:2])
    assert document["MODEL_PROVENANCE"]["TRAINING_CODE"] == {"ARTIFACT_DIRECTORY": "."}


def test_training_falls_back_to_the_pack_for_inference():
    options = PrepareOptions(inference_conda_env="generalml_p38_cpu_v1", inference_python_version="3.8.1")
    inference, training = resolve_packs(options)
    assert inference is training
    environment = runtime_document(options, inference, training)["MODEL_DEPLOYMENT"]["INFERENCE_CONDA_ENV"]
    assert environment["INFERENCE_PYTHON_VERSION"] == "3.8.1"


def test_a_pack_that_does_not_say_its_python():
    path = "oci://bucket@namespace/conda_environments/cpu/mine/1.0/mine"
    with pytest.raises(ValueError, match="inference_python_version"):
        resolve_packs(PrepareOptions(inference_conda_env=path))
    resolve_packs(PrepareOptions(inference_conda_env=path, inference_python_version="3.11"))


def test_conda_errors_can_be_ignored():
    assert resolve_packs(PrepareOptions(inference_conda_env="no-such", ignore_conda_error=True)) == (None, None)


def test_what_a_notebook_session_knows_is_recorded(monkeypatch):
    monkeypatch.setenv("PROJECT_OCID", "ocid1.project")
    assert runtime_document(PrepareOptions(), None, None)["MODEL_PROVENANCE"]["PROJECT_OCID"] == "ocid1.project"
