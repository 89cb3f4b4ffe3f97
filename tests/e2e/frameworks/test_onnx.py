"""Models of tables in ONNX form through real processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_wine
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from ads.errors import ModelDeploymentPredictError
from ads.model.framework.lightgbm_model import LightGBMModel
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.framework.xgboost_model import XGBoostModel

pytestmark = pytest.mark.needs("skl2onnx", "onnxmltools", "onnxruntime", "xgboost", "lightgbm")

DIABETES = load_diabetes(as_frame=True)
WINE = load_wine(as_frame=True)


def pipeline() -> tuple[Any, Any, pd.DataFrame]:
    x = DIABETES.data[["age", "bmi", "bp"]].assign(sex=np.where(DIABETES.data["sex"] > 0, "m", "f"))
    columns = make_column_transformer((OneHotEncoder(), ["sex"]), (StandardScaler(), ["age", "bmi", "bp"]))
    return SklearnModel, make_pipeline(columns, Ridge()).fit(x, DIABETES.target), x


def xgboost_classifier() -> tuple[Any, Any, pd.DataFrame]:
    import xgboost

    return XGBoostModel, xgboost.XGBClassifier(n_estimators=5, max_depth=3).fit(WINE.data, WINE.target), WINE.data


def lightgbm_classifier() -> tuple[Any, Any, pd.DataFrame]:
    import lightgbm

    return LightGBMModel, lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(WINE.data, WINE.target), WINE.data


@pytest.mark.parametrize("train", [pipeline, xgboost_classifier, lightgbm_classifier])
def test_the_endpoint_answers_as_the_estimator(train: Any, local_service: Path, tmp_path: Path) -> None:
    wrapper, estimator, x = train()
    some = x.iloc[[0, 70, 170]]
    expected = estimator.predict(some)
    model = wrapper(estimator, artifact_dir=str(tmp_path / "artifact"))
    model.prepare(X_sample=x, as_onnx=True)
    model.verify(some)
    model.save(display_name="onnx")
    model.deploy(display_name="onnx")
    try:
        payloads = (some, some[some.columns[::-1]], some.to_numpy().tolist(), some.to_dict("records"))
        for payload in payloads:
            np.testing.assert_allclose(model.predict(payload)["prediction"], expected, rtol=1e-4)
        with pytest.raises(ModelDeploymentPredictError, match="column"):
            model.predict([{x.columns[0]: 1.0}])
    finally:
        model.delete(delete_associated_model_deployment=True)
