"""scikit-learn through real processes: both formats, probabilities, and the classes of GenericModel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from ads.model.framework.sklearn_model import SklearnModel
from ads.model.generic_model import GenericModel

WINE = load_wine(as_frame=True)
ROWS = WINE.data.iloc[[0, 70, 170]]


def pipeline() -> Any:
    scale = FunctionTransformer(lambda frame: frame * 2)  # stored by cloudpickle alone
    return make_pipeline(scale, StandardScaler(), LogisticRegression()).fit(WINE.data, WINE.target)


@pytest.mark.parametrize(
    ("wrapper", "estimator", "options"),
    [
        (
            SklearnModel,
            make_pipeline(StandardScaler(), LogisticRegression()).fit(WINE.data, WINE.target),
            {"model_save_serializer": "joblib"},
        ),
        (SklearnModel, pipeline(), {"model_save_serializer": "cloudpickle"}),
        (GenericModel, pipeline(), {}),
    ],
)
def test_the_endpoint_answers_as_the_estimator(
    local_service: Path, tmp_path: Path, wrapper: Any, estimator: Any, options: dict[str, Any]
) -> None:
    model = wrapper(estimator, artifact_dir=str(tmp_path / "a"), **options)
    try:
        model.prepare(X_sample=ROWS, outputs=["predict", "predict_proba"])
        model.save(display_name="wine")
        model.deploy(display_name="wine")
        labels, chances = estimator.predict(ROWS).tolist(), estimator.predict_proba(ROWS)
        answer = model.predict(ROWS, auto_serialize_data=True)
        assert answer["prediction"] == labels
        np.testing.assert_allclose(answer["predict_proba"], chances)
        assert model.predict(ROWS.to_dict("records"), auto_serialize_data=False, outputs="predict") == {
            "prediction": labels
        }
    finally:
        model.delete(delete_associated_model_deployment=True)
