"""A deployment asked by MLServer's codecs and by its ``mlserver infer``, unmodified."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from ads.client import Service
from ads.home import Home
from ads.model.framework.sklearn_model import SklearnModel

from .conftest import PYTHON

SESSION = Path(__file__).with_name("session.py")
IRIS = load_iris(as_frame=True)
ROWS = IRIS.data.iloc[[0, 60, 120, 149]]


def theirs(*words: str) -> str:
    """Return what a program of MLServer's environment prints."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OPENADS_", "PYTHON"))}
    done = subprocess.run(words, env=kept, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def iris(local_service: Path, tmp_path: Path) -> Iterator[str]:
    """The id of a deployment of an estimator that tells the three species apart."""
    model = SklearnModel(LogisticRegression(max_iter=500).fit(IRIS.data, IRIS.target), artifact_dir=str(tmp_path))
    model.prepare(X_sample=IRIS.data, y_sample=IRIS.target, force_overwrite=True)
    model.save(display_name="iris", reload=False)
    model.deploy(display_name="iris")
    assert model.predict(ROWS)["prediction"] == [0, 1, 2, 2]
    yield model.model_deployment.model_deployment_id
    model.delete_deployment(wait_for_completion=True)


def token_file() -> Path:
    return Home(Path(os.environ["OPENADS_HOME"])).token_file


def test_its_codecs_write_the_rows_and_read_the_predictions(iris: str) -> None:
    rows = ROWS.to_json(orient="records")
    found = json.loads(theirs(PYTHON, str(SESSION), Service.find().url, iris, str(token_file()), rows))
    assert found["pandas"] == found["numpy"] == [0, 1, 2, 2]
    assert found["inputs"] == list(IRIS.data.columns)


def test_its_command_scores_a_file(iris: str, tmp_path: Path) -> None:
    given, answers = tmp_path / "given.jsonl", tmp_path / "answers.jsonl"
    rows = ROWS.to_numpy().tolist()
    requests = [{"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": row}]} for row in rows]
    given.write_text("".join(json.dumps(request) + "\n" for request in requests))
    address = Service.find().url.partition("://")[2].rstrip("/")
    header = f"Authorization: Bearer {token_file().read_text().strip()}"
    command = [str(Path(PYTHON).with_name("mlserver")), "infer", "-u", address, "-m", iris, "-w", "2", "-H", header]
    theirs(*command, "-i", str(given), "-o", str(answers))
    found = [json.loads(line) for line in answers.read_text().splitlines()]
    assert sorted(answer["outputs"][0]["data"][0] for answer in found) == [0, 1, 2, 2]
