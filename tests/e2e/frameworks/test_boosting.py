"""XGBoost and LightGBM through real processes: every format is deployed and answers as the estimator does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_wine

from ads.errors import ModelDeploymentPredictError
from ads.model.framework.lightgbm_model import LightGBMModel
from ads.model.framework.xgboost_model import XGBoostModel
from ads.model.generic_model import GenericModel

pytestmark = pytest.mark.needs("xgboost", "lightgbm")

WINE = load_wine(as_frame=True)
ROWS = WINE.data.iloc[[0, 70, 170]]
DIABETES = load_diabetes(as_frame=True)


def xgb_classifier() -> tuple[Any, pd.DataFrame, Any]:
    import xgboost

    estimator = xgboost.XGBClassifier(n_estimators=5, max_depth=3).fit(WINE.data, WINE.target)
    return estimator, ROWS, estimator.predict(ROWS)


def xgb_booster() -> tuple[Any, pd.DataFrame, Any]:
    import xgboost

    frame = DIABETES.data.assign(sex=pd.Categorical(np.where(DIABETES.data["sex"] > 0, "m", "f")))
    data = xgboost.DMatrix(frame, label=DIABETES.target, enable_categorical=True)
    estimator = xgboost.train({"max_depth": 3}, data, num_boost_round=5)
    some = frame[frame["sex"] == "m"].head(4)
    return estimator, some, estimator.predict(xgboost.DMatrix(some, enable_categorical=True))


def lgbm_classifier() -> tuple[Any, pd.DataFrame, Any]:
    import lightgbm

    estimator = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(WINE.data, WINE.target)
    return estimator, ROWS, estimator.predict(ROWS)


def lgbm_booster() -> tuple[Any, pd.DataFrame, Any]:
    import lightgbm

    frame = DIABETES.data.assign(sex=pd.Categorical(np.where(DIABETES.data["sex"] > 0, "m", "f")))
    estimator = lightgbm.train({"verbose": -1}, lightgbm.Dataset(frame, label=DIABETES.target), num_boost_round=5)
    some = frame[frame["sex"] == "m"].head(4)
    return estimator, some, estimator.predict(some)


def deployed(model: GenericModel, sample: pd.DataFrame, **options: Any) -> Any:
    model.prepare(X_sample=sample, **options)
    model.verify(sample)
    model.save(display_name="boosting")
    return model.deploy(display_name="boosting")


@pytest.mark.parametrize(
    ("wrapper", "train", "serializer"),
    [
        (XGBoostModel, xgb_classifier, "xgboost"),
        (XGBoostModel, xgb_classifier, "xgboost_ubj"),
        (XGBoostModel, xgb_classifier, "xgboost_txt"),
        (XGBoostModel, xgb_classifier, "joblib"),
        (XGBoostModel, xgb_booster, "xgboost"),
        (XGBoostModel, xgb_booster, "cloudpickle"),
        (LightGBMModel, lgbm_classifier, "joblib"),
        (LightGBMModel, lgbm_classifier, "cloudpickle"),
        (LightGBMModel, lgbm_booster, "lightgbm"),
        (LightGBMModel, lgbm_booster, "joblib"),
    ],
)
def test_the_endpoint_answers_as_the_estimator(
    local_service: Path, tmp_path: Path, wrapper: Any, train: Any, serializer: str
) -> None:
    estimator, rows, expected = train()
    model = wrapper(estimator, artifact_dir=str(tmp_path / "a"), model_save_serializer=serializer)
    try:
        deployed(model, rows)
        np.testing.assert_allclose(model.predict(rows)["prediction"], expected, rtol=1e-6)
        np.testing.assert_allclose(model.predict(rows.to_numpy().tolist())["prediction"], expected, rtol=1e-6)
        turned = rows.assign(surplus="?").iloc[:, ::-1]
        np.testing.assert_allclose(model.predict(turned)["prediction"], expected, rtol=1e-6)
        again = wrapper.from_model_catalog(model.model_id, artifact_dir=str(tmp_path / "b"))
        np.testing.assert_allclose(again.verify(rows)["prediction"], expected, rtol=1e-6)
    finally:
        model.delete(delete_associated_model_deployment=True)


@pytest.mark.parametrize(("wrapper", "train"), [(XGBoostModel, xgb_classifier), (LightGBMModel, lgbm_classifier)])
def test_probabilities_come_from_the_endpoint_where_they_are_asked_for(
    local_service: Path, tmp_path: Path, wrapper: Any, train: Any
) -> None:
    estimator, rows, expected = train()
    model = wrapper(estimator, artifact_dir=str(tmp_path / "a"))
    chances = estimator.predict_proba(rows)
    try:
        deployed(model, rows, outputs=["predict", "predict_proba"])
        answer = model.predict(rows)
        assert answer["prediction"] == expected.tolist()
        np.testing.assert_allclose(answer["predict_proba"], chances, rtol=1e-6)
        assert model.predict(rows, outputs="predict") == {"prediction": expected.tolist()}
        np.testing.assert_allclose(model.predict(rows, outputs="predict_proba")["prediction"], chances, rtol=1e-6)
        with pytest.raises(ModelDeploymentPredictError, match="not known") as raised:
            model.predict({"data": rows.to_numpy().tolist(), "outputs": "score"}, auto_serialize_data=False)
        assert raised.value.status == 400
    finally:
        model.delete(delete_associated_model_deployment=True)
