# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""PyTorch: a model on the device that is there, tensors from any payload, an answer that JSON can carry."""

import inspect
import json
import os
from functools import lru_cache
from itertools import chain
from random import SystemRandom

from ads.score.blocks.columns import columns_of, quick_array, table
from ads.score.blocks.inference import pre_inference
from ads.score.blocks.loading import checked_path
from ads.score.blocks.payload import fetch_data_type_from_schema, unwrap
from ads.score.blocks.script import INPUT_SCHEMA, InputError, load_model, model_name
from ads.score.blocks.structure import placed, rebuilt

MARKER = "__ads_torch_tensor__"


@lru_cache(maxsize=1)
def device():
    """Return where the model runs: the GPU that is there, one drawn at random of several, else the CPU."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return torch.device("cuda", SystemRandom().randrange(count)) if count else torch.device("cpu")


@lru_cache(maxsize=10)
def load_torch(model_file_name=model_name):
    """Return the model, loaded once: its structure from a file beside the one with its weights."""
    structure = checked_path(os.path.splitext(model_file_name)[0] + "_structure.pkl")
    return placed(rebuilt(structure, checked_path(model_file_name)), device())


@lru_cache(maxsize=10)
def load_torchscript(model_file_name=model_name):
    """Return the model, loaded once."""
    import torch

    return torch.jit.load(checked_path(model_file_name), map_location=device()).eval()


def deserialize(data, input_schema_path=INPUT_SCHEMA):
    """Return the payload as a tensor; as a dict or tuple of tensors for several inputs. Bytes stay as they are."""
    dtypes = fetch_data_type_from_schema(input_schema_path)
    return read_tensors(data, dtypes, load_model(), input_schema_path)


def post_inference(yhat):
    """Return the outputs as JSON can carry them. Your own postprocessing goes here."""
    return plain(yhat)


def predict_with_torch(data, model=load_model(), input_schema_path=INPUT_SCHEMA):  # noqa: B008
    """Return the answer to one request: the decoded JSON body, or bytes."""
    inputs = pre_inference(data, input_schema_path)
    return {"prediction": post_inference(infer(model, inputs))}


def plain(yhat):
    """Return tensors as lists, inside dicts, lists and tuples too."""
    if isinstance(yhat, dict):
        return {str(name): plain(value) for name, value in yhat.items()}
    if isinstance(yhat, (list, tuple)):
        return [plain(value) for value in yhat]
    yhat = yhat.to_dense() if getattr(yhat, "is_sparse", False) else yhat
    return yhat.tolist() if hasattr(yhat, "tolist") else yhat


def infer(model, inputs):
    """Return the model's outputs, computed without what training needs."""
    import torch

    first, *more = conversions(model, inputs)
    with torch.no_grad():
        try:
            return call(model, converted(inputs, model, first))
        except (RuntimeError, TypeError, IndexError):
            if not more:
                raise
            return call(model, converted(inputs, model, more[0]))


def conversions(model, inputs):
    """Return the conversions to try: whole numbers are positions to some models, and values to others."""
    parts = inputs.values() if isinstance(inputs, dict) else inputs if isinstance(inputs, tuple) else [inputs]
    if not any(is_whole(part) for part in parts):
        return [as_values]
    names = [getattr(module, "original_name", type(module).__name__) for module in model.modules()]
    return [as_positions, as_values] if any("Embedding" in name for name in names) else [as_values, as_positions]


def call(model, inputs):
    """Return what the model makes of one input, of inputs by name, or of inputs in order."""
    if isinstance(inputs, dict):
        return model(**inputs)
    return model(*inputs) if isinstance(inputs, tuple) else model(inputs)


def converted(inputs, model, convert):
    """Return the inputs with the model's types, where the model is."""
    if isinstance(inputs, dict):
        return {name: converted(value, model, convert) for name, value in inputs.items()}
    if isinstance(inputs, tuple):
        return tuple(converted(value, model, convert) for value in inputs)
    if not hasattr(inputs, "is_floating_point"):
        return inputs
    weights = next(chain(model.parameters(), model.buffers()), inputs)
    return convert(inputs, model).to(weights.device)


def as_positions(tensor, model):
    """Return floating numbers with the model's type, whole numbers as they are."""
    return tensor.to(float_type(model, tensor.dtype)) if tensor.is_floating_point() else tensor


