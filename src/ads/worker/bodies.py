"""From an item's body to what ``predict`` gets, and from its result to the answer in the form that was asked for."""

import json
from typing import Any, Callable, Dict, List, Optional, Tuple

from .artifact_facts import Facts
from .decode import CannotParse, NotSupported, decode_json
from .encode import encode_json
from .frames import ARROW, CSV, INFER, JSON, NPY, RAW, Item
from .infer_answer import UnknownOutput, encode_inference, methods_wanted
from .infer_request import read_inference
from .tables_in import read_arrow, read_csv, read_npy
from .tables_out import NotATable, encode_table

__all__ = ["Encode", "NotAcceptable", "read_body"]

Encode = Callable[[Any], bytes]
_ANSWER, _OUTPUTS = b'"answer"', b'"outputs"'


class NotAcceptable(ValueError):
    """The caller asked for an answer that can't be had; ``status`` says whether the form or the content is meant."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def read_body(item: Item, facts: Facts) -> "Tuple[Any, Encode]":
    """Return what ``predict`` gets, and how its result becomes the answer. Raises CannotParse."""
    if item.kind == JSON:
        data = decode_json(item.body)
        if _ANSWER not in item.meta and _OUTPUTS not in item.meta:
            return data, encode_json
    elif item.kind == RAW or (item.kind in (CSV, NPY, ARROW) and not facts.composed):
        if facts.generated and facts.inputs:
            kinds = (
                "a table: send it as JSON, CSV, npy or Arrow" if facts.columns else "arrays: send them as JSON or npy"
            )
            raise NotSupported("This model takes {}, with its content type.".format(kinds))
        data = item.body
    elif item.kind == CSV:
        data = read_csv(item.body, facts.columns)
    elif item.kind == NPY:
        data = read_npy(item.body)
    elif item.kind == ARROW:
        data = read_arrow(item.body, None if _OUTPUTS in item.meta else facts.features)
    elif item.kind == INFER:
        return _inference(item, facts)
    else:
        raise NotSupported("This replica doesn't know bodies of the kind {}.".format(item.kind))
    asked = _asked(item)
    outputs = asked.get("outputs")
    if outputs:
        data = _with_outputs(data, outputs)
    form = asked.get("answer")
    return data, _table_in(form) if form else encode_json


def _asked(item: Item) -> "Dict[str, Any]":
    try:
        found = json.loads(item.meta.decode("utf-8")) if item.meta else {}
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}


def _with_outputs(data: Any, outputs: "List[str]") -> Any:
    """Return the payload in the envelope that says which outputs are wanted, as a body may say itself."""
    if isinstance(data, bytes):
        raise CannotParse("?outputs= can't be said of a body of bytes.")
    if isinstance(data, dict) and "data" in data and (len(data) == 1 or "data_type" in data or "outputs" in data):
        if data.get("outputs", outputs) != outputs:
            raise CannotParse("The body and the address ask for different outputs.")
        return {**data, "outputs": outputs}
    return {"data": data, "outputs": outputs}


def _table_in(form: str) -> Encode:
    def encode(result: Any) -> bytes:
        try:
            return encode_table(result, form)
        except NotATable as error:
            raise NotAcceptable(406, "NotAcceptable", str(error)) from None

    return encode


def _inference(item: Item, facts: Facts) -> "Tuple[Any, Encode]":
    asked = _asked(item)
    header_length = asked.get("header_length")
    request = read_inference(item.body, header_length if isinstance(header_length, int) else 0)
    data = request.payload(facts)
    methods: Optional[List[str]] = methods_wanted(request) if facts.composed else None
    if methods and methods != ["predict"]:
        data = _with_outputs(data, methods)

    def encode(result: Any) -> bytes:
        try:
            return encode_inference(result, request, str(asked.get("model", "")))
        except UnknownOutput as error:
            raise NotAcceptable(400, "InvalidParameter", str(error)) from None

    return data, encode
