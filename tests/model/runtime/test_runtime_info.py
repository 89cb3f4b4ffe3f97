"""``runtime.yaml`` as objects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from ads.artifact import runtime_yaml
from ads.errors import ArtifactError, ArtifactsNotAvailableError, InputError
from ads.model.runtime.env_info import PACK_TYPE, InferenceEnvInfo, TrainingEnvInfo
from ads.model.runtime.model_deployment_details import ModelDeploymentDetails
from ads.model.runtime.model_provenance_details import ModelProvenanceDetails, TrainingCode
from ads.model.runtime.runtime_info import RuntimeInfo
from ads.model.runtime.utils import SchemaValidator, get_service_packs

VARIABLES = [
    "PROJECT_OCID",
    "PIPELINE_PROJECT_OCID",
    "TENANCY_OCID",
    "NB_SESSION_COMPARTMENT_OCID",
    "JOB_RUN_COMPARTMENT_OCID",
    "PIPELINE_RUN_COMPARTMENT_OCID",
    "PROJECT_COMPARTMENT_OCID",
    "OCI_RESOURCE_REGION",
    "OCI_REGION_METADATA",
    "JOB_RUN_OCID",
    "PIPELINE_RUN_OCID",
    "NB_SESSION_OCID",
    "USER_OCID",
    "VM_IMAGE_INTERNAL_ID",
]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path):
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("OPENADS_HOME", str(tmp_path / "home"))


@pytest.fixture
def info(tmp_path: Path) -> RuntimeInfo:
    info = RuntimeInfo.from_env()
    info.model_deployment.inference_conda_env = InferenceEnvInfo.from_slug("generalml_p38_cpu_v1")
    info.model_provenance.training_code.artifact_directory = str(tmp_path)
    return info


def test_saved_file_has_the_known_form(info, tmp_path):
    info.save()
    assert (tmp_path / "runtime.yaml").read_text() == (
        """
MODEL_ARTIFACT_VERSION: '3.0'
MODEL_DEPLOYMENT:
  INFERENCE_CONDA_ENV:
    INFERENCE_ENV_PATH: oci://service-conda-packs@id19sfcrra6z/service_pack/cpu/"""
        """General_Machine_Learning_for_CPUs_on_Python_3.8/1.0/generalml_p38_cpu_v1
    INFERENCE_ENV_SLUG: generalml_p38_cpu_v1
    INFERENCE_ENV_TYPE: data_science
    INFERENCE_PYTHON_VERSION: '3.8'
MODEL_PROVENANCE:
  PROJECT_OCID: ''
  TENANCY_OCID: ''
  TRAINING_CODE:
    ARTIFACT_DIRECTORY: .
  TRAINING_COMPARTMENT_OCID: ''
  TRAINING_CONDA_ENV:
    TRAINING_ENV_PATH: ''
    TRAINING_ENV_SLUG: ''
    TRAINING_ENV_TYPE: ''
    TRAINING_PYTHON_VERSION: ''
  TRAINING_REGION: ''
  TRAINING_RESOURCE_OCID: ''
  USER_OCID: ''
  VM_IMAGE_INTERNAL_ID: ''
"""
    )


def test_read_edit_save(info, tmp_path):
    info.save()
    again = RuntimeInfo.from_yaml(uri=str(tmp_path / "runtime.yaml"))
    assert again == info
    again.model_deployment.inference_conda_env.inference_python_version = "3.9"
    assert again != info
    again.save()
    document = yaml.safe_load((tmp_path / "runtime.yaml").read_text())
    assert document["MODEL_DEPLOYMENT"]["INFERENCE_CONDA_ENV"]["INFERENCE_PYTHON_VERSION"] == "3.9"
    assert document["MODEL_PROVENANCE"]["TRAINING_CODE"]["ARTIFACT_DIRECTORY"] == "."


def test_save_without_a_folder():
    with pytest.raises(ArtifactsNotAvailableError):
        RuntimeInfo().save()


def test_save_through_fsspec(info):
    import fsspec

    info.model_provenance.training_code.artifact_directory = "memory://some/folder"
    info.save()
    with fsspec.open("memory://some/folder/runtime.yaml") as file:
        assert b"MODEL_ARTIFACT_VERSION" in file.read()


def test_dictionaries(info):
    assert RuntimeInfo.from_dict(info.to_dict()) == info
    assert info.to_dict()["model_deployment"]["inference_conda_env"]["inference_python_version"] == "3.8"
    assert "INFERENCE_CONDA_ENV" in info.to_dict(side_effect="upper")["MODEL_DEPLOYMENT"]
    assert TrainingEnvInfo.from_dict({"TRAINING_ENV_SLUG": "x"}).training_env_slug == "x"


def test_unknown_keys():
    with pytest.raises(InputError, match="surprise"):
        InferenceEnvInfo.from_dict({"surprise": 1})
    assert InferenceEnvInfo.from_dict({"surprise": 1}, ignore_unknown=True) == InferenceEnvInfo()
    with pytest.raises(TypeError, match="dictionary"):
        InferenceEnvInfo.from_dict("text")  # type: ignore[arg-type]


def test_yaml_and_json_of_a_part():
    environment = InferenceEnvInfo.from_slug("pytorch110_p38_gpu_v1")
    assert InferenceEnvInfo.from_yaml(environment.to_yaml()) == environment
    assert InferenceEnvInfo.from_json(environment.to_json()) == environment
    assert InferenceEnvInfo.from_string(environment.to_json()) == environment
    assert repr(environment) == environment.to_yaml()
    assert json.loads(str(environment))["inference_env_slug"] == "pytorch110_p38_gpu_v1"
    assert str(environment).startswith('{\n    "')
    with pytest.raises(InputError, match="nothing to read"):
        InferenceEnvInfo.from_yaml()


