"""GenericModel: the signatures that users know, the constructor, and models of any kind."""

import inspect

import pytest

import ads.model
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.generic_model import FrameworkSpecificModel, GenericModel

pytestmark = pytest.mark.usefixtures("no_service")

PREPARE = """inference_conda_env=None inference_python_version=None training_conda_env=None training_python_version=None
model_file_name=None as_onnx=False initial_types=None force_overwrite=False namespace='id19sfcrra6z' use_case_type=None
X_sample=None y_sample=None training_script_path=None training_id=None ignore_pending_changes=True max_col_num=2000
ignore_conda_error=False"""
SETTINGS = """deployment_instance_shape=None deployment_instance_subnet_id=None
deployment_instance_private_endpoint_id=None deployment_instance_count=None deployment_bandwidth_mbps=None
deployment_log_group_id=None deployment_access_log_id=None deployment_predict_log_id=None
deployment_memory_in_gbs=None deployment_ocpus=None deployment_image=None"""
TARGET = """model_file_name=None artifact_dir=None auth=None force_overwrite=False properties=None"""
SOURCE = """bucket_uri=None remove_existing_artifact=True ignore_conda_error=False download_artifact=True **kwargs"""
SIGNATURES = {
    "__init__": """estimator=None artifact_dir=None properties=None auth=None serialize=True
        model_save_serializer=None model_input_serializer=None **kwargs""",
    "prepare": f"{PREPARE} score_py_uri=None **kwargs",
    "verify": "data=None reload_artifacts=True auto_serialize_data=False **kwargs",
    "introspect": "",
    "save": """bucket_uri=None defined_tags=None description=None display_name=None freeform_tags=None
        ignore_introspection=False model_version_set=None overwrite_existing_artifact=True parallel_process_count=9
        remove_existing_artifact=True reload=True version_label=None model_by_reference=False **kwargs""",
    "deploy": f"wait_for_completion=True display_name=None description=None {SETTINGS} **kwargs",
    "prepare_save_deploy": f"""{PREPARE} model_display_name=None model_description=None model_freeform_tags=None
        model_defined_tags=None ignore_introspection=False wait_for_completion=True deployment_display_name=None
        deployment_description=None {SETTINGS} bucket_uri=None overwrite_existing_artifact=True
        remove_existing_artifact=True model_version_set=None version_label=None model_by_reference=False **kwargs""",
    "predict": "data=None auto_serialize_data=False local=False **kwargs",
    "from_model_artifact": f"uri {TARGET} ignore_conda_error=False **kwargs",
    "from_model_catalog": f"model_id {TARGET} {SOURCE}",
    "from_model_deployment": f"model_deployment_id {TARGET} {SOURCE}",
    "from_id": f"ocid {TARGET} {SOURCE}",
    "upload_artifact": "uri auth=None force_overwrite=False parallel_process_count=9",
    "download_artifact": """artifact_dir=None auth=None force_overwrite=False bucket_uri=None
        remove_existing_artifact=True **kwargs""",
    "update": "**kwargs",
    "update_deployment": """model_deployment_id=None properties=None wait_for_completion=True max_wait_time=1200
        poll_interval=10 **kwargs""",
    "restart_deployment": "max_wait_time=1200 poll_interval=10",
    "delete_deployment": "wait_for_completion=True",
    "delete": """model_id=None delete_associated_model_deployment=False delete_model_artifact=False
        artifact_dir=None **kwargs""",
    "serialize_model": "as_onnx=False initial_types=None force_overwrite=False X_sample=None **kwargs",
}


def signature(function):
    names = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in ("self", "cls", "cls_or_self"):
            continue
        text = f"**{parameter.name}" if parameter.kind is parameter.VAR_KEYWORD else parameter.name
        names.append(text if parameter.default is parameter.empty else f"{text}={parameter.default!r}")
    return names


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_are_those_that_users_know(name):
    function = inspect.getattr_static(GenericModel, name)
    assert signature(getattr(function, "__wrapped__", None) or getattr(GenericModel, name)) == SIGNATURES[name].split()


def test_framework_models_serialize_data_by_default():
    assert "auto_serialize_data=True" in signature(FrameworkSpecificModel.verify)
    assert "auto_serialize_data=True" in signature(SklearnModel.predict)


def test_delete_model_is_delete():
    assert inspect.getattr_static(GenericModel, "delete_model") is inspect.getattr_static(GenericModel, "delete")


def test_the_package_gives_the_models_by_name():
    assert ads.model.GenericModel is GenericModel
    assert ads.model.SklearnModel is SklearnModel
    assert "ModelDeployment" in dir(ads.model)
    with pytest.raises(AttributeError, match="nothing"):
        _ = ads.model.nothing


def test_properties_come_from_a_dict_or_the_environment(classifier, monkeypatch):
    monkeypatch.setenv("INFERENCE_CONDA_ENV", "generalml_p38_cpu_v1")
    assert GenericModel(classifier).properties.inference_conda_env == "generalml_p38_cpu_v1"
    given = GenericModel(classifier, properties={"deployment_instance_count": 3}).properties
    assert given.deployment_instance_count == 3
    assert given.inference_conda_env is None


def test_a_conda_environment_from_the_properties_is_used(classifier, tmp_path):
    properties = {"inference_conda_env": "generalml_p38_cpu_v1"}
    model = GenericModel(classifier, artifact_dir=str(tmp_path / "a"), properties=properties).prepare()
    assert model.runtime_info.model_deployment.inference_conda_env.inference_env_slug == "generalml_p38_cpu_v1"


def test_an_unknown_keyword_of_the_constructor(classifier):
    with pytest.raises(TypeError, match="artifact_dirr"):
        GenericModel(classifier, artifact_dirr="x")


def test_without_a_folder_a_temporary_one_is_made(classifier):
    import shutil
    from pathlib import Path

    model = GenericModel(classifier).prepare()
    try:
        assert (Path(model.artifact_dir) / "model.pkl").is_file()
    finally:
        shutil.rmtree(model.artifact_dir)


def test_reload_and_metadata_by_hand(iris, classifier, tmp_path):
    model = SklearnModel(classifier, artifact_dir=str(tmp_path / "a")).prepare()
    assert model.reload() is model
    model.populate_metadata(use_case_type="other", X_sample=iris[0], y_sample=iris[1])
    assert model.metadata_taxonomy["UseCaseType"].value == "other"
    assert (tmp_path / "a" / "input_schema.json").is_file()
    model.populate_schema(data_sample=iris[0][["petal width (cm)"]])
    assert model.schema_input.keys == ["petal width (cm)"]
    (tmp_path / "a" / "runtime.yaml").unlink()
    with pytest.raises(FileNotFoundError):
        model.reload_runtime_info()


def test_serializers_can_be_chosen_later(classifier, tmp_path):
    model = GenericModel(classifier, artifact_dir=str(tmp_path / "a"))
    model.set_model_save_serializer(model.model_save_serializer_type.CLOUDPICKLE)
    model.set_model_input_serializer("cloudpickle")
    assert model.get_model_serializer().name == model.get_data_serializer().name == "cloudpickle"
    model.serialize_model()
    assert (tmp_path / "a" / "model.pkl").is_file()
    with pytest.raises(ValueError, match="force_overwrite"):
        model.serialize_model()
