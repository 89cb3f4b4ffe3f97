"""The defects of the original that its contract lists: none of them is here, and this table says which test shows it.

Each row: the section of the contract, the symptom as a user of the original meets it, and the tests. A test that is
renamed or removed breaks the table. The symptoms that no other part of the suite covers have their tests below.
"""

from __future__ import annotations

import ast
import logging
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ads.model.datascience_model import DataScienceModel
from ads.model.deployment import ModelDeployment
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.generic_model import GenericModel
from ads.model.model_version_set import ModelVersionSet

TESTS = Path(__file__).parent
HERE = "test_contract_bugs.py"
ENTRY = "model/catalog/test_datascience_model.py"
HUGGING_FACE = "model/framework/test_huggingface_model.py"

BUGS: list[tuple[str, str, list[str]]] = [
    (
        "1.3",
        "SklearnModel takes any object and calls it scikit-learn",
        ["model/framework/test_sklearn_model.py::test_anything_else_is_refused_by_name"],
    ),
    (
        "1.6",
        "every sync logs two warnings per schema",
        [f"{HERE}::test_reading_an_entry_with_schemas_logs_no_warnings"],
    ),
    (
        "1.7",
        "the defined tags of a version set are its freeform tags",
        [f"{HERE}::test_the_defined_tags_of_a_version_set_are_its_defined_tags"],
    ),
    (
        "2.1",
        "X_sample with a datetime column can't be prepared",
        ["model/framework/test_sklearn_model.py::test_frames_with_text_dates_and_gaps_are_prepared_and_verified"],
    ),
    (
        "2.1",
        "a failed prepare() leaves half an artifact",
        [
            "model/test_preparation.py::test_bad_input_leaves_no_folder_behind",
            "model/test_preparation.py::test_a_model_that_cannot_be_pickled_leaves_the_older_artifact_whole",
        ],
    ),
    (
        "2.2",
        "an answer that JSON can't carry passes verify()",
        ["model/test_verification.py::test_an_answer_that_json_cannot_carry_names_place_and_type"],
    ),
    (
        "2.2",
        "verify(content_type=...) raises TypeError",
        [f"{HERE}::test_verify_takes_a_content_type"],
    ),
    (
        "2.7",
        "models of XGBoost, LightGBM, Spark and Hugging Face can't be loaded without reload=True",
        [f"{HERE}::test_every_class_loads_an_artifact_without_its_estimator"],
    ),
    (
        "2.7",
        "from_model_catalog(download_artifact=False) works on GenericModel alone",
        [f"{HERE}::test_every_class_loads_an_entry_without_its_files"],
    ),
    (
        "2.7",
        "a local archive is copied as a file to where the artifact folder should be",
        [
            "model/test_artifact_source.py::test_archives_are_unpacked",
            "model/test_artifact_source.py::test_a_separator_at_the_end_changes_nothing",
            "model/test_loading.py::test_a_zip_file_is_unpacked",
        ],
    ),
    (
        "2.7",
        "of an archive with a folder at its top only a temporary name is left",
        ["model/test_artifact_source.py::test_archives_are_unpacked"],
    ),
    (
        "2.7",
        "from_model_deployment() leaves the predict row at Not Available",
        ["model/test_loading.py::test_from_a_deployment"],
    ),
    (
        "2.9",
        "prepare_save_deploy() drops what it is given",
        ["model/test_serving.py::test_prepare_save_deploy_passes_everything_on"],
    ),
    (
        "2.10",
        "summary_status() blocks 12.5 seconds before a deployment and shows UNKNOWN",
        ["model/test_summary.py::test_before_deployment_nobody_is_asked"],
    ),
    (
        "3.1",
        "score.py of an XGBoost model stored as ubj, txt or joblib doesn't load it",
        ["model/framework/test_boosting.py::test_every_format_answers_as_the_estimator_and_is_loaded_back"],
    ),
    (
        "3.1",
        "a local path of a Hugging Face model is published in the metadata",
        [f"{HUGGING_FACE}::test_no_path_of_this_machine_is_in_the_metadata_or_the_artifact"],
    ),
    (
        "3.2",
        "the provenance of runtime.yaml is never filled",
        [
            "model/test_runtime_record.py::test_what_a_notebook_session_knows_is_recorded",
            "model/test_runtime_record.py::test_training_falls_back_to_the_pack_for_inference",
        ],
    ),
    (
        "3.2",
        "a path of the training machine is in the artifact",
        ["model/framework/test_sklearn_model.py::test_no_path_of_this_machine_is_in_the_artifact"],
    ),
    (
        "3.3",
        "schema files hold NaN, which is no JSON",
        [
            "schema/test_generate.py::test_short_samples_give_valid_json_where_the_original_writes_nan",
            "schema/test_generate.py::test_infinities_and_all_missing_columns_give_valid_json",
            "schema/test_schema.py::test_files_of_the_original_are_read_nan_included",
        ],
    ),
    (
        "3.3",
        "a schema in YAML can't be loaded",
        ["schema/test_schema.py::test_files_bring_back_the_same_schema"],
    ),
    (
        "3.4",
        "integer keys of impute_values fail at scoring",
        ["model/serde/test_onnx_conversion.py::test_values_for_gaps_are_found_by_name_or_place"],
    ),
    (
        "3.5",
        "nothing is uploaded from below a folder called var, env, lib, ...",
        [f"{HERE}::test_the_names_of_the_folders_above_ignore_nothing"],
    ),
    (
        "3.5",
        "environment.yaml, distances.pkl and the like, and variables/ of a SavedModel, are dropped silently",
        ["artifact/test_ignore.py::test_default_rules_drop_nothing_a_model_needs"],
    ),
    (
        "3.5",
        ".git/ and checkpoints end up in the archive",
        [
            "artifact/test_ignore.py::test_default_rules_drop_what_no_model_needs",
            "artifact/test_ignore.py::test_some_folders_are_never_packed",
        ],
    ),
    (
        "3.6",
        "download, prepare() again, verify(): the hash doesn't match",
        [
            "model/test_preparation.py::test_a_stale_manifest_is_removed",
            "model/test_loading.py::test_a_loaded_model_can_be_prepared_again",
        ],
    ),
    (
        "4.4",
        "a feature column called data is taken for the envelope",
        ["score/test_payloads.py::test_a_feature_called_data_is_a_column_not_the_envelope"],
    ),
    (
        "4.4",
        "a text in a request is opened as a path or a URL",
        [
            "score/test_payloads.py::test_a_text_is_never_opened_as_a_path_or_a_url",
            "model/test_legacy_script.py::test_a_text_that_is_a_path_or_an_address_is_not_opened",
            "model/test_legacy_script.py::test_replicas_and_local_tests_read_alike",
        ],
    ),
    (
        "4.4",
        "arrays in a request are unpickled (before 2.15)",
        ["score/test_payloads.py::test_pickles_in_an_array_payload_are_refused"],
    ),
    (
        "4.4",
        "floats are rounded to ten decimals, columns called date are turned into dates",
        [
            "score/test_wire.py::test_a_frame_arrives_identical_with_the_schema_of_its_own",
            "score/test_payloads.py::test_names_that_look_like_dates_stay_what_they_are",
        ],
    ),
    (
        "4.4",
        "a frame whose index has duplicates, or is in another order, can't be sent",
        [f"{HERE}::test_a_frame_with_a_duplicate_index_is_sent"],
    ),
    (
        "6.2",
        "a search object whose grid holds lists crashes the constructor",
        ["model/test_extractor.py::test_search_objects_with_any_kind_of_grid"],
    ),
    (
        "7.2",
        "every save() leaves an archive in the temporary directory",
        [f"{ENTRY}::test_the_artifact_is_sent_as_a_named_attachment_without_leaving_a_temporary_file"],
    ),
    (
        "8.2",
        "ModelDeployment(display_name=...) forgets the name",
        [f"{HERE}::test_a_deployment_takes_keywords_alone"],
    ),
    (
        "8.5",
        "update_deployment(description=...) renames the deployment",
        ["model/deployment/test_model_deployment.py::test_an_update_sends_the_given_fields_and_never_renames"],
    ),
    (
        "8.5",
        "an update drops unknown fields, and access_log={...}",
        [
            "model/deployment/test_model_deployment.py::test_an_unknown_field_is_refused_with_the_nearest_one",
            "model/deployment/test_model_deployment.py::test_an_update_can_change_size_model_and_logs",
        ],
    ),
    (
        "8.6",
        "frames and arrays can't be sent through ModelDeployment.predict, falsy data is lost",
        [
            "model/deployment/test_model_deployment.py::test_frames_and_arrays_go_in_the_envelope",
            "model/deployment/test_model_deployment.py::test_bytes_and_falsy_data_are_sent_as_they_are",
        ],
    ),
    (
        "8.6",
        "the body of an error is returned as a prediction",
        ["model/deployment/test_model_deployment.py::test_an_error_is_never_returned_as_a_prediction"],
    ),
    (
        "10",
        "a quote in the payload breaks the command line, or runs something",
        [f"{HERE}::test_a_payload_with_quotes_reaches_the_model_as_data"],
    ),
]


