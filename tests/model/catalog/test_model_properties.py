from __future__ import annotations

from pathlib import Path

import pytest

from ads.model.model_properties import ModelProperties


def test_a_value_of_the_wrong_type_is_a_type_error() -> None:
    properties = ModelProperties()
    with pytest.raises(TypeError, match="deployment_instance_count"):
        properties.deployment_instance_count = "three"  # type: ignore[assignment]
    with pytest.raises(TypeError, match="bool"):
        ModelProperties(deployment_instance_count=True)
    properties.deployment_ocpus = 1
    properties.deployment_ocpus = 1.5


def test_unknown_names_are_dropped() -> None:
    properties = ModelProperties().with_prop("colour", "red").with_dict({"shape": 1, "project_id": "p"})
    assert not hasattr(properties, "colour")
    assert properties.project_id == "p"


def test_text_becomes_what_the_field_is() -> None:
    given = {"deployment_instance_count": "3", "deployment_ocpus": "1.5", "remove_existing_artifact": "False"}
    properties = ModelProperties.from_dict(given)
    assert properties.deployment_instance_count == 3
    assert properties.deployment_ocpus == 1.5
    assert properties.remove_existing_artifact is False
    with pytest.raises(TypeError, match="deployment_instance_count"):
        ModelProperties.from_dict({"deployment_instance_count": "many"})


def test_the_environment_is_read_with_its_other_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROJECT_OCID", "JOB_RUN_OCID", "NB_SESSION_OCID", "JOB_RUN_COMPARTMENT_OCID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("INFERENCE_CONDA_ENV", "generalml_p38_cpu_v1")
    monkeypatch.setenv("PROJECT_OCID", "p")
    monkeypatch.setenv("NB_SESSION_OCID", "nb")
    monkeypatch.setenv("NB_SESSION_COMPARTMENT_OCID", "c")
    properties = ModelProperties().with_env()
    assert properties.inference_conda_env == "generalml_p38_cpu_v1"
    assert (properties.project_id, properties.training_resource_id, properties.compartment_id) == ("p", "nb", "c")


def test_every_form_reads_back(tmp_path: Path) -> None:
    properties = ModelProperties(inference_conda_env="x", deployment_instance_count=2, overwrite_existing_artifact=True)
    for text, read in (
        (properties.to_yaml(), ModelProperties.from_yaml),
        (properties.to_json(), ModelProperties.from_json),
        (str(properties), ModelProperties.from_string),
        (repr(properties), ModelProperties.from_string),
    ):
        assert text is not None
        assert read(text) == properties
    path = str(tmp_path / "p.yaml")
    assert properties.to_yaml(uri=path) is None
    assert ModelProperties.from_yaml(uri=path) == properties


def test_configuration_files_keep_other_sections(tmp_path: Path) -> None:
    path = str(tmp_path / "ads.ini")
    first = ModelProperties(project_id="p1%x", deployment_instance_count=2)
    first.to_config(path, "DEV")
    ModelProperties(project_id="p2").to_config(path, "PROD")
    assert ModelProperties.from_config(path, "DEV") == first
    with pytest.raises(ValueError, match="force_overwrite"):
        first.to_config(path, "PROD")
    first.to_config(path, "PROD", force_overwrite=True)
    assert ModelProperties.from_config(path, "PROD") == first
    with pytest.raises(ValueError, match="DEV, PROD"):
        ModelProperties.from_config(path, "TEST")
