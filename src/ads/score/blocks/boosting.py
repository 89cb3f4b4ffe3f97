# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""XGBoost and LightGBM: loading their own formats, and putting columns under the names that the model knows."""

from functools import lru_cache

from ads.score.blocks.inference import post_inference, pre_inference
from ads.score.blocks.loading import checked_path
from ads.score.blocks.payload import fetch_data_type_from_schema, methods_for
from ads.score.blocks.script import INPUT_SCHEMA, estimator_class, load_model, model_name, outputs


@lru_cache(maxsize=10)
def load_xgboost(model_file_name=model_name):
    """Return the model, loaded once: the estimator that was saved, or a Booster."""
    import xgboost

    model = getattr(xgboost, estimator_class)()
    with open(checked_path(model_file_name), "rb") as model_file:
        model.load_model(bytearray(model_file.read()))
    return model


@lru_cache(maxsize=10)
def load_lightgbm(model_file_name=model_name):
    """Return the model, loaded once: a Booster."""
    import lightgbm

    return lightgbm.Booster(model_file=checked_path(model_file_name))


def predict_with_xgboost(data, model=load_model(), input_schema_path=INPUT_SCHEMA):  # noqa: B008
    """Return the answer to one request: the decoded JSON body, or bytes."""
    features = for_xgboost(pre_inference(data, input_schema_path), model)
    methods = methods_for(model, data, outputs, fetch_data_type_from_schema(input_schema_path))
    return {name: post_inference(method(features)) for name, method in methods.items()}


def predict_with_lightgbm(data, model=load_model(), input_schema_path=INPUT_SCHEMA):  # noqa: B008
    """Return the answer to one request: the decoded JSON body, or bytes."""
    features = for_lightgbm(pre_inference(data, input_schema_path), model)
    methods = methods_for(model, data, outputs, fetch_data_type_from_schema(input_schema_path))
    return {name: post_inference(method(features)) for name, method in methods.items()}


def for_xgboost(features, model):
    """Return the features with the model's columns in its order, as a DMatrix where the model is a Booster."""
    is_booster = hasattr(model, "feature_names")
    names = model.feature_names if is_booster else model.get_booster().feature_names
    features = in_order(features, names or [])
    if not is_booster or isinstance(features, bytes):
        return features
    import numpy as np
    import xgboost

    if hasattr(features, "columns"):
        return xgboost.DMatrix(features, enable_categorical=True)
    return xgboost.DMatrix(np.asarray(features, dtype="float64"), feature_names=names)


def for_lightgbm(features, model):
    """Return the features with the model's columns in its order. LightGBM itself goes by the position alone."""
    names = model.feature_name() if callable(getattr(model, "feature_name", None)) else model.feature_name_
    return in_order(features, names)


def in_order(features, names):
    """Return a frame with these columns in this order; what does not have all of them stays as it is."""
    if not names or not hasattr(features, "columns"):
        return features
    known = {str(label).replace(" ", "_"): label for label in features.columns}
    wanted = [known.get(name.replace(" ", "_")) for name in names]  # LightGBM writes blanks as underlines
    if None in wanted or wanted == list(features.columns):
        return features
    return features[wanted]