@pytest.mark.parametrize("text", ["", "a: !!python/name:os.system", "MODEL_ARTIFACT_VERSION: '3.0'\n", "- a"])
def test_unusable_yaml(tmp_path, text):
    (tmp_path / "runtime.yaml").write_text(text)
    with pytest.raises(ArtifactError):
        RuntimeInfo.from_yaml(uri=str(tmp_path / "runtime.yaml"))


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        RuntimeInfo.from_yaml(uri=str(tmp_path / "runtime.yaml"))


def test_provenance_of_a_notebook_session(monkeypatch):
    monkeypatch.setenv("PROJECT_OCID", "ocid1.datascienceproject.oc1..p")
    monkeypatch.setenv("NB_SESSION_COMPARTMENT_OCID", "ocid1.compartment.oc1..n")
    monkeypatch.setenv("PROJECT_COMPARTMENT_OCID", "ocid1.compartment.oc1..p")
    monkeypatch.setenv("NB_SESSION_OCID", "ocid1.datasciencenotebooksession.oc1..s")
    monkeypatch.setenv("TENANCY_OCID", "ocid1.tenancy.oc1..t")
    monkeypatch.setenv("USER_OCID", "ocid1.user.oc1..u")
    monkeypatch.setenv("OCI_REGION_METADATA", '{"regionIdentifier": "eu-frankfurt-1"}')
    found = ModelProvenanceDetails.from_env()
    assert found.project_ocid.endswith("..p")
    assert found.training_compartment_ocid.endswith("..n")
    assert found.training_resource_ocid.endswith("..s")
    assert found.tenancy_ocid.endswith("..t")
    assert found.user_ocid.endswith("..u")
    assert found.training_region == "eu-frankfurt-1"
    monkeypatch.setenv("OCI_RESOURCE_REGION", "us-ashburn-1")
    monkeypatch.setenv("OCI_REGION_METADATA", "not json")
    assert ModelProvenanceDetails.from_env().training_region == "us-ashburn-1"


def test_nothing_is_made_up_outside_of_oci():
    assert ModelProvenanceDetails.from_env() == ModelProvenanceDetails()
    assert ModelDeploymentDetails().inference_conda_env == InferenceEnvInfo()


def test_absolute_folder_stays_out_of_files():
    code = TrainingCode("/home/somebody/secret")
    assert code.to_dict()["artifact_directory"] == "/home/somebody/secret"
    assert "somebody" not in code.to_yaml()


def test_environments_by_path():
    mine = TrainingEnvInfo.from_path("oci://b@ns/conda_environments/cpu/mine/1.0/mine_p39_v1")
    assert mine.training_env_type == PACK_TYPE.USER_CUSTOM_PACK.value == "published"
    assert mine.training_env_slug == "mine_p39_v1"
    assert mine.training_python_version == "3.9"
    with pytest.raises(ValueError, match="not the path"):
        InferenceEnvInfo.from_path("/local/pack")
    with pytest.raises(ValueError, match="no_such_slug"):
        InferenceEnvInfo.from_slug("no_such_slug")


def test_slug_in_another_namespace():
    found = InferenceEnvInfo.from_slug("generalml_p38_cpu_v1", namespace="ns", bucketname="b")
    assert found.inference_env_path.startswith("oci://b@ns/")


def test_service_packs():
    by_path, by_slug = get_service_packs("ns", "b")
    path, python = by_slug["generalml_p38_cpu_v1"]
    assert path.startswith("oci://b@ns/service_pack/cpu/")
    assert python == "3.8"
    assert by_path[path] == ("generalml_p38_cpu_v1", "3.8")


def test_validator_names_every_problem(info):
    SchemaValidator(info.to_dict(side_effect="upper")).validate()
    with pytest.raises(ValueError, match=r"MODEL_ARTIFACT_VERSION.*INFERENCE_CONDA_ENV.*MODEL_PROVENANCE"):
        SchemaValidator({}).validate()


def test_the_schemas_for_editors_say_what_the_checks_say():
    from ads.model.runtime.utils import (
        INFERENCE_ENV_SCHEMA_PATH,
        MODEL_PROVENANCE_SCHEMA_PATH,
        TRAINING_ENV_SCHEMA_PATH,
    )

    document = RuntimeInfo.from_env().to_dict(side_effect="upper")
    provenance = document["MODEL_PROVENANCE"]
    sections = {
        INFERENCE_ENV_SCHEMA_PATH: document["MODEL_DEPLOYMENT"]["INFERENCE_CONDA_ENV"],
        TRAINING_ENV_SCHEMA_PATH: provenance["TRAINING_CONDA_ENV"],
        MODEL_PROVENANCE_SCHEMA_PATH: provenance,
    }
    for path, section in sections.items():
        schema = json.loads(Path(path).read_text(encoding="utf-8"))
        assert set(schema["properties"]) == set(section)
        for key in schema["required"]:
            broken = {name: value for name, value in section.items() if name != key}
            whole = json.loads(json.dumps(document).replace(json.dumps(section), json.dumps(broken)))
            assert any(key in problem for problem in runtime_yaml.problems(whole)), key
