"""Probabilities beside or instead of the prediction: for a script, and for one request."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from ads.errors import InputError
from ads.score import Recipe

FRAME = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]})
MODEL = LogisticRegression().fit(FRAME, [0, 0, 1, 1])
ROWS = FRAME.to_numpy().tolist()
LABELS = MODEL.predict(FRAME).tolist()
CHANCES = MODEL.predict_proba(FRAME).tolist()


def recipe(*outputs):
    return Recipe("sklearn", "joblib", "model.joblib", outputs=outputs)


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        (("predict",), {"prediction": LABELS}),
        (("predict_proba",), {"prediction": CHANCES}),
        (("predict", "predict_proba"), {"prediction": LABELS, "predict_proba": CHANCES}),
        (("predict_proba", "predict"), {"prediction": LABELS, "predict_proba": CHANCES}),
    ],
)
def test_the_script_answers_what_its_recipe_names_and_what_a_request_asks_for(script, outputs, expected):
    assert script(MODEL, FRAME, recipe(*outputs)).predict(ROWS) == expected
    made = script(MODEL, FRAME, recipe("predict"))
    assert made.predict({"data": ROWS, "outputs": list(outputs)}) == expected
    assert made.predict({"data": FRAME.to_dict("records"), "outputs": list(outputs)}) == expected
    assert made.predict({"columns": ["a", "b"], "data": ROWS, "outputs": list(outputs)}) == expected
    if len(outputs) == 1:
        assert made.predict({"data": ROWS, "outputs": outputs[0]}) == expected


@pytest.mark.parametrize(
    "outputs", ["probabilities", ["predict", "score"], [], 5, {"a": 1}, ["__class__"], [["predict"]]]
)
def test_an_unknown_output_is_the_callers_mistake(script, outputs):
    made = script(MODEL, FRAME)
    with pytest.raises(made.score_payload.InputError, match="output") as raised:
        made.predict({"data": ROWS, "outputs": outputs})
    assert raised.value.http_status == 400


def test_what_the_model_does_not_have_is_named(script):
    made = script(LinearRegression().fit(FRAME, [0, 0, 1, 1]), FRAME)
    with pytest.raises(made.score_payload.InputError, match="a LinearRegression, has no predict_proba"):
        made.predict({"data": ROWS, "outputs": "predict_proba"})


def test_a_feature_called_outputs_is_a_column(script):
    frame = pd.DataFrame({"outputs": [0.0, 1.0], "data": [1.0, 0.0]})
    made = script(MODEL, frame)
    pd.testing.assert_frame_equal(made.deserialize(frame.to_dict("list")), frame)
    only = pd.DataFrame({"outputs": [0.0, 1.0]})
    model = LogisticRegression().fit(only, [0, 1])
    assert script(model, only).predict({"outputs": [0.0, 1.0]}) == {"prediction": model.predict(only).tolist()}


def test_probabilities_of_several_targets_are_lists(script):
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(n_estimators=2, random_state=0).fit(
        FRAME, np.array([[0, 1], [0, 1], [1, 0], [1, 0]])
    )
    got = script(model, FRAME, recipe("predict_proba")).predict(ROWS)
    assert got == {"prediction": [each.tolist() for each in model.predict_proba(FRAME)]}


def test_a_recipe_with_unknown_outputs_is_refused():
    with pytest.raises(InputError, match="can't have outputs"):
        recipe("score")
    with pytest.raises(InputError, match="can't have outputs"):
        recipe()
