# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""From any form that a table has in JSON to a frame or array with the dtypes of the training data."""

import struct
from contextlib import suppress
from itertools import chain

from ads.score.blocks.script import InputError


def quick_array(data, dtypes):
    """Return rows of floats as an array at once; None where it takes more care than that."""
    import numpy as np

    if set(dtypes.values()) != {"float64"} or isinstance(data, dict):
        return None
    if isinstance(data, list):
        with suppress(TypeError, OverflowError, struct.error):  # pack() takes numbers only, and is quicker than numpy
            if set(map(len, data)) == {len(dtypes)}:
                cells = struct.pack("%dd" % (len(data) * len(dtypes)), *chain.from_iterable(data))
                return np.frombuffer(bytearray(cells)).reshape(len(data), -1)
    is_table = getattr(data, "dtype", None) == "float64" and data.shape[1:] == (len(dtypes),)
    return data if is_table else None


def quick_table(data, dtypes):
    """Return rows of floats as the frame or array at once; None where it takes more care than that."""
    array = quick_array(data, dtypes)
    if array is None or list(dtypes) == list(range(len(dtypes))):
        return array
    import pandas as pd

    return pd.DataFrame(array, columns=pd.Index(list(dtypes)))


def columns_of(data, dtypes, about=()):
    """Return {column: values} of columns, records, one record, rows, one row, or the split form."""
    names = list(map(str, dtypes))
    split = (
        "is_frame" not in about
        and isinstance(data, dict)
        and data.keys() >= {"columns", "data"}
        and isinstance(data["data"], list)
    )
    if split and all(isinstance(row, list) for row in data["data"]):
        data, names = data["data"], list(map(str, data["columns"]))
    elif isinstance(data, dict) and not any(isinstance(values, (list, dict)) for values in data.values()):
        data = [data]
    if isinstance(data, dict):
        return {name: list(v.values()) if isinstance(v, dict) else v for name, v in data.items()}
    if len(data) == 0:
        raise InputError("The payload has no rows.")
    if isinstance(data[0], dict):
        names = names if set(names) & set(data[0]) else list(data[0])
        for row, record in enumerate(data):
            for name in names:
                if not isinstance(record, dict) or name not in record:
                    raise InputError("The column %r is missing from row %d." % (name, row))
        return {name: [record[name] for record in data] for name in names}
    if not isinstance(data[0], list) and not getattr(data[0], "ndim", 0):  # one row, or the only column's values
        data = [data] if len(names) > 1 else [[value] for value in data]
    for row, values in enumerate(data):
        if isinstance(values, (str, dict)) or not hasattr(values, "__len__") or len(values) != len(names):
            raise InputError("Row %d is %.80r, not a list of %d values." % (row, values, len(names)))
    return dict(zip(names, data.T if hasattr(data, "T") else zip(*data)))  # noqa: B905 - Python 3.8


def table(columns, dtypes, about):
    """Return the columns as the frame or array of the training data: its order, its dtypes, nothing surplus."""
    import numpy as np

    names, kinds = list(map(str, dtypes)) or list(columns), set(dtypes.values())
    is_number = len(kinds) == 1 and str(*kinds).startswith(("float", "int", "uint", "bool")) and "boolean" not in kinds
    is_array = is_number and list(dtypes) == list(range(len(dtypes)))
    if is_array and len(columns) == len(names) and set(columns) != set(names):
        columns = dict(zip(names, columns.values()))  # noqa: B905 - Python 3.8
    for name in names:
        if name not in columns:
            raise InputError("The column %r is missing, from row 0 on." % name)
        if not hasattr(columns[name], "__len__") or len(columns[name]) != len(columns[names[0]]):
            raise InputError("The column %r has not one value for each row of %r." % (name, names[0]))
    wanted = dict(zip(names, dtypes.values()))  # noqa: B905 - Python 3.8
    for name, dtype in about.get("dtypes", {}).items():
        has_categories = isinstance(dtype, dict) and "categories" in dtype
        if wanted.get(name) in (None, "object") or (wanted[name] == "category" and has_categories):
            wanted[name] = dtype
    cells = [typed(columns[name], wanted.get(name), name) for name in names]
    if is_array:
        return np.array(cells).T
    import pandas as pd

    frame = pd.DataFrame(np.array(cells).T if kinds == {"float64"} else dict(enumerate(cells)))
    frame.columns = labels(*about["columns"]) if "columns" in about else pd.Index(list(dtypes) or names)
    frame.index = labels(*about["index"]) if "index" in about else frame.index
    return frame


def typed(values, dtype, name, row=0):
    """Return a column's values with this dtype, or name the row whose value can't have it."""
    try:
        return convert(values, dtype)
    except (TypeError, ValueError, OverflowError):
        if len(values) == 1:
            raise InputError("Column %r, row %d: %r is not a %s." % (name, row, values[0], dtype)) from None
        half = len(values) // 2
        typed(values[:half], dtype, name, row), typed(values[half:], dtype, name, row + half)
        raise


def convert(values, dtype):
    """Return the values with this dtype, exactly; integers with a gap or a fraction become floats."""
    import numpy as np

    if str(dtype).startswith("float"):
        return np.fromiter(values, dtype, len(values))
    if str(dtype).startswith(("int", "uint")):
        exact = all(isinstance(value, (int, np.integer)) for value in values)
        return np.array(values, dtype if exact else "float64")
    import pandas as pd

    if isinstance(dtype, dict) and "nan" in dtype:
        values, dtype = [np.nan if row in dtype["nan"] else value for row, value in enumerate(values)], "object"
    elif isinstance(dtype, dict):
        dtype = pd.CategoricalDtype(labels(dtype["categories"], dtype["dtype"], None), dtype["ordered"])
    elif dtype == "bool":
        values = pd.Series(values, dtype="boolean")
        return values if values.hasnans else values.astype("bool")
    elif str(dtype)[:8] in ("datetime", "timedelt") and any(isinstance(value, (int, float)) for value in values):
        values = (pd.to_datetime if dtype[0] == "d" else pd.to_timedelta)(values, unit="ms")
        values = values.tz_localize("UTC") if "," in dtype else values
    return pd.Series(values, dtype=dtype)


def labels(values, dtype, name):
    """Return the index, or the column labels, that the client's frame had."""
    import pandas as pd

    values = pd.Series(convert(values, dtype))
    return pd.Index(values, dtype=values.dtype, name=name)
