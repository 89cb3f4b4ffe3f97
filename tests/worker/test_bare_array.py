"""Real replicas hand a bare array to the estimator where that changes nothing."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest

from .conftest import Replica

NAMES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]


@pytest.fixture(scope="module")
def iris() -> Any:
    from sklearn.datasets import load_iris

    return load_iris(as_frame=True)


@pytest.fixture
def started(request: pytest.FixtureRequest, tmp_path: Path, iris: Any) -> Any:
    """Prepare an estimator that was fitted on the iris frame and start a replica of it."""
    from ads.model.framework.sklearn_model import SklearnModel

    def start(estimator: Any) -> Replica:
        model = SklearnModel(estimator.fit(iris.data, iris.target), artifact_dir=str(tmp_path))
        model.prepare(X_sample=iris.data, y_sample=iris.target)
        running = Replica(tmp_path)
        request.addfinalizer(running.close)
        return running

    return start


def test_every_form_has_the_estimators_own_answer(started: Any, iris: Any) -> None:
    from sklearn.linear_model import LogisticRegression

    estimator = LogisticRegression(max_iter=500)
    running = started(estimator)
    stage = running.wait("ready")["stages"][-1]
    assert (stage["rows"], stage["array"]) == (5, True)
    rows = iris.data.sample(30, random_state=1)
    wanted = estimator.predict(rows).tolist()
    values = rows.to_numpy().tolist()
    columns = rows.to_dict(orient="list")
    bodies = [
        values,
        {"data": values},
        columns,
        {"data": columns},
        {"data": columns, "data_type": "openads.frame"},
        {"data": columns, "data_type": "openads.frame", "frame": {"index": [rows.index.tolist(), "int64", None]}},
        dict(reversed(columns.items())),
        {**columns, "more": wanted},
        rows.to_dict(orient="records"),
        {"data": rows.to_json(), "data_type": "<class 'pandas.core.frame.DataFrame'>"},
        {"data": values, "outputs": ["predict"]},
    ]
    for body in bodies:
        assert running.predict(body) == (200, {"prediction": wanted}), body
    assert running.ask(*(json.dumps(body).encode() for body in bodies * 2)) == [(200, {"prediction": wanted})] * 22
    assert running.predict([5, 3, 1, 0.2]) == (200, {"prediction": [0]})
    assert running.predict([[5, 3, 1, 0]]) == (200, {"prediction": [0]})
    for wrong in ([[1, 2]], [["x", 1, 2, 3]], {"data": columns | {NAMES[0]: [1]}}, [], {}):
        assert running.predict(wrong)[0] == 400, wrong
    assert "feature names" not in running.log


def test_a_model_that_needs_names_gets_its_frame(started: Any, iris: Any) -> None:
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    names = ColumnTransformer([("petal", StandardScaler(), NAMES[2:])], remainder="passthrough")
    estimator = make_pipeline(names, LogisticRegression(max_iter=500))
    running = started(estimator)
    stage = running.wait("ready")["stages"][-1]
    assert stage["array"] is False
    assert stage["batch"] > 1
    assert running.predict(iris.data.to_numpy().tolist()) == (
        200,
        {"prediction": estimator.predict(iris.data).tolist()},
    )


def test_the_order_and_mixture_of_requests_in_a_frame_changes_nothing(started: Any, iris: Any) -> None:
    from sklearn.neighbors import KNeighborsClassifier

    estimator = KNeighborsClassifier()
    running = started(estimator)
    assert running.wait("ready")["stages"][-1]["array"] is True
    chance = random.Random(5)
    for _ in range(20):
        requests = []
        for begin, size in itertools.pairwise(sorted(chance.sample(range(150), 20))):
            rows = iris.data.iloc[begin:size]
            forms = [rows.to_numpy().tolist(), {"data": rows.to_dict(orient="list")}, rows.to_dict(orient="records")]
            requests.append((chance.choice(forms), (200, {"prediction": estimator.predict(rows).tolist()})))
        chance.shuffle(requests)
        requests.insert(7, ([[1]], None))
        answers = running.ask(*(json.dumps(body).encode() for body, _ in requests))
        assert answers.pop(7)[0] == 400
        assert answers == [wanted for _, wanted in requests if wanted]


def test_a_forest_answers_as_itself_and_refuses_what_it_refuses(started: Any, iris: Any) -> None:
    from sklearn.ensemble import RandomForestClassifier

    estimator = RandomForestClassifier(10, random_state=0)
    running = started(estimator)
    assert running.wait("ready")["stages"][-1]["array"] is True
    wanted = estimator.predict(iris.data).tolist()
    assert running.predict(iris.data.to_numpy().tolist()) == (200, {"prediction": wanted})
    rows = [json.dumps([row]).encode() for row in iris.data.to_numpy().tolist()]
    assert running.ask(*rows[:100]) == [(200, {"prediction": [each]}) for each in wanted[:100]]
    assert running.predict([[1e300, 1, 1, 1]])[0] >= 400
    gap = iris.data.head(1).assign(**{NAMES[0]: float("nan")})
    assert running.predict([[None, *gap.iloc[0, 1:]]]) == (200, {"prediction": estimator.predict(gap).tolist()})


def test_models_of_lightgbm_get_the_array_as_well(tmp_path: Path, iris: Any) -> None:
    from lightgbm import LGBMClassifier

    from ads.model.framework.lightgbm_model import LightGBMModel

    estimator = LGBMClassifier(n_estimators=5, verbose=-1).fit(iris.data, iris.target)
    model = LightGBMModel(estimator, artifact_dir=str(tmp_path))
    model.prepare(X_sample=iris.data, y_sample=iris.target)
    running = Replica(tmp_path)
    try:
        assert running.wait("ready")["stages"][-1]["array"] is True
        wanted = estimator.predict(iris.data).tolist()
        assert running.predict(iris.data.to_numpy().tolist()) == (200, {"prediction": wanted})
    finally:
        running.close()
