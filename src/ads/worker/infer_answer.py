"""What ``predict`` returned as an answer of the Open Inference Protocol, version 2."""

import base64
import struct
from typing import Any, Dict, List, Tuple

from .encode import LARGEST_ANSWER, CannotEncode, encode_json, plain_data
from .infer_request import Inference, WantedOutput
from .tensors import to_bytes

__all__ = ["UnknownOutput", "encode_inference", "methods_wanted"]

_METHODS = ("predict", "predict_proba")
_HEADER = struct.Struct("!I")


class UnknownOutput(ValueError):
    """The caller asked for an output that the answer doesn't have."""


def methods_wanted(request: Inference) -> "List[str]":
    """Return the estimator's methods that the wanted outputs name, none when they name something else."""
    names = [output.name for output in request.wanted]
    return names if names and all(name in _METHODS for name in names) else []


def encode_inference(result: Any, request: Inference, model: str) -> bytes:
    """Return the answer: ``u32`` length of its JSON part (0: all of it), the JSON part, values as bytes.

    Raises UnknownOutput, or CannotEncode for what neither form carries.
    """
    found = _outputs(plain_data(result), request)
    outputs = []
    binary = []
    for name, value, as_bytes in found:
        shape, datatype, values, parameters = _tensor(value)
        output: "Dict[str, Any]" = {"name": name, "shape": shape, "datatype": datatype}
        if as_bytes:
            data = to_bytes(datatype, values)
            binary.append(data)
            parameters["binary_data_size"] = len(data)
        elif parameters.get("content_type") == "base64":
            output["data"] = [base64.b64encode(each).decode("ascii") for each in values]
        else:
            output["data"] = values
        if parameters:
            output["parameters"] = parameters
        outputs.append(output)
    answer: "Dict[str, Any]" = {"model_name": model, "model_version": "1"}
    if request.identifier:
        answer["id"] = request.identifier
    head = encode_json({**answer, "outputs": outputs})
    size = len(head) + sum(map(len, binary))
    if size > LARGEST_ANSWER:
        raise CannotEncode("The answer has {:,} bytes; the most that is sent is {:,}.".format(size, LARGEST_ANSWER))
    return b"".join([_HEADER.pack(len(head) if binary else 0), head, *binary])


def _outputs(answer: Any, request: Inference) -> "List[Tuple[str, Any, bool]]":
    """Return name, value and way of sending of each output, in the order in which they were asked for."""
    named = answer if isinstance(answer, dict) and answer else {"predict": answer}
    if len(named) == 1 and isinstance(named.get("prediction"), dict) and named["prediction"]:
        named = named["prediction"]  # a network's own outputs, by name
    known = {"predict" if name == "prediction" else str(name): value for name, value in named.items()}
    wanted = request.wanted or [WantedOutput(name, request.binary) for name in known]
    if len(known) == len(wanted) == 1 and wanted[0].name in (*_METHODS, "prediction"):
        known = {wanted[0].name: next(iter(known.values()))}
    missing = [output.name for output in wanted if output.name not in known]
    if missing:
        raise UnknownOutput("There is no output {!r:.60}; there are {}.".format(missing[0], ", ".join(known)))
    return [(output.name, known[output.name], output.binary or request.binary) for output in wanted]


def _tensor(value: Any) -> "Tuple[List[int], str, List[Any], Dict[str, Any]]":
    """Return shape, datatype, flat values and parameters; what is no tensor goes as one JSON text for each row."""
    rows = value if isinstance(value, list) else [value]
    shape, flat = _regular(rows)
    kinds = set(map(type, flat))
    if kinds <= {bool} and kinds:
        return shape, "BOOL", flat, {}
    if kinds <= {int} and kinds and all(-(1 << 63) <= number < 1 << 63 for number in flat):
        return shape, "INT64", flat, {}
    if kinds <= {int, float}:
        return shape, "FP64", list(map(float, flat)), {}
    if kinds == {str}:
        return shape, "BYTES", flat, {"content_type": "str"}
    if kinds == {bytes}:
        return shape, "BYTES", flat, {"content_type": "base64"}
    texts = [encode_json(row).decode("utf-8") for row in rows]
    return [len(rows)], "BYTES", texts, {"content_type": "str"}


def _regular(rows: "List[Any]") -> "Tuple[List[int], List[Any]]":
    """Return the shape of nested lists of one form, and their values; else the rows as they are."""
    shape, level = [len(rows)], rows
    while level and all(isinstance(item, list) for item in level):
        sizes = set(map(len, level))
        if len(sizes) != 1:
            return [len(rows)], rows
        shape.append(sizes.pop())
        level = [value for item in level for value in item]
    return shape, level
