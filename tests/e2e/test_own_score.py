"""A hand-written score.py, as short as the documentation shows it, is served unmodified."""

from __future__ import annotations

from pathlib import Path

import joblib
import pytest
import requests
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from ads.errors import DeploymentFailed
from ads.model.generic_model import GenericModel

MINIMAL = """\
import os
import joblib
model_file_name = "model.joblib"

def load_model(): # load_model must mandatorily return ``not None`` object.

  model = None
  with open(os.path.join(os.path.dirname(os.path.realpath(__file__)), model_file_name), "rb") as mfile:
    model = joblib.load(mfile)
  return model

def predict(data, model=load_model()):
  return model.predict(data).tolist()
"""


def test_the_minimal_score_py_is_served_unmodified(local_service: Path, tmp_path: Path) -> None:
    x, y = load_iris(return_X_y=True)
    estimator = LogisticRegression(max_iter=500).fit(x, y)
    artifact = tmp_path / "artifact"
    artifact.mkdir()
    joblib.dump(estimator, artifact / "model.joblib")
    (artifact / "score.py").write_text(MINIMAL)

    model = GenericModel(artifact_dir=str(artifact), serialize=False)
    model.prepare(model_file_name="model.joblib", force_overwrite=True)
    assert (artifact / "score.py").read_text() == MINIMAL
    rows = x[:5].tolist()
    assert model.verify(rows) == estimator.predict(rows).tolist()
    model.save(display_name="by hand")
    deployment = model.deploy(display_name="by hand")
    try:
        token = (local_service / "admin-token").read_text().strip()
        answer = requests.post(
            f"{deployment.url}/predict", json=rows, headers={"Authorization": f"Bearer {token}"}, timeout=30
        )
        assert answer.status_code == 200
        assert answer.json() == estimator.predict(rows).tolist()
    finally:
        model.delete(delete_associated_model_deployment=True)


AS_PRINTED = MINIMAL.replace("import os\n", "").replace("model_file_name = ", "model_name = ")


def test_the_example_with_its_misprints_fails_with_the_name_that_is_missing(
    local_service: Path, tmp_path: Path
) -> None:
    x, y = load_iris(return_X_y=True)
    artifact = tmp_path / "artifact"
    artifact.mkdir()
    joblib.dump(LogisticRegression(max_iter=500).fit(x, y), artifact / "model.joblib")
    (artifact / "score.py").write_text(AS_PRINTED)
    model = GenericModel(artifact_dir=str(artifact), serialize=False)
    model.prepare(model_file_name="model.joblib", force_overwrite=True)
    with pytest.raises(NameError, match="os"):
        model.verify(x[:1].tolist())
    model.save(display_name="misprints", reload=False)
    with pytest.raises(DeploymentFailed, match="name 'os' is not defined"):
        model.deploy(display_name="misprints")
    assert model.model_deployment.lifecycle_state == "FAILED"
    model.delete(delete_associated_model_deployment=True)