@cache
def _names(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text())
    return {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


@pytest.mark.parametrize(("section", "symptom", "tests"), BUGS, ids=[f"{row[0]} {row[1]}" for row in BUGS])
def test_each_defect_of_the_original_has_its_test(section: str, symptom: str, tests: list[str]) -> None:
    assert tests, symptom
    for test in tests:
        file, name = test.split("::")
        assert name in _names(file), f"{section}: {test} is gone"


LOADABLE = [
    "EmbeddingONNXModel",
    "GenericModel",
    "HuggingFacePipelineModel",
    "LightGBMModel",
    "PyTorchModel",
    "SklearnModel",
    "SparkPipelineModel",
    "TensorFlowModel",
    "XGBoostModel",
]


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "score.py").write_text(
        "def load_model():\n    return 1\ndef predict(data, model=load_model()):\n    return {'prediction': data}\n"
    )
    (folder / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n")
    return folder


@pytest.mark.parametrize("name", LOADABLE)
def test_every_class_loads_an_artifact_without_its_estimator(name: str, artifact: Path, tmp_path: Path) -> None:
    import ads.model

    cls: Any = getattr(ads.model, name)
    model = cls.from_model_artifact(str(artifact), artifact_dir=str(tmp_path / "copy"), ignore_conda_error=True)
    assert type(model) is cls
    assert model.estimator is None
    assert model.verify([[1]], auto_serialize_data=False) == {"prediction": [[1]]}


@pytest.mark.parametrize("name", LOADABLE)
def test_every_class_loads_an_entry_without_its_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ads.model

    entry = classmethod(lambda cls, ocid: cls(spec={"id": ocid, "displayName": "x"}))
    monkeypatch.setattr(DataScienceModel, "from_id", entry)
    cls: Any = getattr(ads.model, name)
    model = cls.from_model_catalog("ocid1.datasciencemodel.oc1..one", download_artifact=False)
    assert model.model_id == "ocid1.datasciencemodel.oc1..one"
    assert model.summary.status_of("Deployed the model") == "Available"


def test_reading_an_entry_with_schemas_logs_no_warnings(
    local_service: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    X, y = load_iris(return_X_y=True, as_frame=True)
    model = SklearnModel(LogisticRegression(max_iter=500).fit(X, y), artifact_dir=str(tmp_path / "a"))
    model_id = model.prepare(X_sample=X, y_sample=y).save(display_name="with schemas")
    with caplog.at_level(logging.WARNING):
        entry = DataScienceModel.from_id(model_id)
        entry.sync()
    assert entry.input_schema.keys == list(X.columns)
    assert entry.output_schema.keys == [y.name]
    assert [record.getMessage() for record in caplog.records] == []


def test_the_defined_tags_of_a_version_set_are_its_defined_tags() -> None:
    made = ModelVersionSet().with_freeform_tags(team="x").with_defined_tags(ns={"k": "v"})
    assert made.freeform_tags == {"team": "x"}
    assert made.defined_tags == {"ns": {"k": "v"}}


@pytest.fixture
def classifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[SklearnModel, Any]:
    """A model of the iris data, prepared, and the data."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    monkeypatch.setenv("OPENADS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPENADS_URL", "http://127.0.0.1:9")
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = SklearnModel(LogisticRegression(max_iter=500).fit(X, y), artifact_dir=str(tmp_path / "a"))
    return model.prepare(X_sample=X.head(3), y_sample=y.head(3)), X


def test_verify_takes_a_content_type(classifier: tuple[SklearnModel, Any]) -> None:
    model, X = classifier
    assert model.verify(X.head(2), content_type="application/json") == {"prediction": [0, 0]}


def test_a_frame_with_a_duplicate_index_is_sent(classifier: tuple[SklearnModel, Any]) -> None:
    model, X = classifier
    rows = X.iloc[[0, 140, 60]].set_axis([7, 7, 3])
    assert model.verify(rows) == {"prediction": [0, 2, 1]}


@pytest.mark.parametrize("parent", ["var", "env", "lib", "build", "dist", "logs", "environment1", "venv"])
def test_the_names_of_the_folders_above_ignore_nothing(parent: str, artifact: Path, tmp_path: Path) -> None:
    artifact.rename((tmp_path / parent).with_name(parent))
    model = GenericModel.from_model_artifact(str(tmp_path / parent), artifact_dir=str(tmp_path / "x" / parent / "deep"))
    assert model.model_artifact is not None
    assert {"score.py", "runtime.yaml"} <= set(model.model_artifact.files())


def test_a_deployment_takes_keywords_alone() -> None:
    made = ModelDeployment(display_name="mine", description="words", freeform_tags={"a": "b"})
    assert (made.display_name, made.description, made.freeform_tags) == ("mine", "words", {"a": "b"})


def test_a_payload_with_quotes_reaches_the_model_as_data(local_service: Path, artifact: Path, tmp_path: Path) -> None:
    model = GenericModel.from_model_artifact(
        str(artifact), artifact_dir=str(tmp_path / "copy"), ignore_conda_error=True
    )
    model.save(display_name="echo", ignore_introspection=True)
    deployment = model.deploy(display_name="echo with quotes")
    payload = """[["it's", "a; touch evil", "$(touch evil)", "\\u0027"]]"""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ads.cli", "predict", str(deployment.model_deployment_id), "--data", payload],
            env=dict(os.environ),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "a; touch evil" in done.stdout
        assert "it's" in done.stdout
        assert not (tmp_path / "evil").exists()
    finally:
        model.delete_deployment()
