"""A schema from sample data of any kind that a data scientist has at hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ads.errors import DataSizeTooWide, InputTypeError, SchemaError
from ads.schema.attribute import Attribute, Domain
from ads.schema.expression import Expression
from ads.schema.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["generate_schema", "is_text_sequence"]

TENSOR = "Tensor"
"""Feature type of the one entry that describes an array of three or more dimensions."""


def generate_schema(data: Any, max_col_num: int = 2000) -> Schema:
    """Return the schema of sample data.

    ``data``: a pandas frame or Series, an array, a list or tuple (of values, rows or records), a dictionary of columns,
    a sparse matrix, a torch or TensorFlow tensor, a polars, Dask or Spark frame. An array of three or more dimensions
    becomes one entry of feature type ``Tensor`` with dtype and shape; so does each array of a dictionary or tuple that
    holds the inputs of a network. Columns without a name are called 0, 1, ...

    Raises :class:`~ads.errors.DataSizeTooWide` for more than ``max_col_num`` columns, :class:`~ads.errors.SchemaError`
    for two columns of the same name, :class:`~ads.errors.InputTypeError` for data that is none of the above.
    """
    import pandas as pd

    data = _local(data)
    if hasattr(data, "toarray") and len(data.shape) == 2:  # a sparse matrix, which may be too wide to be written out
        if data.shape[1] > max_col_num:
            raise DataSizeTooWide(data.shape[1], max_col_num)
        data = data.toarray()
    if isinstance(data, pd.Series):
        return _of_frame(data.to_frame(name=0 if data.name is None else data.name), max_col_num)
    if isinstance(data, pd.DataFrame):
        return _of_frame(data, max_col_num)
    inputs = _inputs(data)
    if inputs:
        return _of_inputs(inputs)
    if isinstance(data, dict):
        return _of_frame(_frame_of_dictionary(data), max_col_num)
    if isinstance(data, (list, tuple)):
        return _of_list(list(data), max_col_num)
    if hasattr(data, "__array__") and hasattr(data, "shape"):
        return _of_array(data, max_col_num)
    raise InputTypeError(
        f"No schema can be made from {type(data).__module__}.{type(data).__qualname__}.",
        hint="Pass a frame, a Series, an array, a list of rows or records, or a dictionary of columns.",
    )


def is_text_sequence(data: Any) -> bool:
    """Return whether ``data`` is a sequence of texts (a list, a Series, a 1-D array) rather than a table."""
    if not isinstance(data, (list, tuple)) and getattr(data, "ndim", None) != 1:
        return False
    return any(isinstance(value, str) for value in list(data[:100])) and all(
        value is None or isinstance(value, (str, float)) for value in list(data[:100])
    )


def _local(data: Any) -> Any:
    """Return data of another library as pandas or numpy has it; found by class path, nothing is imported."""
    library = type(data).__module__.partition(".")[0]
    if library == "torch":
        data = data.detach().cpu()
        return (data.float() if str(getattr(data, "dtype", "")) == "torch.bfloat16" else data).numpy()
    if library == "tensorflow":
        return data.numpy()
    if library == "dask":
        return _local(data.compute())
    if library == "pyspark":
        return _from_spark(data.to_spark() if hasattr(data, "to_spark") else data)
    if library == "polars":
        return _from_polars(data)
    return data


def _from_spark(data: Any) -> Any:
    """Return a Spark frame without Spark's own converter, which needs pyarrow and an older pandas."""
    import pandas as pd

    rows = [[cell.toArray().tolist() if hasattr(cell, "toArray") else cell for cell in row] for row in data.collect()]
    return pd.DataFrame(rows, columns=data.columns)


def _from_polars(data: Any) -> Any:
    """Return a polars frame or series without pyarrow, which polars' own converter needs."""
    import pandas as pd

    if hasattr(data, "collect"):
        data = data.collect()
    if hasattr(data, "to_series") and hasattr(data, "columns"):
        return pd.DataFrame({name: data[name].to_list() for name in data.columns})
    return pd.Series(data.to_list(), name=data.name or None)


