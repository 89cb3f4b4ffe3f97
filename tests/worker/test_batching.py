"""Real replicas decide for themselves whether they merge requests."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from ads.worker import frames

from .conftest import Replica, receive

ROWWISE = """
    def load_model():
        return 1

    def predict(data, model=load_model()):
        return {"prediction": [[len(data), sum(row)] for row in data]}
"""


def batch_of(running: Replica) -> int:
    """Return what the replica tells a gateway."""
    with running.connect() as connection:
        connection.sendall(frames.encode_frame(frames.PING, 1))
        return int.from_bytes(receive(connection)[2], "big")


def parity_stage(running: Replica) -> dict[str, Any]:
    return running.wait("ready")["stages"][-1]


@pytest.fixture(scope="module")
def iris_artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    from ads.model.framework.sklearn_model import SklearnModel

    folder = tmp_path_factory.mktemp("iris") / "artifact"
    data = load_iris(as_frame=True)
    estimator = LogisticRegression(max_iter=500).fit(data.data, data.target)
    SklearnModel(estimator, artifact_dir=str(folder)).prepare(X_sample=data.data, y_sample=data.target)
    return folder


@pytest.fixture
def started(request: pytest.FixtureRequest) -> Any:
    def start(folder: Path, **variables: str) -> Replica:
        running = Replica(folder, variables=variables)
        request.addfinalizer(running.close)
        return running

    return start


def test_a_generated_script_proves_it_on_the_sample(iris_artifact: Path, started: Any) -> None:
    running = started(iris_artifact)
    stage = parity_stage(running)
    assert stage["batch"] > 16, stage
    assert batch_of(running) == stage["batch"]
    flowers = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3], [5.9, 3, 4.2, 1.5]]
    bodies = [json.dumps({"data": [row]}).encode() for row in flowers] * 5
    bodies += [b"[[1, 2]]", b'[{"sepal length (cm)": 5.0}]']
    answers = running.ask(*bodies)
    assert answers == [running.ask(body)[0] for body in bodies]
    assert [answer["prediction"] for _, answer in answers[:3]] == [[0], [2], [1]]
    assert [status for status, _ in answers[-2:]] == [400, 400]


def test_the_deployments_variable_decides(iris_artifact: Path, started: Any) -> None:
    running = started(iris_artifact, BATCHABLE="false")
    assert parity_stage(running)["batch"] == 1
    assert batch_of(running) == 1
    failed = started(iris_artifact, BATCHABLE="perhaps").wait("failed")
    assert failed["error"]["code"] == "batchable-unreadable"
    assert "'perhaps'" in failed["error"]["message"]


@pytest.mark.parametrize("name", ["score.py", "score_payload.py"])
def test_an_edited_script_is_not_merged(name: str, iris_artifact: Path, started: Any, tmp_path: Path) -> None:
    for path in iris_artifact.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).write_text((tmp_path / name).read_text() + "\n# mine\n")
    stage = parity_stage(started(tmp_path))
    assert stage["batch"] == 1
    assert "edited" in stage["batching"]


def test_a_model_whose_rows_depend_on_each_other_is_not_merged(started: Any, tmp_path: Path) -> None:
    import numpy as np
    import pandas as pd
    from sklearn.base import BaseEstimator

    from ads.model.framework.sklearn_model import SklearnModel

    class AgainstTheMean(BaseEstimator):
        def fit(self, X: Any, y: Any = None) -> Any:  # noqa: ARG002
            return self

        def predict(self, X: Any) -> Any:
            values = np.asarray(X, dtype=float)
            return (values - values.mean(axis=0)).sum(axis=1)

    AgainstTheMean.__module__ = "__main__"  # stored by value
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0, 7.0], "b": [0.5, 0.25, 8.0, 1.0]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = SklearnModel(
            AgainstTheMean().fit(frame), artifact_dir=str(tmp_path), model_save_serializer="cloudpickle"
        )
        model.prepare(X_sample=frame)
    stage = parity_stage(started(tmp_path))
    assert stage["batch"] == 1
    assert "other rows" in stage["batching"]


def test_the_author_decides(replica: Any) -> None:
    assert parity_stage(replica(ROWWISE))["batch"] == 1
    running = replica(ROWWISE + "\n    BATCHABLE = True\n")
    assert parity_stage(running)["batch"] > 1
    answers = running.ask(b"[[1, 2]]", b"[[3, 4], [5, 6]]", b'"x"')
    assert answers[:2] == [(200, {"prediction": [[3, 3]]}), (200, {"prediction": [[3, 7], [3, 11]]})]
    assert answers[2][0] == 500
    assert parity_stage(replica(ROWWISE + "\n    BATCHABLE = False\n"))["batch"] == 1
    failed = replica(ROWWISE + "\n    BATCHABLE = 'yes'\n").wait("failed")
    assert failed["error"]["code"] == "batchable-unreadable"
