# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""From the decoded body of a request to the frame or array that the model was trained on."""

import base64
import io
import json
import math
import os
from contextlib import suppress
from functools import lru_cache
from tokenize import TokenError

from ads.score.blocks.columns import columns_of, quick_table, table
from ads.score.blocks.script import INPUT_SCHEMA, InputError


@lru_cache(maxsize=1)
def fetch_data_type_from_schema(input_schema_path=INPUT_SCHEMA):
    """Return {column: dtype} of the training data, in order; empty where no schema tells."""
    if not os.path.exists(input_schema_path):
        return {}
    with open(input_schema_path, encoding="utf-8") as schema_file:
        columns = sorted(json.load(schema_file)["schema"], key=lambda column: column["order"])
    columns = [column for column in columns if column["feature_type"] != "Tensor"]
    return {tuple(c["name"]) if isinstance(c["name"], list) else c["name"]: c["dtype"] for c in columns}


def deserialize(data, input_schema_path=INPUT_SCHEMA):
    """Return the payload as the frame or array that the model was trained on. Bytes stay as they are."""
    return read_table(data, fetch_data_type_from_schema(input_schema_path))


def deserialize_texts(data, input_schema_path=INPUT_SCHEMA):
    """Return the payload as a sequence of texts: a Series where the model was trained on a named one, else a list."""
    return read_texts(data, fetch_data_type_from_schema(input_schema_path))


def deserialize_for_any(data, input_schema_path=INPUT_SCHEMA):
    """Return a frame where columns were sent or the model was trained on one; everything else as it was sent."""
    return read_anything(data, fetch_data_type_from_schema(input_schema_path))


def read_table(data, dtypes):
    """Return the frame or array that a payload holds; without dtypes, arrays and lists as they were sent."""
    if isinstance(data, bytes):
        return data
    data, about = unwrap(data, dtypes)
    if isinstance(data, str) or not hasattr(data, "__len__"):
        raise InputError("The payload is a single %s, not a table." % type(data).__name__)
    if not dtypes and not isinstance(data[0] if isinstance(data, list) and data else data, dict):
        return data
    quick = quick_table(data, dtypes)
    return table(columns_of(data, dtypes, about), dtypes, about) if quick is None else quick


def read_texts(data, dtypes):
    """Return the texts that a payload holds, be they a list, a column, or one text alone."""
    if isinstance(data, bytes):
        return data
    data, about = unwrap([data] if isinstance(data, str) else data, dtypes)
    data = table(columns_of([data] if isinstance(data, str) else data, dtypes or {0: "object"}, about), dtypes, about)
    texts = data.iloc[:, 0] if hasattr(data, "iloc") else data[:, 0]
    return texts if isinstance(next(iter(dtypes), 0), str) else texts.tolist()


def read_anything(data, dtypes):
    """Return the frame that a payload holds if it has columns or should have, and everything else unchanged."""
    if isinstance(data, bytes):
        return data
    data, about = unwrap(data, dtypes)
    by_name = bool(dtypes) and list(dtypes) != list(range(len(dtypes)))
    if isinstance(data, dict) and (by_name or about or any(isinstance(v, (list, dict)) for v in data.values())):
        return table(columns_of(data, dtypes, about), dtypes, about)
    if by_name and len(dtypes) > 1 and (isinstance(data, list) or hasattr(data, "tolist")):
        return table(columns_of(data, dtypes, about), dtypes, about)
    return data


def methods_for(model, data, outputs, dtypes):
    """Return {key of the answer: method of the model} for what the request asks with "outputs", else for the usual."""
    asked = data.get("outputs") if is_envelope(data, dtypes) else None
    names = outputs if asked is None else [asked] if isinstance(asked, str) else asked
    if not isinstance(names, list) or not names:
        raise InputError("outputs is %.80r, not a name or a list of names." % (asked,))
    methods = {}
    for name in names:
        if name not in ("predict", "predict_proba"):
            raise InputError("The output %.80r is not known: ask for predict, predict_proba, or both." % (name,))
        method = getattr(model, name, None)
        if method is None:
            raise InputError("The model, a %s, has no %s." % (type(model).__name__, name))
        methods["prediction" if name == "predict" or len(names) == 1 else name] = method
    return methods


def is_envelope(data, dtypes):
    """Return whether the payload lies under the key "data", which is not just the name of a column then."""
    if not isinstance(data, dict) or "data" not in data:
        return False
    return "data_type" in data or "data" not in dtypes or not data.keys() >= dtypes.keys()


def unwrap(data, dtypes):
    """Return what the client's envelope holds, and what it says about a frame. A text is never a path or URL."""
    kind, about = "", {}  # type: ignore[var-annotated]
    if is_envelope(data, dtypes) and "columns" not in data:
        kind, about, data = str(data.get("data_type")), data.get("frame", about), data["data"]
        about = {"is_frame": True, **about} if kind == "openads.frame" else about
    if isinstance(data, str) and ("ndarray" in kind or "EagerTensor" in kind):
        try:
            return read_npy(base64.b64decode(data)), about
        except (ValueError, EOFError, OSError, TypeError, SyntaxError, TokenError) as error:
            raise InputError("The payload is no array in npy form: %s" % error) from None
    if isinstance(data, str) and data.lstrip()[:1] in ("{", "["):
        with suppress(ValueError):  # a text may just look like JSON
            data = json.loads(data)
    return data, about


def read_npy(content):
    """Return the array in the bytes of an npy file, exactly as it was; an array of objects is refused."""
    import numpy as np

    start = 10 + int.from_bytes(content[8:10], "little")
    if content[:8] == b"\x93NUMPY\x01\x00":
        shape, is_fortran, dtype = npy_head(content[8:start])
        if not dtype.hasobject:
            array = np.frombuffer(bytearray(content), dtype, math.prod(shape), start)
            return array.reshape(shape, order="F" if is_fortran else "C")
    return np.load(io.BytesIO(content), allow_pickle=False)


@lru_cache(maxsize=32)
def npy_head(head):
    """Return shape, order and dtype. Requests of one size have the same head, which takes longer to read than it is."""
    import numpy as np

    return np.lib.format.read_array_header_1_0(io.BytesIO(head))
