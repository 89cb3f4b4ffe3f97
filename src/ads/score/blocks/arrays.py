# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""A network in ONNX form: arrays from any payload, and outputs in the form that the network itself had."""

from ads.score.blocks.columns import columns_of, quick_array, table
from ads.score.blocks.inference import pre_inference
from ads.score.blocks.onnx import onnx_inputs
from ads.score.blocks.payload import fetch_data_type_from_schema, unwrap
from ads.score.blocks.pytorch import numbers_of, plain
from ads.score.blocks.script import INPUT_SCHEMA, InputError, load_model

MARKER = "__ads_torch_tensor__"


def deserialize(data, input_schema_path=INPUT_SCHEMA):
    """Return the payload as an array; as a dict of arrays for several inputs."""
    dtypes = fetch_data_type_from_schema(input_schema_path)
    return read_arrays(data, dtypes, load_model().get_inputs())


def post_inference(yhat):
    """Return the outputs as JSON can carry them. Your own postprocessing goes here."""
    return plain(yhat)


def predict_with_network(data, model=load_model(), input_schema_path=INPUT_SCHEMA):  # noqa: B008
    """Return the answer to one request: the decoded JSON body."""
    inputs = onnx_inputs(model, pre_inference(data, input_schema_path))
    return {"prediction": post_inference(as_returned(model, model.run(None, inputs)))}


def as_returned(model, outputs):
    """Return the outputs as the network itself returned them: one alone, a list, or a dict by name."""
    kind = model.get_modelmeta().custom_metadata_map.get("outputs")
    if kind == "dict":
        return dict(zip([output.name for output in model.get_outputs()], outputs))  # noqa: B905 - Python 3.8
    return outputs[0] if kind != "list" and len(outputs) == 1 else outputs


def read_arrays(data, dtypes, wanted):
    """Return the array that a payload holds, with a batch dimension; a dict of them for a network of several inputs."""
    if isinstance(data, bytes):
        raise InputError("Bytes can't become arrays. Convert them in pre_inference(), or send JSON.")
    is_frame = isinstance(data, dict) and "rame" in str(data.get("data_type"))
    data, about = (data, {}) if isinstance(data, dict) and MARKER in data else unwrap(data, dtypes)
    names = [each.name for each in wanted]
    by_name = bool(dtypes) and list(dtypes) != list(range(len(dtypes)))
    if isinstance(data, dict) and MARKER not in data:
        if set(data) == set(names) and len(data) > is_frame:
            return {each.name: batch_of(as_array(data[each.name]), each) for each in wanted}
        is_frame = True
    elif isinstance(data, list) and len(data) == len(names) > 1 and not is_frame:
        return {each.name: batch_of(as_array(value), each) for each, value in zip(wanted, data)}  # noqa: B905
    elif isinstance(data, list) and data and all(isinstance(value, dict) for value in data):
        is_frame = True
    if is_frame or (by_name and hasattr(data, "__len__") and not isinstance(data, dict)):
        quick = quick_array(data, dtypes)
        return numbers_of(table(columns_of(data, dtypes), dtypes, about) if quick is None else quick)
    is_row = isinstance(data, list) and len(data) == len(dtypes) > 1 and not isinstance(data[0], (list, str))
    return batch_of(as_array([data] if is_row else data), wanted[0])


def batch_of(array, wanted):
    """Return a single image or other part of more dimensions as a batch of one, which the network takes only."""
    return array[None] if array.ndim > 1 and array.ndim + 1 == len(wanted.shape) else array


def as_array(value):
    """Return numbers as an array: of a list, of a table, or of the form in which tensors are sent."""
    import numpy as np

    try:
        if isinstance(value, dict) and MARKER in value:
            kind = str(value["dtype"]).rpartition(".")[2].replace("bfloat16", "float32")
            array = np.array(value["data"], dtype=kind)
            return array.reshape(value.get("shape", array.shape))
        array = np.asarray(value)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("The payload is no array: %s" % error) from None
    if array.dtype.kind not in "fiub":
        raise InputError("The payload holds something else than numbers: %.80r." % (value,))
    return array
