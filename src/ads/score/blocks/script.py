"""What a block finds in the script around it. ``load_model`` stands in for the chosen loader."""

import os

HERE = os.path.dirname(os.path.realpath(__file__))
INPUT_SCHEMA = os.path.join(HERE, "input_schema.json")
model_name = "model.joblib"
estimator_class = "Booster"
outputs = ["predict"]
task = ""


class InputError(ValueError):
    """The payload can't be used. The caller gets this text, with HTTP status 400."""

    http_status = 400


def load_model(model_file_name=model_name):  # type: ignore[no-untyped-def]
    """Return the model."""
    return model_file_name
