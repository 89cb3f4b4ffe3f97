"""XGBoost and LightGBM models as ONNX: estimators and boosters, with a sample and without one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from ads.model.framework.lightgbm_model import LightGBMModel
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.framework.xgboost_model import XGBoostModel

pytestmark = [pytest.mark.needs("onnxmltools", "onnxruntime", "xgboost", "lightgbm")]

IRIS = load_iris(as_frame=True)
X = IRIS.data.rename(columns=lambda name: name.replace(" (cm)", "").replace(" ", "_"))
SPECIES = IRIS.target.to_numpy()
AMOUNT = X.to_numpy() @ [2.0, 1.0, 0.5, 0.25]


def xgb_estimator(name: str, y: Any) -> Any:
    import xgboost

    return getattr(xgboost, name)(n_estimators=4, max_depth=3).fit(X, y)


def xgb_booster(objective: str, y: Any, **parameters: Any) -> Any:
    import xgboost

    return xgboost.train({"objective": objective, "max_depth": 3, **parameters}, xgboost.DMatrix(X, label=y), 4)


def lgbm_estimator(name: str, y: Any) -> Any:
    import lightgbm

    return getattr(lightgbm, name)(n_estimators=4, verbose=-1).fit(X, y)


def lgbm_booster(objective: str, y: Any, **parameters: Any) -> Any:
    import lightgbm

    return lightgbm.train({"objective": objective, "verbose": -1, **parameters}, lightgbm.Dataset(X, y), 4)


CASES = {
    "xgb labels": lambda: (XGBoostModel, xgb_estimator("XGBClassifier", SPECIES)),
    "xgb two labels": lambda: (XGBoostModel, xgb_estimator("XGBClassifier", SPECIES == 1)),
    "xgb numbers": lambda: (XGBoostModel, xgb_estimator("XGBRegressor", AMOUNT)),
    "xgb booster of two": lambda: (XGBoostModel, xgb_booster("binary:logistic", SPECIES == 1)),
    "xgb booster of three": lambda: (XGBoostModel, xgb_booster("multi:softprob", SPECIES, num_class=3)),
    "lgbm labels": lambda: (LightGBMModel, lgbm_estimator("LGBMClassifier", np.array(["a", "b", "c"])[SPECIES])),
    "lgbm numbers": lambda: (LightGBMModel, lgbm_estimator("LGBMRegressor", AMOUNT)),
    "lgbm booster of two": lambda: (LightGBMModel, lgbm_booster("binary", (SPECIES == 1).astype(int))),
    "lgbm booster of three": lambda: (LightGBMModel, lgbm_booster("multiclass", SPECIES, num_class=3)),
}


@pytest.mark.parametrize("sampled", [True, False], ids=["with a sample", "without"])
@pytest.mark.parametrize("case", CASES)
def test_the_endpoint_answers_as_the_estimator(case: str, sampled: bool, tmp_path: Path) -> None:
    wrapper, estimator = CASES[case]()
    model = wrapper(estimator, artifact_dir=str(tmp_path / "a"))
    model.prepare(X_sample=X if sampled else None, as_onnx=True)
    assert model.model_file_name == "model.onnx"
    rows = X.iloc[[0, 60, 149]]
    expected = np.asarray(model.own_prediction(rows))
    payloads = [rows.to_numpy().tolist(), rows.to_numpy(), *([rows, rows.to_dict("records")] if sampled else [])]
    for payload in payloads:
        found = np.asarray(model.verify(payload)["prediction"])
        assert found.shape == expected.shape
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(found, expected, rtol=1e-4)
        else:
            assert found.tolist() == expected.tolist()


def test_probabilities_are_given_when_a_request_asks_for_them(tmp_path: Path) -> None:
    estimator = xgb_estimator("XGBClassifier", SPECIES)
    model = XGBoostModel(estimator, artifact_dir=str(tmp_path / "a")).prepare(X_sample=X, as_onnx=True)
    rows = X.iloc[[0, 60]]
    answer = model.verify(rows, outputs=["predict", "predict_proba"])
    assert answer["prediction"] == [0, 1]
    np.testing.assert_allclose(answer["predict_proba"], estimator.predict_proba(rows), rtol=1e-4)
    booster = XGBoostModel(xgb_booster("binary:logistic", SPECIES == 1), artifact_dir=str(tmp_path / "b"))
    booster.prepare(X_sample=X, as_onnx=True)
    with pytest.raises(ValueError, match="has no predict_proba"):
        booster.verify(rows, outputs="predict_proba")


@pytest.mark.parametrize("step", ["LGBMClassifier", "XGBClassifier"])
def test_a_booster_as_the_last_step_of_a_pipeline(step: str, tmp_path: Path) -> None:
    import lightgbm
    import xgboost

    last = {"LGBMClassifier": lightgbm.LGBMClassifier(n_estimators=4, verbose=-1), "XGBClassifier": None}[step]
    pipeline = make_pipeline(MinMaxScaler(), last or xgboost.XGBClassifier(n_estimators=4, max_depth=2))
    pipeline.fit(X.to_numpy(), SPECIES)
    model = SklearnModel(pipeline, artifact_dir=str(tmp_path / "a")).prepare(X_sample=X.to_numpy(), as_onnx=True)
    rows = X.to_numpy()[[0, 60, 149]]
    assert model.verify(rows)["prediction"] == pipeline.predict(rows).tolist()
