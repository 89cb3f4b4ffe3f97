"""Tensors of the Open Inference Protocol: names of datatypes, values from JSON or from bytes, and back."""

import array
import base64
import binascii
import math
import struct
import sys
from itertools import chain
from typing import Any, Dict, List, NamedTuple, Optional

from .decode import CannotParse

__all__ = ["DATATYPES", "Tensor", "from_bytes", "from_json", "nested", "to_bytes"]

DATATYPES: "Dict[str, str]" = {
    "BOOL": "B",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
    "BYTES": "",
}
"""The datatypes by name, each with its code in :mod:`array`; FP16 only in :mod:`struct`."""

_DEEPEST = 32
_MOST_ITEMS = 1 << 24
_LENGTH = struct.Struct("<I")


class Tensor(NamedTuple):
    """One input. ``values`` is flat: numbers, booleans, texts, or bytes where the content type is ``base64``."""

    name: str
    shape: "List[int]"
    datatype: str
    values: "List[Any]"


def from_json(name: str, shape: "List[int]", datatype: str, data: Any, content_type: str) -> Tensor:
    """Return the tensor whose values stand in JSON, flat or nested. Raises CannotParse."""
    if not isinstance(data, list):
        data = [data]
    values = data if not any(isinstance(item, list) for item in data) else _flatten(name, data)
    _require_size(name, shape, len(values))
    return Tensor(name, shape, datatype, _checked(name, datatype, values, content_type))


def _flatten(name: str, data: "List[Any]") -> "List[Any]":
    for _ in range(_DEEPEST):
        kinds = {isinstance(item, list) for item in data}
        if kinds == {False} or not data:
            return data
        if kinds != {True}:
            raise CannotParse("The input {!r} mixes values and lists.".format(name))
        data = list(chain.from_iterable(data))
    raise CannotParse("The input {!r} is nested too deeply.".format(name))


def _require_size(name: str, shape: "List[int]", count: int) -> None:
    wanted = 1
    for size in shape:
        wanted *= size
    if wanted != count or wanted > _MOST_ITEMS:
        raise CannotParse(
            "The input {!r} has {} values, but its shape {} says {}.".format(name, count, shape, min(wanted, 1 << 62))
        )


def _checked(name: str, datatype: str, values: "List[Any]", content_type: str) -> "List[Any]":
    if datatype == "BYTES":
        if any(not isinstance(value, str) for value in values):
            raise CannotParse("The input {!r} has the datatype BYTES, but not every value is a text.".format(name))
        return [_from_base64(name, value) for value in values] if content_type == "base64" else values
    found = _numbers(datatype, values)
    if found is None:
        raise CannotParse("A value of the input {!r} is not {}.".format(name, datatype))
    return found


def _numbers(datatype: str, values: "List[Any]") -> "Optional[List[Any]]":
    """Return the values as the datatype holds them, None when one doesn't fit."""
    kinds = set(map(type, values))
    if datatype == "BOOL":
        fits = kinds <= {bool, int} and all(value in (0, 1) for value in values)
        return [bool(value) for value in values] if fits else None
    if not kinds <= ({int, float} if datatype.startswith("FP") else {int}):
        return None
    code = DATATYPES[datatype]
    try:
        if code == "e":
            return [struct.unpack("<e", struct.pack("<e", value))[0] for value in values]
        found = array.array(code, values).tolist()
    except (OverflowError, struct.error):
        return None
    return None if code == "f" and any(map(math.isinf, found)) else found


def _from_base64(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise CannotParse("A value of the input {!r} is not base64.".format(name)) from None


def from_bytes(name: str, shape: "List[int]", datatype: str, data: bytes, content_type: str) -> Tensor:
    """Return the tensor whose values stand in bytes, little-endian; BYTES each after its length. Raises CannotParse."""
    if datatype == "BYTES":
        values = _split(name, data, content_type == "base64")
    else:
        code = DATATYPES[datatype]
        width = struct.calcsize("<" + code)
        if len(data) % width:
            raise CannotParse("The bytes of the input {!r} are no {} values.".format(name, datatype))
        if code == "e":
            values = [value for (value,) in struct.iter_unpack("<e", data)]
        else:
            found = array.array(code)
            found.frombytes(data)
            if sys.byteorder == "big":
                found.byteswap()
            values = [bool(value) for value in found] if datatype == "BOOL" else found.tolist()
    _require_size(name, shape, len(values))
    return Tensor(name, shape, datatype, values)


def _split(name: str, data: bytes, raw: bool) -> "List[Any]":
    values: "List[Any]" = []
    position = 0
    while position < len(data):
        start = position + _LENGTH.size
        position = start + int.from_bytes(data[position:start], "little")
        if position > len(data):
            raise CannotParse("The bytes of the input {!r} end early.".format(name))
        values.append(data[start:position])
    try:
        return values if raw else [value.decode("utf-8") for value in values]
    except UnicodeDecodeError:
        raise CannotParse("A text of the input {!r} is not UTF-8.".format(name)) from None


def to_bytes(datatype: str, values: "List[Any]") -> bytes:
    """Return values as the binary extension sends them."""
    if datatype == "BYTES":
        texts = [value if isinstance(value, bytes) else str(value).encode("utf-8", "replace") for value in values]
        return b"".join(_LENGTH.pack(len(text)) + text for text in texts)
    return struct.pack("<{}{}".format(len(values), DATATYPES[datatype]), *values)


def nested(values: "List[Any]", shape: "List[int]") -> "List[Any]":
    """Return flat values as lists of the shape's sizes."""
    for size in reversed(shape[1:]):
        values = [values[start : start + size] for start in range(0, len(values), size)] if size else []
    return values
