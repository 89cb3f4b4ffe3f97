"""How a frame travels to a deployment: every dtype restored exactly, float64 to the last bit.

The form is ``{"data": {column: [values]}, "data_type": "openads.frame", "frame": {...}}``. Three reasons:

- ``DataFrame.to_json`` rounds floats, mistakes columns named ``date`` for dates and can't carry a duplicate index.
  Values here are native JSON; Python writes and reads floats by their shortest exact text.
- A score.py made by oracle-ads takes this form too: a dictionary under ``data`` whose ``data_type`` names no pandas
  class goes to ``DataFrame.from_dict`` there. So there is one wire form, for old servers and new ones.
- It is small and quick: ``frame`` holds only what plain JSON doesn't say by itself.

``frame`` may hold ``dtypes`` (of columns that are not plain int64, float64 or bool), ``columns`` (when a label is not
text) and ``index`` (when it is not 0, 1, 2, ...), each of the two as ``[values, dtype, name]``. The twin that reads all
this is in ``ads/score/blocks/columns.py``.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from ads.errors import InputTypeError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FRAME_DATA_TYPE", "frame_to_wire"]

FRAME_DATA_TYPE = "openads.frame"


def frame_to_wire(frame: pd.DataFrame) -> dict[str, Any]:
    """Return ``frame`` as a dictionary that JSON carries and score.py turns back into an identical frame.

    Not carried: a MultiIndex of the rows (the rows are numbered instead) and ``frame.attrs``.

    Raises :class:`~ads.errors.InputTypeError` naming column and row for a value or dtype that JSON can't carry, and
    for two columns of the same name.
    """
    keys = _keys(list(frame.columns))
    data: dict[str, Any] = {}
    dtypes: dict[str, Any] = {}
    for position, key in enumerate(keys):
        data[key], dtype = _encoded(frame.iloc[:, position], key)
        if dtype:
            dtypes[key] = dtype
    about: dict[str, Any] = {}
    if dtypes:
        about["dtypes"] = dtypes
    if not _are_plain_labels(frame.columns):
        about["columns"] = _axis(frame.columns, "the column labels")
    if not _is_default_index(frame.index):
        about["index"] = _axis(frame.index, "the index")
    wire: dict[str, Any] = {"data": data, "data_type": FRAME_DATA_TYPE}
    return {**wire, "frame": about} if about else wire


def _keys(labels: list[Any]) -> list[str]:
    """Return a distinct JSON key for each column label: its text."""
    keys = [str(label) for label in labels]
    if len(set(keys)) < len(keys):
        twice = next(key for position, key in enumerate(keys) if key in keys[:position])
        raise InputTypeError(
            f"Two columns are both called {twice!r}, which a request can't carry.", hint="Rename one of them."
        )
    return keys


def _are_plain_labels(columns: pd.Index[Any]) -> bool:
    """Return whether the columns' keys say all about their labels; the schema knows those of a MultiIndex."""
    return columns.nlevels > 1 or (columns.name is None and all(isinstance(label, str) for label in columns))


def _is_default_index(index: pd.Index[Any]) -> bool:
    import pandas as pd

    if isinstance(index, pd.MultiIndex):
        return True
    return isinstance(index, pd.RangeIndex) and index.equals(pd.RangeIndex(len(index))) and index.name is None


def _axis(labels: pd.Index[Any], what: str) -> list[Any]:
    """Return values, dtype and name of an index or of column labels."""
    import pandas as pd

    values, dtype = _encoded(pd.Series(labels, dtype=labels.dtype), what)
    name = labels.name if isinstance(labels.name, (str, int, float)) else None
    return [values, dtype or str(labels.dtype), name]


def _encoded(column: pd.Series[Any], name: str) -> tuple[list[Any], Any]:
    """Return the column's values for JSON and its dtype, empty where plain JSON says it by itself."""
    import pandas as pd

    dtype = column.dtype
    kind = getattr(dtype, "kind", "O")
    text = str(dtype)
    if isinstance(dtype, pd.CategoricalDtype):
        categories, inner = _encoded(
            pd.Series(dtype.categories, dtype=dtype.categories.dtype), f"the categories of {name}"
        )
        codes = column.cat.codes.tolist()
        values = [categories[code] if code >= 0 else None for code in codes]
        return values, {
            "categories": categories,
            "dtype": inner or str(dtype.categories.dtype),
            "ordered": dtype.ordered,
        }
    if kind == "f":
        return _floats(column, text)
    if kind in "iub":
        values = [None if value is pd.NA else value for value in column.tolist()]
        return values, "" if text in ("int64", "bool") and values else text
    if kind in "mM":
        return _moments(column, kind), text
    if isinstance(dtype, pd.StringDtype):
        return [value if isinstance(value, str) else None for value in column.tolist()], text
    if kind == "O" and text == "object":
        return _objects(column, name)
    raise InputTypeError(
        f"The column {name!r} has dtype {text}, which a request can't carry.", hint="Convert it first."
    )


def _floats(column: pd.Series[Any], text: str) -> tuple[list[Any], str]:
    import numpy as np
    import pandas as pd

    values = column.tolist()
    if isinstance(column.dtype, np.dtype):
        array = column.to_numpy()
        if np.isfinite(array).all():
            return values, "" if text == "float64" and values else text
        # NaN is null; the infinities are text, which numpy reads back when it makes floats.
        return [None if math.isnan(value) else _finite_or_text(value) for value in values], text
    return [None if value is pd.NA else _finite_or_text(value) for value in values], text


def _finite_or_text(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _moments(column: pd.Series[Any], kind: str) -> list[str | None]:
    """Return dates as ISO text (with offset where there is a zone), durations as pandas writes them."""
    import numpy as np
    import pandas as pd

    missing = column.isna().to_numpy()
    if kind == "m":
        texts = [str(value) for value in column]
    elif isinstance(column.dtype, pd.DatetimeTZDtype):
        utc = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        texts = [f"{value}+00:00" for value in np.datetime_as_string(utc).tolist()]
    else:
        texts = np.datetime_as_string(column.to_numpy()).tolist()
    return [None if absent else text for text, absent in zip(texts, missing.tolist(), strict=True)]


def _objects(column: pd.Series[Any], name: str) -> tuple[list[Any], Any]:
    """Return an object column: texts, numbers, booleans, lists; missing values as ``None`` or, told apart, as NaN."""
    values: list[Any] = []
    missing: list[int] = []
    for row, given in enumerate(column.tolist()):
        value = given.item() if hasattr(given, "item") and getattr(given, "ndim", 1) == 0 else given
        if isinstance(value, float) and math.isnan(value):
            missing.append(row)
            value = None
        elif value is not None and not isinstance(value, (str, int)):
            _require_json(value, name, row)
        values.append(value)
    return values, {"dtype": "object", "nan": missing} if missing else "object"


def _require_json(value: Any, name: str, row: int) -> None:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"Column {name!r}, row {row}: a {type(value).__name__} can't travel as JSON.",
            hint="Convert the column to text, numbers or dates first.",
        ) from error
