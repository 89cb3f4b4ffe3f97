"""What a model says of itself in the catalog."""

import json

import numpy as np
import pytest

from ads.model.description import check_use_case, make_schemas
from ads.model.framework.sklearn_model import SklearnModel

pytestmark = pytest.mark.usefixtures("no_service")


def test_use_cases_are_checked():
    check_use_case(None)
    check_use_case("Regression")
    with pytest.raises(ValueError, match="regression"):
        check_use_case("regresion")


def test_samples_without_a_schema_leave_a_word(caplog):
    schemas = make_schemas(np.zeros((2, 30)), "text", max_col_num=10)
    assert (schemas.input, schemas.output) == (None, None)
    assert "X_sample" in caplog.text
    assert "y_sample" in caplog.text


def test_large_hyperparameters_go_into_a_file(classifier, tmp_path):
    model = SklearnModel(classifier, artifact_dir=str(tmp_path / "a"))
    model.hyperparameter = {"grid": ["x" * 100] * 400}
    model.prepare()
    assert model.metadata_taxonomy["Hyperparameters"].value is None
    assert json.loads((tmp_path / "a" / "Hyperparameters.json").read_text()) == model.hyperparameter


def test_own_metadata_survives_a_second_prepare(classifier, tmp_path):
    model = SklearnModel(classifier, artifact_dir=str(tmp_path / "a")).prepare()
    model.metadata_custom.add("team", "risk")
    model.prepare(force_overwrite=True)
    assert model.metadata_custom["team"].value == "risk"
    assert model.metadata_custom["ModelFileName"].value == "model.joblib"
