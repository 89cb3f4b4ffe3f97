# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""TensorFlow: loading Keras files and SavedModel folders, and tensors from payloads and back."""

import os
from contextlib import suppress
from functools import lru_cache

from ads.score.blocks.inference import pre_inference
from ads.score.blocks.loading import checked_path
from ads.score.blocks.payload import columns_of, fetch_data_type_from_schema, read_table, table, unwrap
from ads.score.blocks.script import INPUT_SCHEMA, InputError, load_model, model_name


@lru_cache(maxsize=10)
def load_keras(model_file_name=model_name):
    """Return the model, loaded once, without what only training needs."""
    import tensorflow as tf

    take_memory_as_needed(tf)
    return tf.keras.models.load_model(checked_path(model_file_name), compile=False)


@lru_cache(maxsize=10)
def load_saved_model(model_file_name=model_name):
    """Return the model, loaded once from its SavedModel folder."""
    import tensorflow as tf

    take_memory_as_needed(tf)
    checked_path(os.path.join(model_file_name, "saved_model.pb"))
    return tf.saved_model.load(checked_path(model_file_name))


def take_memory_as_needed(tf):
    """Let several replicas share a GPU: TensorFlow would take all of its memory at once."""
    for gpu in tf.config.list_physical_devices("GPU"):
        with suppress(RuntimeError):  # this process uses the GPU already
            tf.config.experimental.set_memory_growth(gpu, True)


def deserialize(data, input_schema_path=INPUT_SCHEMA):
    """Return the payload as the frame or array of the training data; other tensors as they were sent."""
    return read_tensors(data, fetch_data_type_from_schema(input_schema_path))


def post_inference(yhat):
    """Return the prediction as JSON can carry it. Your own postprocessing goes here."""
    if isinstance(yhat, dict):
        return {name: post_inference(value) for name, value in yhat.items()}
    if isinstance(yhat, (list, tuple)):
        return [post_inference(value) for value in yhat]
    yhat = yhat.numpy() if hasattr(yhat, "numpy") else yhat
    yhat = yhat.tolist() if hasattr(yhat, "tolist") else yhat
    return yhat.decode() if isinstance(yhat, bytes) else post_inference(yhat) if is_texts(yhat) else yhat


def predict_with_keras(data, model=load_model(), input_schema_path=INPUT_SCHEMA):  # noqa: B008
    """Return the answer to one request: the decoded JSON body, or bytes."""
    features = pre_inference(data, input_schema_path)
    return {"prediction": post_inference(model(keras_inputs(features, model)))}


def predict_with_saved_model(data, model=load_model(), input_schema_path=INPUT_SCHEMA):  # noqa: B008
    """Return the answer to one request: the decoded JSON body, or bytes."""
    features = pre_inference(data, input_schema_path)
    signature = model.signatures["serving_default"]
    yhat = signature(**by_name(features, signature.structured_input_signature[1]))
    return {"prediction": post_inference(unnamed(yhat))}


def read_tensors(data, dtypes):
    """Return the table that a payload holds if the model was trained on one, else the tensors as they were sent."""
    if dtypes or isinstance(data, bytes):
        return read_table(data, dtypes)
    data, about = unwrap(data, dtypes)
    return table(columns_of(data, dtypes), dtypes, about) if about else data


def keras_inputs(features, model):
    """Return the tensors for a Keras model: one, or as many as it has inputs, in the structure that it wants."""
    wanted = getattr(model, "inputs", None) or [None]
    if len(wanted) == 1:
        return as_tensor(features, wanted[0])
    tensors = by_name(features, {one.name: one for one in wanted})
    return tensors if isinstance(getattr(model, "input", None), dict) else list(tensors.values())


def by_name(features, wanted):
    """Return {name: tensor} for the inputs of a model, from columns, a dictionary, or a list in their order."""
    if len(wanted) == 1:
        (name,) = wanted
        named = isinstance(features, dict) and name in features
        return {name: as_tensor(features[name] if named else features, wanted[name])}
    if isinstance(features, (list, tuple)) and len(features) == len(wanted):
        features = dict(zip(wanted, features))  # noqa: B905 - Python 3.8
    for name in wanted:
        if not hasattr(features, "keys") or name not in features:
            raise InputError("The model has the inputs %s; %r is missing." % (", ".join(wanted), name))
    return {name: as_tensor(features[name], wanted[name]) for name in wanted}


def as_tensor(value, wanted):
    """Return the value as a tensor of the wanted dtype and shape; one example alone becomes a batch of one."""
    import numpy as np
    import tensorflow as tf

    if isinstance(value, dict):
        value = table(columns_of(value, {}), {}, {})
    value = value.to_numpy() if hasattr(value, "to_numpy") else value
    dtype = getattr(wanted, "dtype", None)
    is_text = isinstance(value, (str, bytes)) or is_texts(value)
    try:
        array = np.asarray(value) if not is_text else np.array(value, dtype="object")
        array = array.astype("float64") if array.dtype == "object" and not is_text else array
    except (TypeError, ValueError) as error:
        raise InputError("The payload is no tensor: %s" % error) from None
    if dtype is not None and is_text != (tf.as_dtype(dtype) == tf.string):
        raise InputError("The model takes %s, not %s." % (tf.as_dtype(dtype).name, "texts" if is_text else array.dtype))
    array = as_batch(array, getattr(wanted, "shape", None))
    return tf.constant(array.tolist()) if is_text else array if dtype is None else tf.cast(array, dtype)


def as_batch(array, shape):
    """Return the array with the dimensions that the model takes."""
    if shape is None or getattr(shape, "rank", 0) is None:
        return array
    for candidate in (array, array[None], array[..., None]):
        sizes = zip(tuple(shape)[1:], candidate.shape[1:])  # noqa: B905 - Python 3.8
        if candidate.ndim == len(shape) and all(size in (None, own) for size, own in sizes):
            return candidate
    raise InputError("The payload has the shape %s; the model takes %s." % (array.shape, tuple(shape)))


def is_texts(value):
    """Return whether a list, however nested, holds texts."""
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return isinstance(value, (str, bytes))


def unnamed(yhat):
    """Return the outputs of a signature without the names that TensorFlow makes up."""
    names = ["output_%d" % number for number in range(len(yhat))]
    if set(names) != set(yhat):
        return dict(yhat)
    return yhat[names[0]] if len(names) == 1 else [yhat[name] for name in names]
