"""A shorter way to the same answer: rows of numbers go to an estimator as an array, without a DataFrame.

An estimator that was trained on a DataFrame spends most of a small request on making one and taking it apart again.
Where ``score.py`` is as it was generated, all columns are floats, and the sample's answers are exactly the same, the
array is enough. Every payload that is not plainly a table of numbers goes through ``score.py``.
"""

import json
import os
import struct
import sys
import warnings
from itertools import chain
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional

from .batching import is_generated
from .forests import forest_method
from .linear import linear_method
from .parity import read_sample

__all__ = ["BareArray", "bare_array"]

_NUMBERS = frozenset((int, float))
_KNOWN = frozenset(("framework", "serializer", "model_file_name", "outputs"))
_FRAME = {"data", "data_type"}
_FRAME_TYPE = "openads.frame"
_PROOF_ROWS = 64

Predict = Callable[[Any], Any]


def bare_array(folder: str, model: Any, predict: Predict) -> "Optional[BareArray]":
    """Return what answers as ``predict`` does, but sooner for tables of numbers; None where not proven."""
    names = _float_columns(folder)
    if not names or not _is_plain(folder) or "numpy" not in sys.modules:
        return None
    method = getattr(model, "predict", None)
    sample = read_sample(folder)
    if not callable(method) or sample is None:
        return None
    batches = list(_batches(sample, names))
    if sum(map(len, batches)) < 2:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        arrays = [_array(chain.from_iterable(rows), len(rows), len(names)) for rows in batches]
        for way in (forest_method(model, arrays), linear_method(model, arrays), method):
            quick = BareArray(names, way, predict) if way is not None else None
            if quick is not None and all(_same(quick, predict, rows) for rows in batches):
                break
        else:
            return None
    # The estimator would say so at the first request; the answers are the same.
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    return quick


def _batches(sample: "Dict[str, Any]", names: "List[str]") -> "Iterator[List[List[Any]]]":
    """Yield the sample's tables as they are, as one of many rows, and row by row."""
    for case in sample["cases"]:
        found = _rows(case["body"], names)
        if found is not None and set(map(type, chain.from_iterable(found))) <= _NUMBERS:
            rows = list(map(list, found))
            yield from (rows, rows * (1 + _PROOF_ROWS // len(rows)), *([row] for row in rows))


def _float_columns(folder: str) -> "List[str]":
    """Return the names of the columns, none unless all are float64."""
    try:
        with open(os.path.join(folder, "input_schema.json"), "rb") as file:
            columns = sorted(json.loads(file.read().decode("utf-8"))["schema"], key=lambda column: column["order"])
        if any(column["dtype"] != "float64" or column["feature_type"] == "Tensor" for column in columns):
            return []
        return [str(column["name"]) for column in columns]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _is_plain(folder: str) -> bool:
    """Tell whether score.py does nothing but read the payload, call the estimator's predict, and give its list."""
    if not is_generated(folder):
        return False
    try:
        with open(os.path.join(folder, "score_recipe.json"), "rb") as file:
            recipe: "Dict[str, Any]" = json.loads(file.read().decode("utf-8"))["recipe"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return (
        recipe.get("framework") in ("sklearn", "lightgbm")
        and recipe.get("serializer") in ("joblib", "cloudpickle")
        and recipe.get("outputs", ["predict"]) == ["predict"]
        and not any(value for key, value in recipe.items() if key not in _KNOWN)  # anything special
    )


class BareArray:
    """Answers as ``predict`` does; tables of numbers reach ``method`` as an array.

    ``width`` is the number of columns; 0 where a payload's "data" may be one of them, and so no table.
    """

    def __init__(self, names: "List[str]", method: "Callable[[Any], Any]", predict: Predict) -> None:
        self._names = names
        self._method = method
        self._predict = predict
        self._array: Any = sys.modules["numpy"].ndarray
        self.width = 0 if "data" in names else len(names)

    def __call__(self, data: Any) -> Any:
        """Return what ``predict`` returns."""
        rows = _rows(data, self._names)
        if rows is None:
            return self._predict(data)
        try:
            found = self._method(_array(chain.from_iterable(rows), len(rows), len(self._names)))
        except (OverflowError, struct.error):
            return self._predict(data)
        return {"prediction": found.tolist()} if type(found) is self._array else self._predict(data)

    def of_cells(self, cells: "List[Any]", count: int) -> Any:
        """Return the array of answers to so many rows, whose numbers are given one after the other; None: no array.

        Raises what the estimator raises, struct.error and OverflowError for what is no double.
        """
        found = self._method(_array(cells, count, self.width))
        return found if type(found) is self._array else None


def _array(cells: "Iterable[Any]", count: int, width: int) -> Any:
    """Return the rows as an array of doubles. Raises struct.error or OverflowError for what is no such number."""
    np = sys.modules["numpy"]  # the estimator brought it
    packed = struct.pack("%dd" % (count * width), *cells)
    return np.frombuffer(bytearray(packed)).reshape(-1, width)


def _rows(data: Any, names: "List[str]") -> "Optional[List[Any]]":
    """Return the rows of a table, None for everything that is not plainly one."""
    rows = data
    if type(data) is dict and "data" in data and "data" not in names:
        rows = data["data"]
        if len(data) > 1 and (data.keys() != _FRAME or data["data_type"] != _FRAME_TYPE or type(rows) is not dict):
            return None
    if type(rows) is dict:
        if list(rows) != names or any(type(values) is not list for values in rows.values()):
            return None
        columns = list(rows.values())
        if len(set(map(len, columns))) != 1:
            return None
        rows = list(zip(*columns))  # noqa: B905 - `strict` is not in Python 3.8
    elif type(rows) is not list or set(map(type, rows)) != {list}:
        return None
    return rows if rows and set(map(len, rows)) == {len(names)} else None


def _same(quick: Predict, predict: Predict, rows: "List[Any]") -> bool:
    """Compare to the last bit, with nothing but the wanted way taken."""
    try:
        wanted = json.dumps(predict(rows))
        return json.dumps(quick(rows)) == wanted
    except Exception:  # noqa: BLE001 - the estimator may raise anything; then this way is not open
        return False
