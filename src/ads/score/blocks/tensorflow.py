# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""TensorFlow: loading Keras files and SavedModel folders, and tensors from payloads and back."""

from contextlib import suppress
from functools import lru_cache

from ads.score.blocks.columns import columns_of, table
from ads.score.blocks.inference import pre_inference
from ads.score.blocks.loading import checked_path
from ads.score.blocks.payload import fetch_data_type_from_schema, read_table, unwrap
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
    return as_lists(yhat)


def predict_with_keras(data, model=load_model(), input_schema_path=INPUT_SCHEMA):  # noqa: B008
    """Return the answer to one request: the decoded JSON body, or bytes."""
    features = pre_inference(data, input_schema_path)
    return {"prediction": post_inference(model(keras_inputs(features, model)))}


def predict_with_saved_model(data, model=load_model(), input_schema_path=INPUT_SCHEMA):  # noqa: B008
    """Return the answer to one request: the decoded JSON body, or bytes."""
    features = pre_inference(data, input_schema_path)
    return {"prediction": post_inference(run_signature(model, features))}


def read_tensors(data, dtypes):
    """Return the table that a payload holds if the model was trained on a frame, else the tensors as they were sent.

    The rows of an array may have another length than those of the training data: that is for the model to say.
    """
    if isinstance(data, bytes) or (dtypes and list(dtypes) != list(range(len(dtypes)))):
        return read_table(data, dtypes)
    data, about = unwrap(data, dtypes)
    return table(columns_of(data, dtypes), dtypes, about) if about else data


def keras_inputs(features, model):
    """Return the tensors for a Keras model: one, or as many as it has inputs, in the structure that it wants."""
    structure, inputs = getattr(model, "input", None), getattr(model, "inputs", None) or [None]
    if isinstance(structure, dict):
        return by_name(features, structure)
    if len(inputs) == 1:
        return as_tensor(features, inputs[0])
    wanted = {one.name: one for one in inputs}
    if isinstance(features, (list, tuple)) and len(features) == len(wanted):
        features = dict(zip(wanted, features))  # noqa: B905 - Python 3.8
    return list(by_name(features, wanted).values())


def by_name(features, wanted):
    """Return {name: tensor} for the inputs of a model, from columns or a dictionary."""
    if len(wanted) == 1:
        (name,) = wanted
        named = isinstance(features, dict) and name in features
        return {name: as_tensor(features[name] if named else features, wanted[name])}
    for name in wanted:
        if not hasattr(features, "keys") or name not in features:
            raise InputError("The model has the inputs %s; %r is missing." % (", ".join(wanted), name))
    return {name: as_tensor(features[name], wanted[name]) for name in wanted}


def as_tensor(value, wanted):
    """Return the value as a tensor of the wanted dtype and shape; one example alone becomes a batch of one."""
    import tensorflow as tf

    array, dtype = as_array(value), getattr(wanted, "dtype", None)
    is_text = array.dtype.kind in "OU"
    if dtype is not None and is_text != (tf.as_dtype(dtype) == tf.string):
        given = "texts or bytes" if is_text else array.dtype
        raise InputError("The model takes %s, not %s." % (tf.as_dtype(dtype).name, given))
    array = as_batch(array, getattr(wanted, "shape", None))
    if is_text:
        return tf.constant(array.tolist())
    return array if dtype is None else tf.cast(array, dtype)


def as_array(value):
    """Return an array of numbers, or one of texts, from a frame, columns, lists, or bytes."""
    import numpy as np

    if isinstance(value, dict):
        value = next(iter(value.values())) if len(value) == 1 else table(columns_of(value, {}), {}, {})
    value = value.to_numpy() if hasattr(value, "to_numpy") else value
    try:
        array = np.array(value, dtype="object") if isinstance(value, bytes) else np.asarray(value)
        if array.dtype == "object" and not all(isinstance(one, (str, bytes)) for one in array.flat):
            array = array.astype("float64")
    except (TypeError, ValueError) as error:
        raise InputError("The payload is no tensor: %s" % error) from None
    return array


def as_batch(array, shape):
    """Return the array with the dimensions that the model takes."""
    if shape is None or getattr(shape, "rank", 0) is None:
        return array
    for candidate in (array, array[None], array[..., None]):
        sizes = zip(tuple(shape)[1:], candidate.shape[1:])  # noqa: B905 - Python 3.8
        if candidate.ndim == len(shape) and all(size in (None, own) for size, own in sizes):
            return candidate
    raise InputError("The payload has the shape %s; the model takes %s." % (array.shape, tuple(shape)))


def run_signature(model, features):
    """Return what a SavedModel answers, without the names that TensorFlow makes up for its outputs."""
    signature = model.signatures["serving_default"]
    yhat = signature(**by_name(features, signature.structured_input_signature[1]))
    names = ["output_%d" % number for number in range(len(yhat))]
    if set(names) != set(yhat):
        return yhat
    return yhat[names[0]] if len(names) == 1 else [yhat[name] for name in names]


def as_lists(yhat):
    """Return tensors, however nested in lists and dictionaries, as lists of numbers or texts."""
    if isinstance(yhat, dict):
        return {name: as_lists(value) for name, value in yhat.items()}
    if isinstance(yhat, (list, tuple)):
        return [as_lists(value) for value in yhat]
    yhat = yhat.numpy() if hasattr(yhat, "numpy") else yhat
    if getattr(yhat, "dtype", None) == "object":  # texts
        return as_lists(yhat.tolist())
    return yhat.decode() if isinstance(yhat, bytes) else yhat.tolist() if hasattr(yhat, "tolist") else yhat
