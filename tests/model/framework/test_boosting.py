"""XGBoostModel and LightGBMModel: both interfaces of each library, every format, every form of data."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ads.errors import NotSupported
from ads.model.framework.lightgbm_model import LightGBMModel
from ads.model.framework.xgboost_model import XGBoostModel

pytestmark = pytest.mark.needs("xgboost", "lightgbm")

X, y = load_iris(return_X_y=True, as_frame=True)
ROWS = X.iloc[[0, 60, 140]]
ARRAY = X.to_numpy()


def xgb(trained_on):
    import xgboost

    return xgboost.XGBClassifier(n_estimators=4, max_depth=3, n_jobs=1).fit(trained_on, y)


def xgb_booster(trained_on):
    import xgboost

    data = xgboost.DMatrix(trained_on, label=y)
    return xgboost.train({"objective": "multi:softprob", "num_class": 3, "nthread": 1}, data, num_boost_round=3)


def lgbm(trained_on):
    import lightgbm

    return lightgbm.LGBMClassifier(n_estimators=4, verbose=-1, n_jobs=1).fit(trained_on, y)


def lgbm_booster(trained_on):
    import lightgbm

    settings = {"objective": "multiclass", "num_class": 3, "verbose": -1, "num_threads": 1}
    return lightgbm.train(settings, lightgbm.Dataset(trained_on, label=y), num_boost_round=3)


def own(estimator, data):
    if type(estimator).__module__ == "xgboost.core":
        import xgboost

        return estimator.predict(xgboost.DMatrix(data)).tolist()
    return estimator.predict(data).tolist()


CASES = {
    "XGBClassifier": (XGBoostModel, xgb, ["xgboost", "xgboost_ubj", "xgboost_txt", "joblib", "cloudpickle"]),
    "xgboost.Booster": (XGBoostModel, xgb_booster, ["xgboost", "xgboost_ubj", "xgboost_txt", "joblib", "cloudpickle"]),
    "LGBMClassifier": (LightGBMModel, lgbm, ["joblib", "cloudpickle"]),
    "lightgbm.Booster": (LightGBMModel, lgbm_booster, ["lightgbm", "joblib", "cloudpickle"]),
}
FILES = {
    "xgboost": "model.json",
    "xgboost_ubj": "model.ubj",
    "xgboost_txt": "model.txt",
    "lightgbm": "model.txt",
    "joblib": "model.joblib",
    "cloudpickle": "model.pkl",
}


@pytest.mark.parametrize(("name", "serializer"), [(name, each) for name in CASES for each in CASES[name][2]])
def test_every_format_answers_as_the_estimator_and_is_loaded_back(tmp_path, name, serializer):
    wrapper, train, _ = CASES[name]
    estimator = train(X)
    model = wrapper(estimator, artifact_dir=str(tmp_path / "a"), model_save_serializer=serializer)
    model.prepare(X_sample=X, y_sample=y)
    assert (tmp_path / "a" / FILES[serializer]).is_file()
    assert json.loads((tmp_path / "a" / "sample.json").read_text())["expected_from"] == "estimator"
    assert model.verify(ROWS) == {"prediction": own(estimator, ROWS)}
    assert model.introspect()["Result"].eq("Failed").sum() == 0
    again = wrapper.from_model_artifact(str(tmp_path / "a"), artifact_dir=str(tmp_path / "b"))
    assert again.verify(ROWS) == {"prediction": own(estimator, ROWS)}
    assert again.estimator is None
    loaded = wrapper.from_model_artifact(str(tmp_path / "a"), artifact_dir=str(tmp_path / "c"), reload=True)
    assert type(loaded.estimator) is type(estimator)
    assert own(loaded.estimator, ROWS) == own(estimator, ROWS)
    loaded.prepare(X_sample=X, force_overwrite=True)
    assert loaded.verify(ROWS) == {"prediction": own(estimator, ROWS)}


FORMS = {
    "frame": ROWS,
    "array": ROWS.to_numpy(),
    "list": ROWS.to_numpy().tolist(),
    "records": ROWS.to_dict("records"),
    "columns in another order, a surplus one too": ROWS.assign(z=1.0).iloc[:, ::-1],
}


@pytest.mark.parametrize("sampled", [True, False])
@pytest.mark.parametrize("trained_on", ["frame", "array"])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_what_was_trained_on_a_frame_takes_arrays_and_lists_and_the_other_way_round(
    tmp_path, name, trained_on, sampled
):
    wrapper, train, _ = CASES[name]
    data = X if trained_on == "frame" else ARRAY
    estimator = train(data)
    model = wrapper(estimator, artifact_dir=str(tmp_path / "a"))
    model.prepare(X_sample=data if sampled else None, sample_rows=0)
    expected = own(estimator, data.iloc[ROWS.index] if trained_on == "frame" else data[ROWS.index])
    for form, payload in FORMS.items():
        if not form.startswith("columns") or trained_on == "frame":  # an array has no names to put into an order
            assert model.verify(payload) == {"prediction": expected}, form


@pytest.mark.parametrize("outputs", ["predict_proba", ["predict", "predict_proba"]])
@pytest.mark.parametrize("name", ["XGBClassifier", "LGBMClassifier"])
def test_probabilities_are_answered_where_they_are_asked_for(tmp_path, name, outputs):
    wrapper, train, _ = CASES[name]
    estimator = train(X)
    model = wrapper(estimator, artifact_dir=str(tmp_path / "a")).prepare(X_sample=X, outputs=outputs)
    chances = estimator.predict_proba(ROWS).tolist()
    both = {"prediction": estimator.predict(ROWS).tolist(), "predict_proba": chances}
    assert model.verify(ROWS) == ({"prediction": chances} if isinstance(outputs, str) else both)
    assert model.verify(ROWS, outputs=["predict", "predict_proba"]) == both
    assert model.verify(ROWS, outputs="predict") == {"prediction": both["prediction"]}


@pytest.mark.parametrize("name", ["xgboost.Booster", "lightgbm.Booster"])
def test_a_booster_has_no_probabilities_beside_its_prediction(tmp_path, name):
    wrapper, train, _ = CASES[name]
    model = wrapper(train(X), artifact_dir=str(tmp_path / "a"))
    with pytest.raises(ValueError, match="which a Booster doesn't have"):
        model.prepare(X_sample=X, outputs="predict_proba")


def categorical():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"n": rng.normal(size=120), "city": pd.Categorical(rng.choice(["x", "y", "z"], 120))})
    return frame, ((frame["city"] == "z") | (frame["n"] > 1)).astype(int)


def categorical_estimators():
    import lightgbm
    import xgboost

    frame, target = categorical()
    data = xgboost.DMatrix(frame, label=target, enable_categorical=True)
    lgb = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(frame, target)
    return {
        "XGBClassifier": xgboost.XGBClassifier(n_estimators=5, enable_categorical=True).fit(frame, target),
        "xgboost.Booster": xgboost.train({"objective": "binary:logistic"}, data, num_boost_round=5),
        "LGBMClassifier": lgb,
        "lightgbm.Booster": lgb.booster_,
    }


@pytest.mark.parametrize("name", CASES)
def test_categories_keep_their_meaning_whatever_is_sent(tmp_path, name):
    frame, _ = categorical()
    estimator = categorical_estimators()[name]
    model = CASES[name][0](estimator, artifact_dir=str(tmp_path / "a")).prepare(X_sample=frame)
    some = frame[frame["city"] != "y"].head(20)
    expected = model.own_prediction(some).tolist()
    fewer = some.assign(city=some["city"].cat.remove_unused_categories())
    texts = some.assign(city=some["city"].astype("object"))
    for data in (some, fewer, texts, texts.to_dict("records"), texts.to_numpy().tolist(), texts.to_dict("list")):
        np.testing.assert_allclose(model.verify(data)["prediction"], expected, rtol=1e-6)
    assert len(set(expected)) > 1


def test_categories_that_an_older_xgboost_would_forget_are_refused_before_anything_is_written(tmp_path, monkeypatch):
    import xgboost

    estimator, frame = categorical_estimators()["XGBClassifier"], categorical()[0]
    monkeypatch.setattr(xgboost, "__version__", "3.0.5")
    with pytest.raises(NotSupported, match=r"3\.0\.5 doesn't keep the categories of"):
        XGBoostModel(estimator, artifact_dir=str(tmp_path / "artifact")).prepare(X_sample=frame)
    assert not (tmp_path / "artifact").exists()


@pytest.mark.parametrize("wrapper", [XGBoostModel, LightGBMModel])
@pytest.mark.parametrize(
    "estimator", [object(), "model", None, LogisticRegression(), make_pipeline(LogisticRegression()), print]
)
def test_estimators_of_others_are_refused_by_name(wrapper, estimator):
    with pytest.raises(TypeError, match="is not an estimator of"):
        wrapper(estimator)


def test_a_class_is_not_an_estimator():
    import xgboost

    with pytest.raises(TypeError, match="is a class"):
        XGBoostModel(xgboost.XGBClassifier)
    with pytest.raises(TypeError, match="not an estimator of LightGBM"):
        LightGBMModel(xgboost.XGBClassifier())


def test_an_estimator_of_lightgbm_is_not_reduced_to_its_booster(tmp_path):
    model = LightGBMModel(lgbm(X), artifact_dir=str(tmp_path / "a"), model_save_serializer="lightgbm")
    with pytest.raises(ValueError, match="loses its labels"):
        model.prepare(X_sample=X)


@pytest.mark.parametrize("name", CASES)
def test_the_metadata_names_library_class_and_parameters(tmp_path, name):
    wrapper, train, _ = CASES[name]
    model = wrapper(train(X), artifact_dir=str(tmp_path / "a")).prepare(X_sample=X)
    library = "xgboost" if wrapper is XGBoostModel else "lightgbm"
    assert model.metadata_taxonomy["Framework"].value == library
    assert model.metadata_taxonomy["Algorithm"].value == name.rpartition(".")[2]
    assert model.metadata_taxonomy["FrameworkVersion"].value == __import__(library).__version__
    assert f"{library}" in (tmp_path / "a" / "requirements.txt").read_text()
    assert model.metadata_taxonomy["Hyperparameters"].value


def test_a_model_without_names_of_columns_is_read_by_position(tmp_path):
    estimator = xgb_booster(ARRAY)
    model = XGBoostModel(estimator, artifact_dir=str(tmp_path / "a")).prepare(X_sample=ARRAY)
    assert model.verify(ARRAY[:2]) == {"prediction": own(estimator, ARRAY[:2])}


def test_names_with_blanks_are_found_where_lightgbm_writes_underlines(tmp_path):
    import lightgbm

    frame = X.set_axis(["sepal length", "sepal width", "petal", "b c"], axis=1)
    estimator = lightgbm.train({"verbose": -1}, lightgbm.Dataset(frame, label=y), num_boost_round=3)
    model = LightGBMModel(estimator, artifact_dir=str(tmp_path / "a")).prepare()
    assert model.verify(frame.iloc[:5, ::-1]) == {"prediction": estimator.predict(frame.head()).tolist()}
