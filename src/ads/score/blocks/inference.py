# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""From the payload to the answer: what happens before, in and after the model's own ``predict``."""

from ads.score.blocks.payload import deserialize, fetch_data_type_from_schema, methods_for
from ads.score.blocks.script import INPUT_SCHEMA, load_model, outputs


def pre_inference(data, input_schema_path=INPUT_SCHEMA):
    """Return what the model gets. Your own preprocessing goes here."""
    return deserialize(data, input_schema_path)


def post_inference(yhat):
    """Return the prediction as JSON can carry it. Your own postprocessing goes here."""
    if isinstance(yhat, (list, tuple)):
        return [post_inference(value) for value in yhat]
    yhat = yhat.to_numpy() if hasattr(yhat, "to_numpy") else yhat
    yhat = yhat.toarray() if hasattr(yhat, "toarray") else yhat
    return yhat.tolist() if hasattr(yhat, "tolist") else yhat


def predict_with_estimator(data, model=load_model(), input_schema_path=INPUT_SCHEMA):  # noqa: B008
    """Return the answer to one request: the decoded JSON body, or bytes."""
    features = pre_inference(data, input_schema_path)
    methods = methods_for(model, data, outputs, fetch_data_type_from_schema(input_schema_path))
    return {name: post_inference(method(features)) for name, method in methods.items()}