def as_values(tensor, model):
    """Return all numbers with the model's floating type."""
    return tensor.to(float_type(model)) if tensor.is_floating_point() or is_whole(tensor) else tensor


def is_whole(tensor):
    """Return whether this is a tensor of whole numbers."""
    kind = str(getattr(tensor, "dtype", ""))
    return kind.startswith(("torch.int", "torch.uint"))


def float_type(model, default=None):
    """Return the type of the model's weights; of a model without any, what is usual."""
    import torch

    types = (weights.dtype for weights in model.parameters() if weights.is_floating_point())
    return next(types, default or torch.get_default_dtype())


def read_tensors(data, dtypes, model, input_schema_path):
    """Return the tensor that a payload holds; a dict of them by the model's input names, a tuple of them in order."""
    if isinstance(data, bytes):
        return data
    is_frame = isinstance(data, dict) and "rame" in str(data.get("data_type"))
    data, about = (data, {}) if isinstance(data, dict) and MARKER in data else unwrap(data, dtypes)
    by_name = bool(dtypes) and list(dtypes) != list(range(len(dtypes)))
    if isinstance(data, dict) and MARKER not in data:
        if set(data) <= set(input_names(model)) and len(data) > is_frame:
            kinds = tensor_types(input_schema_path)
            return {name: as_tensor(value, model, kinds.get(name, "")) for name, value in data.items()}
        is_frame = True
    elif isinstance(data, list) and data and all(isinstance(value, dict) for value in data):
        if all(MARKER in value for value in data):
            return tuple(as_tensor(value, model) for value in data)
        is_frame = True
    if is_frame or (by_name and not isinstance(data, dict) and hasattr(data, "__len__")):
        quick = quick_array(data, dtypes)
        return as_tensor(numbers_of(table(columns_of(data, dtypes), dtypes, about) if quick is None else quick), model)
    is_row = isinstance(data, list) and len(data) == len(dtypes) > 1 and not isinstance(data[0], (list, str))
    return as_tensor([data] if is_row else data, model, tensor_types(input_schema_path).get(0, ""))


@lru_cache(maxsize=1)
def tensor_types(input_schema_path):
    """Return {name or place of an input: dtype} of the tensors that the model was prepared with."""
    if not os.path.exists(input_schema_path):
        return {}
    with open(input_schema_path, encoding="utf-8") as schema_file:
        inputs = json.load(schema_file)["schema"]
    return {given["name"]: given["dtype"] for given in inputs if given["feature_type"] == "Tensor"}


def input_names(model):
    """Return the names of the model's inputs."""
    if hasattr(model.forward, "schema"):
        return [argument.name for argument in model.forward.schema.arguments][1:]
    return list(inspect.signature(model.forward).parameters)


def numbers_of(found):
    """Return a table as an array of numbers, or name the column that has none."""
    import numpy as np

    if not hasattr(found, "columns"):
        return found
    values = found.to_numpy()
    if values.dtype.kind in "fiub":
        return values
    columns = [np.asarray(found.iloc[:, position]) for position in range(found.shape[1])]
    for name, values in zip(found.columns, columns):  # noqa: B905 - Python 3.8
        if values.dtype.kind not in "fiub":
            raise InputError("The column %r holds no numbers. Encode it in pre_inference()." % (name,))
    return np.column_stack(columns)


def as_tensor(value, model, kind=""):
    """Return numbers as a tensor. Doubles, all that JSON has, and whole numbers for floats get the weights' type."""
    import numpy as np
    import torch

    if isinstance(value, dict) and MARKER in value:
        dtype = getattr(torch, str(value.get("dtype")).rpartition(".")[2], None)
        if not isinstance(dtype, torch.dtype):
            raise InputError("A tensor of dtype %r can't be read." % (value.get("dtype"),))
        try:
            tensor = torch.tensor(value["data"], dtype=dtype)
            return tensor.reshape(value.get("shape", tensor.shape))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise InputError("The payload is no tensor: %s" % error) from None
    try:
        array = np.asarray(value)
    except ValueError:
        raise InputError("The rows of the payload differ in length.") from None
    if array.dtype.kind not in "fiub":
        raise InputError("The payload holds something else than numbers: %.80r." % (value,))
    tensor = torch.tensor(array.astype(array.dtype.newbyteorder("=")))
    is_float = array.dtype == "float64" or (kind.startswith("float") and is_whole(tensor))
    return tensor.to(float_type(model)) if is_float else tensor
