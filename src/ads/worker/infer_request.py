"""A request of the Open Inference Protocol, version 2: its tensors, and the payload that ``predict`` gets."""

import base64
import io
import sys
from typing import Any, Dict, List, Tuple

from .artifact_facts import Facts
from .decode import CannotParse, decode_json
from .tensors import DATATYPES, Tensor, from_bytes, from_json, nested

__all__ = ["Inference", "WantedOutput", "read_inference"]

_KNOWN = {"id", "parameters", "inputs", "outputs"}
_KNOWN_INPUT = {"name", "shape", "datatype", "parameters", "data"}
_KNOWN_OUTPUT = {"name", "parameters"}
_CONTENT_TYPES = {"", "np", "pd", "str", "base64", "datetime"}
_MOST_DIMENSIONS = 16


class WantedOutput:
    """One output that the caller asked for, and whether its values are to follow as bytes."""

    def __init__(self, name: str, binary: bool) -> None:
        self.name = name
        self.binary = binary


class Inference:
    """What a request said: its id, its tensors, which outputs it wants (none: all), how they are to be sent."""

    def __init__(self, identifier: str, inputs: "List[Tensor]", wanted: "List[WantedOutput]", content: str) -> None:
        self.identifier = identifier
        self.inputs = inputs
        self.wanted = wanted
        self.content_type = content
        self.binary = False
        """Whether outputs that nobody named are to follow as bytes."""

    def payload(self, facts: Facts) -> Any:
        """Return what ``predict`` gets: columns, rows, an array, or texts. Raises CannotParse."""
        inputs = self.inputs
        if facts.columns or self.content_type == "pd":
            return _table(inputs, facts)
        if len(inputs) > 1:
            return {tensor.name: nested(tensor.values, tensor.shape) for tensor in inputs}
        only = inputs[0]
        if only.datatype == "BYTES":
            return only.values[0] if only.shape in ([], [1]) and only.values else nested(only.values, only.shape)
        if facts.composed and "numpy" in sys.modules:
            return {"data": _npy(only), "data_type": "numpy.ndarray"}
        return nested(only.values, only.shape)


def read_inference(body: bytes, header_length: int) -> Inference:
    """Return the request in ``body``; with ``header_length`` only so many bytes are JSON. Raises CannotParse."""
    if header_length > len(body):
        raise CannotParse("Inference-Header-Content-Length is larger than the body.")
    text, rest = (body[:header_length], body[header_length:]) if header_length else (body, b"")
    request = decode_json(text)
    _require_known(request, _KNOWN, "The request")
    entries = request.get("inputs")
    if not isinstance(entries, list) or not entries:
        raise CannotParse("The request has no list of inputs.")
    parameters = _parameters(request, "The request")
    inputs: "List[Tensor]" = []
    for entry in entries:
        tensor, rest = _input(entry, rest)
        if any(tensor.name == other.name for other in inputs):
            raise CannotParse("The input {!r} occurs twice.".format(tensor.name))
        inputs.append(tensor)
    if rest:
        raise CannotParse("{} bytes follow the last input.".format(len(rest)))
    identifier = request.get("id")
    if identifier is not None and not isinstance(identifier, str):
        raise CannotParse("The id is not a text.")
    found = Inference(identifier or "", inputs, _wanted(request), str(parameters.get("content_type") or ""))
    found.binary = parameters.get("binary_data_output") is True
    return found


def _input(entry: Any, rest: bytes) -> "Tuple[Tensor, bytes]":
    _require_known(entry, _KNOWN_INPUT, "An input")
    name, datatype, shape = entry.get("name"), entry.get("datatype"), entry.get("shape")
    if not isinstance(name, str) or not name:
        raise CannotParse("An input has no name.")
    if not isinstance(datatype, str) or datatype not in DATATYPES:
        raise CannotParse("The input {!r} has the datatype {!r:.40}, which is not known.".format(name, datatype))
    if (
        not isinstance(shape, list)
        or len(shape) > _MOST_DIMENSIONS
        or any(type(size) is not int or not 0 <= size < 1 << 32 for size in shape)
    ):
        raise CannotParse("The shape of the input {!r} is not a list of sizes.".format(name))
    parameters = _parameters(entry, "The input {!r}".format(name))
    content = parameters.get("content_type") or ""
    if not isinstance(content, str) or content not in _CONTENT_TYPES:
        message = "The input {!r} has the content type {!r:.40}; known are np, pd, str, base64 and datetime."
        raise CannotParse(message.format(name, content))
    size = parameters.get("binary_data_size")
    if size is None:
        if entry.get("data") is None:
            raise CannotParse("The input {!r} has no data.".format(name))
        return from_json(name, shape, datatype, entry["data"], content), rest
    if type(size) is not int or not 0 <= size <= len(rest) or entry.get("data") is not None:
        raise CannotParse("The binary_data_size of the input {!r} doesn't fit the body.".format(name))
    return from_bytes(name, shape, datatype, rest[:size], content), rest[size:]


def _wanted(request: "Dict[str, Any]") -> "List[WantedOutput]":
    entries = request.get("outputs")
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise CannotParse("outputs is not a list.")
    found: "List[WantedOutput]" = []
    for entry in entries:
        _require_known(entry, _KNOWN_OUTPUT, "An output")
        name = entry.get("name")
        if not isinstance(name, str) or not name or any(name == other.name for other in found):
            raise CannotParse("An output has no name, or one that occurs twice.")
        parameters = _parameters(entry, "The output {!r}".format(name))
        if parameters.get("classification") is not None:
            raise CannotParse("The output {!r} asks for a classification, which is not offered.".format(name))
        found.append(WantedOutput(name, parameters.get("binary_data") is True))
    return found


def _require_known(value: Any, known: "set[str]", what: str) -> None:
    if not isinstance(value, dict):
        raise CannotParse("{} is not an object.".format(what))
    unknown = sorted(value.keys() - known)
    if unknown:
        raise CannotParse("{} has the unknown field {!r:.60}.".format(what, unknown[0]))


def _parameters(value: "Dict[str, Any]", what: str) -> "Dict[str, Any]":
    found = value.get("parameters")
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise CannotParse("{} has parameters that are no object.".format(what))
    return found


def _table(inputs: "List[Tensor]", facts: Facts) -> Any:
    """Return columns where each input is one, else the rows of the only input."""
    only = inputs[0]
    are_columns = all(len(each.shape) < 2 or each.shape[1:] == [1] for each in inputs)
    is_named = are_columns and (len(inputs) > 1 or not facts.columns or only.name in facts.columns)
    if is_named or len(facts.columns) == 1:
        data = {each.name: each.values for each in inputs}
        if len(facts.columns) == len(data) == 1:
            data = {next(iter(facts.columns)): only.values}
        return {"data": data, "data_type": "openads.frame"} if facts.composed else data
    if len(inputs) > 1 or len(only.shape) > 2:
        names = ", ".join(list(facts.columns)[:8])
        raise CannotParse("Send one input for each column ({}), or one of the shape [rows, columns].".format(names))
    shape = only.shape if len(only.shape) == 2 else [1, len(only.values)]
    rows = nested(only.values, shape)
    return {"data": rows} if facts.composed else rows


def _npy(tensor: Tensor) -> str:
    np = sys.modules["numpy"]
    names = {"FP16": "float16", "FP32": "float32", "FP64": "float64", "BOOL": "bool"}
    array = np.array(tensor.values, names.get(tensor.datatype, tensor.datatype.lower())).reshape(tensor.shape)
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return base64.b64encode(file.getvalue()).decode("ascii")
