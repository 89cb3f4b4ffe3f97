"""The model deployment tutorial, tasks 1 to 7, as a data scientist would follow it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pandas as pd
import pytest
import requests
import yaml
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

from ads.common.model_metadata import UseCaseType
from ads.errors import AdsError, ModelWithActiveDeploymentError, NotActiveDeploymentError
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.generic_model import GenericModel


def status_of(model: GenericModel, step: str, detail: str) -> str:
    table = model.summary_status().reset_index()
    row = table[(table["Step"] == step) & (table["Details"] == detail)]
    return str(row["Status"].iloc[0])


def test_the_tutorial_from_a_pickle_to_an_endpoint_and_back(local_service: Path, tmp_path: Path) -> None:
    data = load_breast_cancer(as_frame=True)
    x, y = data.data, data.target
    pickled = tmp_path / "trained.pkl"
    pickled.write_bytes(pickle.dumps(RandomForestClassifier(n_estimators=20, random_state=0).fit(x, y)))

    # Task 1: load the saved model.
    estimator = pickle.loads(pickled.read_bytes())
    expected = estimator.predict(x.head(10)).tolist()

    # Task 2: a SklearnModel, its artifact and its metadata.
    model = SklearnModel(estimator=estimator, artifact_dir=str(tmp_path / "artifact"))
    model.prepare(
        inference_conda_env="generalml_py37_cpu_v1",
        X_sample=x,
        y_sample=y,
        use_case_type=UseCaseType.BINARY_CLASSIFICATION,
        force_overwrite=True,
    )
    files = {path.name for path in (tmp_path / "artifact").iterdir()}
    assert {
        "input_schema.json", "model.joblib", "output_schema.json", "runtime.yaml", "score.py", ".model-ignore",
    } <= files  # fmt: skip
    # The tutorial spells the slug its own way; the artifact names the pack as it is published.
    assert model.runtime_info.model_deployment.inference_conda_env.inference_env_slug == "generalml_p37_cpu_v1"
    assert model.schema_input["mean radius"].dtype == "float64"
    assert model.metadata_taxonomy["Algorithm"].value == "RandomForestClassifier"
    assert model.metadata_taxonomy["UseCaseType"].value == "binary_classification"
    assert yaml.safe_load(str(model))["algorithm"] == "RandomForestClassifier"

    # Task 3: test it before it is deployed.
    assert model.verify(x.head(10))["prediction"] == expected
    assert status_of(model, "verify()", "Local tested .predict from score.py") == "Done"

    # Task 4: save it to the catalog.
    model_id = model.save(display_name="tutorial")
    assert model_id.startswith("ocid1.datasciencemodel.")

    # Task 5: deploy it, look at the status, find the endpoint.
    deployment = model.deploy(display_name="tutorial endpoint")
    assert deployment.lifecycle_state == "ACTIVE"
    assert status_of(model, "deploy()", "Deployed the model") == "ACTIVE"
    url = deployment.url
    assert url.endswith(deployment.model_deployment_id)

    # Task 6: call it from anywhere, ten rows in one request.
    token = (local_service / "admin-token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.post(f"{url}/predict", json=x.head(10).to_dict("records"), headers=headers, timeout=30)
    assert answer.status_code == 200
    assert answer.json()["prediction"] == expected
    assert model.predict(x.head(10))["prediction"] == expected
    assert status_of(model, "predict()", "Called deployment predict endpoint") == "Done"
    assert requests.post(f"{url}/predict", json=[[0.0] * 30], timeout=30).status_code == 401

    # Stopped, restarted, updated whenever needed.
    deployment.deactivate()
    assert deployment.lifecycle_state == "INACTIVE"
    with pytest.raises(NotActiveDeploymentError):
        model.predict(x.head(1))
    deployment.activate()
    assert model.predict(x.head(10))["prediction"] == expected
    model.restart_deployment()
    assert model.predict(x.head(10))["prediction"] == expected
    model.update_deployment(description="the second description")
    assert deployment.sync().description == "the second description"
    assert deployment.display_name == "tutorial endpoint"

    # Loading it back, from the catalog and from the deployment.
    again = SklearnModel.from_model_catalog(model_id, artifact_dir=str(tmp_path / "again"), force_overwrite=True)
    assert again.verify(x.head(10))["prediction"] == expected
    served = SklearnModel.from_model_deployment(
        deployment.model_deployment_id, artifact_dir=str(tmp_path / "served"), force_overwrite=True
    )
    assert served.predict(x.head(10))["prediction"] == expected
    assert GenericModel.from_id(model_id, artifact_dir=str(tmp_path / "by-id")).model_id == model_id

    # Task 7: delete the deployment and the model.
    with pytest.raises(ModelWithActiveDeploymentError):
        model.delete_model()
    model.delete_deployment()
    assert deployment.sync().lifecycle_state == "DELETED"
    assert requests.post(f"{url}/predict", json=[[0.0] * 30], headers=headers, timeout=30).status_code == 404
    model.delete_model()
    with pytest.raises(AdsError, match=r"(?i)deleted"):
        SklearnModel.from_model_catalog(model_id, artifact_dir=str(tmp_path / "gone"))


def test_prepare_save_deploy_is_the_same_job_in_one_call(local_service: Path, tmp_path: Path) -> None:
    data = load_breast_cancer(as_frame=True)
    estimator = RandomForestClassifier(n_estimators=5, random_state=0).fit(data.data, data.target)
    model = SklearnModel(estimator, artifact_dir=str(tmp_path / "artifact"))
    deployment = model.prepare_save_deploy(
        X_sample=data.data, y_sample=data.target, model_display_name="one call", deployment_display_name="one call"
    )
    try:
        frame = pd.DataFrame(data.data.head(3))
        assert model.predict(frame)["prediction"] == estimator.predict(frame).tolist()
        assert deployment.display_name == "one call"
    finally:
        model.delete(delete_associated_model_deployment=True)
