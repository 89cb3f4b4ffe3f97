"""Models of tables as ONNX: what is converted, what the endpoint answers, what is said when a converter gives up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from ads.model.framework.sklearn_model import SklearnModel
from ads.model.generic_model import GenericModel

pytestmark = [
    pytest.mark.needs("skl2onnx"),
    pytest.mark.needs("onnxruntime"),
]


@pytest.fixture(scope="module")
def flowers() -> tuple[pd.DataFrame, np.ndarray]:
    data = load_iris(as_frame=True)
    return data.data.iloc[::3], np.array(["setosa", "versicolor", "virginica"])[data.target][::3]


def onnx_model(estimator: Any, folder: Path, **options: Any) -> SklearnModel:
    return SklearnModel(estimator, artifact_dir=str(folder / "a")).prepare(as_onnx=True, **options)


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(max_iter=500),
        RandomForestClassifier(5, random_state=0),
        SVC(),
        GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)), {}, cv=2),
    ],
)
def test_classifiers_answer_labels_whatever_form_the_table_has(estimator: Any, flowers: Any, tmp_path: Path) -> None:
    x, species = flowers
    estimator.fit(x, species)
    model = onnx_model(estimator, tmp_path, X_sample=x)
    expected = estimator.predict(x[:4]).tolist()
    rows = x[:4]
    for payload in (rows, rows.to_numpy(), rows.to_numpy().tolist(), rows.to_dict("list"), rows.to_dict("records")):
        assert model.verify(payload) == {"prediction": expected}
    assert model.verify(rows.iloc[0].tolist()) == {"prediction": expected[:1]}


def test_the_artifact_holds_the_model_and_needs_only_its_runtime(flowers: Any, tmp_path: Path) -> None:
    x, species = flowers
    model = onnx_model(LogisticRegression(max_iter=500).fit(x, species), tmp_path, X_sample=x)
    names = {path.name for path in (tmp_path / "a").iterdir()}
    assert {"model.onnx", "onnx_data_transformer.json", "score.py", "input_schema.json", "sample.json"} <= names
    assert "model.joblib" not in names
    needed = (tmp_path / "a" / "requirements.txt").read_text()
    assert "onnxruntime==" in needed
    assert "scikit-learn" not in needed
    session = model.reload().score.model
    assert [(each.name, each.type, each.shape) for each in session.get_inputs()] == [
        ("input", "tensor(float)", [None, 4])
    ]
    again = SklearnModel.from_model_artifact(str(tmp_path / "a"), reload=True)
    assert type(again.estimator).__name__ == "InferenceSession"
    again.prepare(X_sample=x, force_overwrite=True)
    assert again.verify(x[:2]) == model.verify(x[:2])


def test_the_script_runs_without_scikit_learn(flowers: Any, tmp_path: Path) -> None:
    x, species = flowers
    estimator = LogisticRegression(max_iter=500).fit(x, species)
    onnx_model(estimator, tmp_path, X_sample=x)
    code = (
        "import sys, json; sys.modules.update({'sklearn': None, 'ads': None, 'skl2onnx': None})\n"
        "sys.path.insert(0, sys.argv[1]); import score\n"
        "print(json.dumps(score.predict(json.loads(sys.argv[2]))))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a"), json.dumps(x[:3].to_numpy().tolist())]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == {"prediction": estimator.predict(x[:3]).tolist()}


@pytest.mark.parametrize("targets", [1, 2, "a column"])
def test_regressions_have_the_shape_of_the_estimator(targets: Any, flowers: Any, tmp_path: Path) -> None:
    x, _ = flowers
    y = x.to_numpy() @ np.array([[1.0, 2.0], [0.5, 1.0], [0.1, 0.0], [0.0, 3.0]])
    y = {1: y[:, 0], 2: y, "a column": y[:, :1]}[targets]
    estimator = LinearRegression().fit(x, y)
    found = onnx_model(estimator, tmp_path, X_sample=x).verify(x[:4])["prediction"]
    assert np.shape(found) == np.shape(y[:4])
    np.testing.assert_allclose(found, estimator.predict(x[:4]), rtol=1e-4)


@pytest.mark.parametrize("kind", [bool, int])
def test_labels_keep_their_type(kind: Any, flowers: Any, tmp_path: Path) -> None:
    x, species = flowers
    estimator = LogisticRegression(max_iter=500).fit(x, (species == "setosa").astype(kind))
    found = onnx_model(estimator, tmp_path, X_sample=x).verify(x[:3])["prediction"]
    assert found == estimator.predict(x[:3]).tolist()
    assert {type(value) for value in found} == {kind}


def test_clusters(flowers: Any, tmp_path: Path) -> None:
    x, _ = flowers
    estimator = KMeans(3, n_init=1, random_state=0).fit(x)
    model = onnx_model(estimator, tmp_path, X_sample=x)
    assert model.verify(x)["prediction"] == estimator.predict(x).tolist()


@pytest.fixture
def towns() -> pd.DataFrame:
    return pd.DataFrame({"town": ["a", "b", "a", "c"] * 3, "size": np.arange(12.0), "rooms": [1, 2, 3, 4] * 3})


def test_mixed_columns_are_one_input_each_and_lists_work_too(towns: pd.DataFrame, tmp_path: Path) -> None:
    columns = make_column_transformer((OneHotEncoder(), ["town"]), (StandardScaler(), ["size", "rooms"]))
    estimator = make_pipeline(columns, LogisticRegression(max_iter=500)).fit(towns, [0, 1, 0, 2] * 3)
    model = onnx_model(estimator, tmp_path, X_sample=towns)
    expected = {"prediction": estimator.predict(towns[:3]).tolist()}
    shuffled = towns[["rooms", "town", "size"]]
    for payload in (towns[:3], shuffled[:3], towns[:3].to_numpy().tolist(), towns[:3].to_dict("list")):
        assert model.verify(payload) == expected
    assert [each.type for each in model.score.model.get_inputs()] == [
        "tensor(string)",
        "tensor(float)",
        "tensor(float)",
    ]


def test_texts(tmp_path: Path) -> None:
    lines = ["the match was won", "a goal in the match", "shares rose again", "THE market and shares"]
    estimator = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(lines, ["sport", "sport", "money", "money"])
    model = onnx_model(estimator, tmp_path, X_sample=lines)
    assert model.verify(lines)["prediction"] == estimator.predict(lines).tolist()
    assert model.verify("a goal")["prediction"] == ["sport"]


@pytest.mark.parametrize("keys", [[0, 1], ["size", "rooms"], ["size", 1], ["0", "rooms"]])
def test_values_for_gaps_are_found_by_name_or_place(keys: list[Any], tmp_path: Path) -> None:
    """Integer keys failed at scoring, and mixing them with names failed in prepare()."""
    x = pd.DataFrame({"size": np.arange(12.0), "rooms": [1.0, 2, 3, 4] * 3})
    estimator = Ridge().fit(x, x["size"] + x["rooms"])
    fill = dict(zip(keys, [7.0, 2.0], strict=True))
    model = onnx_model(estimator, tmp_path, X_sample=x, impute_values=fill)
    expected = estimator.predict(pd.DataFrame({"size": [7.0, 3.0], "rooms": [1.0, 2.0]}))
    gaps = pd.DataFrame({"size": [np.nan, 3.0], "rooms": [1.0, np.nan]})
    for payload in (gaps, gaps.to_numpy(), [[None, 1.0], [3.0, None]]):
        np.testing.assert_allclose(model.verify(payload)["prediction"], expected, rtol=1e-4)


def test_a_converters_own_words_are_shown_and_the_native_format_still_works(flowers: Any, tmp_path: Path) -> None:
    x, species = flowers
    estimator = make_pipeline(FunctionTransformer(np.log1p), LogisticRegression(max_iter=500)).fit(x, species)
    model = SklearnModel(estimator, artifact_dir=str(tmp_path / "a"))
    with pytest.raises(ValueError, match="FunctionTransformer is not supported") as caught:
        model.prepare(X_sample=x, as_onnx=True)
    assert "Leave as_onnx out" in str(caught.value)
    assert not (tmp_path / "a").exists()
    model.prepare(X_sample=x)
    assert (tmp_path / "a" / "model.joblib").exists()
    assert model.verify(x[:3])["prediction"] == estimator.predict(x[:3]).tolist()


def test_another_suffix_than_onnx_is_refused(flowers: Any, tmp_path: Path) -> None:
    model = SklearnModel(LogisticRegression(max_iter=500).fit(*flowers), artifact_dir=str(tmp_path / "a"))
    with pytest.raises(ValueError, match=r"end in \.onnx"):
        model.prepare(X_sample=flowers[0], as_onnx=True, model_file_name="model.joblib")
    model.prepare(X_sample=flowers[0], as_onnx=True, model_file_name="mine.onnx")
    assert (tmp_path / "a" / "mine.onnx").exists()


def test_a_generic_model_has_no_onnx_form(flowers: Any, tmp_path: Path) -> None:
    model = GenericModel(LogisticRegression(max_iter=500).fit(*flowers), artifact_dir=str(tmp_path / "a"))
    with pytest.raises(NotImplementedError, match="no ONNX form"):
        model.prepare(X_sample=flowers[0], as_onnx=True)


def test_without_a_sample_the_estimator_tells_the_width(flowers: Any, tmp_path: Path) -> None:
    estimator = LogisticRegression(max_iter=500).fit(flowers[0].to_numpy(), flowers[1])
    model = onnx_model(estimator, tmp_path)
    rows = flowers[0].to_numpy()[:3].tolist()
    assert model.verify(rows)["prediction"] == estimator.predict(rows).tolist()
    with pytest.raises(ValueError, match="shape"):
        model.verify([[1.0, 2.0]])


def test_types_that_nothing_tells_have_to_be_given(tmp_path: Path) -> None:
    lines = ["the match", "the market"] * 4
    estimator = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(lines, [0, 1] * 4)
    with pytest.raises(ValueError, match="can't be told"):
        onnx_model(estimator, tmp_path)
    with pytest.raises(ValueError, match="no name with a type"):
        onnx_model(estimator, tmp_path, initial_types=["input"])
    from skl2onnx.common.data_types import StringTensorType

    model = onnx_model(estimator, tmp_path, initial_types=[("line", StringTensorType([None, 1]))])
    assert model.verify([["the match"]])["prediction"] == [0]


def test_bytes_are_refused_with_a_sentence(flowers: Any, tmp_path: Path) -> None:
    model = onnx_model(LogisticRegression(max_iter=500).fit(*flowers), tmp_path, X_sample=flowers[0])
    with pytest.raises(ValueError, match="can't become the model's input"):
        model.verify(b"\x00\x01")