def _frame_of_dictionary(data: dict[Any, Any]) -> pd.DataFrame:
    import pandas as pd

    if data and all(isinstance(value, (str, int, float, bool, type(None))) for value in data.values()):
        return pd.DataFrame([data])
    try:
        return pd.DataFrame(data)
    except ValueError as error:
        raise SchemaError(f"The columns of the sample don't make a table: {error}.") from error


def _of_list(data: list[Any], max_col_num: int) -> Schema:
    import numpy as np
    import pandas as pd

    first = data[0] if data else None
    if isinstance(first, (list, tuple)) or hasattr(first, "shape"):
        try:
            array = np.array(data)
        except ValueError:
            array = np.empty(0)
        if array.ndim > 2:
            return _of_array(array, max_col_num)
    return _of_frame(pd.DataFrame(data), max_col_num)


def _of_array(data: Any, max_col_num: int) -> Schema:
    import numpy as np
    import pandas as pd

    array = np.asarray(data)
    if array.ndim <= 2:
        return _of_frame(pd.DataFrame(np.atleast_1d(array)), max_col_num)
    return _of_inputs({0: array})


def _inputs(data: Any) -> dict[Any, Any]:
    """Return the arrays of a network's inputs by name or place; empty for what is a table, or rows of one."""
    if not isinstance(data, (dict, tuple)):
        return {}
    named = data if isinstance(data, dict) else dict(enumerate(data))
    if not all(hasattr(value, "shape") and hasattr(value, "__array__") for value in named.values()):
        return {}
    return named if any(len(value.shape) > 1 for value in named.values()) else {}


def _of_inputs(inputs: dict[Any, Any]) -> Schema:
    import numpy as np

    schema = Schema()
    for order, (name, given) in enumerate(inputs.items()):
        array = np.asarray(_local(given))
        stats = {"count": int(array.shape[0]) if array.ndim else 1, "shape": [int(size) for size in array.shape]}
        required = not (array.dtype.kind == "f" and bool(np.isnan(array).any()))
        domain = Domain(values=TENSOR, stats=stats)
        schema.add(Attribute(str(array.dtype), TENSOR, _json_name(name), domain, required, str(name), order))
    return schema


def _of_frame(frame: pd.DataFrame, max_col_num: int) -> Schema:
    from ads.schema.statistics import column_statistics, feature_type

    if frame.shape[1] > max_col_num:
        raise DataSizeTooWide(frame.shape[1], max_col_num)
    if not frame.columns.is_unique:
        twice = list(dict.fromkeys(frame.columns[frame.columns.duplicated()].tolist()))
        raise SchemaError(
            f"Two columns of the sample have the same name: {', '.join(repr(name) for name in twice[:5])}.",
            hint="Rename them: payloads find columns by name.",
        )
    missing = [int(count) for count in frame.isna().to_numpy().sum(axis=0)]
    columns = [column for _, column in frame.items()]
    types = [feature_type(column) for column in columns]
    statistics = column_statistics(frame, types, missing)
    schema = Schema()
    for order, column in enumerate(columns):
        name = _json_name(frame.columns[order])
        kind = types[order]
        domain = Domain(values=kind, stats=statistics[order], constraints=_constraints(column, kind))
        attribute = Attribute(str(column.dtype), kind, name, domain, not missing[order], str(name), order)
        if attribute.key in schema:
            raise SchemaError(
                f"Two columns of the sample are both written {name!r} in a schema.", hint="Rename one of them."
            )
        schema.add(attribute)
    return schema


def _constraints(column: pd.Series[Any], kind: str) -> list[Expression]:
    if kind == "Boolean":
        return [Expression("$x in [True, False]")]
    if kind != "Category":
        return []
    seen = set(column.cat.codes.unique().tolist())
    observed = [value for code, value in enumerate(column.cat.categories.tolist()) if code in seen]
    plain = [value if isinstance(value, (str, int, float, bool)) else str(value) for value in observed]
    return [Expression(f"$x in {plain!r}")]


def _json_name(label: Any) -> Any:
    """Return a column label as JSON has it: text, number, or a list of those; everything else as its text."""
    if isinstance(label, tuple):
        return [_json_name(part) for part in label]
    if hasattr(label, "item"):
        label = label.item()
    if isinstance(label, (str, int)) and not isinstance(label, bool):
        return label
    return label if isinstance(label, float) and math.isfinite(label) else str(label)
