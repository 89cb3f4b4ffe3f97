"""Arrow tables to what a model takes, column by column: without a Python object for each cell.

A long table spends most of its time on becoming lists and a frame again. Where ``score.py`` is as it was generated,
every column has a plain dtype, and the sample's rows come out exactly as by the usual way, Arrow's columns become the
frame or array at once. What is not plainly such a table goes the usual way.
"""

import sys
import types
from importlib import import_module
from typing import Any, Callable, Dict, List, Optional

from .encode import encode_json
from .parity import read_sample

__all__ = ["Columnar", "Features"]

_SIZES = ("8", "16", "32", "64")
_NUMBERS = ("float16", "float32", "float64", *("int" + size for size in _SIZES), *("uint" + size for size in _SIZES))
_HOOKS = ("pre_inference", "post_inference")
_TEXTS = ("object", "str", "string")


class Features:
    """What ``pre_inference`` would return for a table, made already; ``payload`` makes what it would be called with."""

    __slots__ = ("payload", "value")

    def __init__(self, value: Any, payload: "Callable[[], Any]") -> None:
        self.value = value
        self.payload = payload


class Columnar:
    """Makes features of Arrow tables for the generated script ``module``, once that is proven on the sample.

    The proof is made with the first table: a replica that never gets one spends nothing on it.
    """

    def __init__(self, folder: str, module: types.ModuleType, predict: "Callable[[Any], Any]") -> None:
        self._folder = folder
        self._module = module
        self._predict = predict
        self._proven: "Optional[bool]" = None
        self._keeps_arrays = False

    def features(self, table: Any, payload: "Callable[[], Any]") -> "Optional[Features]":
        """Return the features of an Arrow table; None where the usual way must be taken."""
        if self._proven is None:
            self._proven = self._prove()
        if not self._proven:
            return None
        value = _features(table, self._dtypes())
        return None if value is None else Features(value, payload)

    def _dtypes(self) -> "Dict[Any, str]":
        found: "Dict[Any, str]" = self._module.__dict__["fetch_data_type_from_schema"]()
        return found

    def _prove(self) -> bool:
        names = self._module.__dict__
        if not all(callable(names.get(name)) for name in ("fetch_data_type_from_schema", "pre_inference")):
            return False
        sample = read_sample(self._folder)
        dtypes = self._dtypes()
        if sample is None or not dtypes:
            return False
        before: "Dict[str, Any]" = {name: names[name] for name in _HOOKS if name in names}
        self._shorten(names)
        try:
            proven = bool(sample["cases"]) and all(self._is_same(case["body"], dtypes) for case in sample["cases"])
        except Exception:  # noqa: BLE001 - libraries of the model's own may raise anything; then this way is not open
            proven = False
        if not proven:
            names.update(before)
        return proven

    def _shorten(self, names: "Dict[str, Any]") -> None:
        """Let the script take features as they are, and leave the numbers that it answers to such in their array."""
        before, after = names["pre_inference"], names.get("post_inference")

        def pre_inference(data: Any, *more: Any) -> Any:
            self._keeps_arrays = type(data) is Features
            return data.value if type(data) is Features else before(data, *more)

        def post_inference(yhat: Any) -> Any:
            kept = _array(yhat) if self._keeps_arrays else None
            return after(yhat) if kept is None else kept  # type: ignore[misc]

        names["pre_inference"] = pre_inference
        if after is not None:
            names["post_inference"] = post_inference

    def _is_same(self, body: Any, dtypes: "Dict[Any, str]") -> bool:
        """Compare features and answers of one case of the sample to the last bit."""
        wanted = self._module.__dict__["pre_inference"](body)
        table = _table(wanted, dtypes)
        found = None if table is None else _features(table, dtypes)
        if found is None or not _equal(found, wanted):
            return False
        answer = encode_json(self._predict(body))
        return encode_json(self._predict(Features(found, lambda: body))) == answer


def _array(yhat: Any) -> Any:
    """Return one number for each row as the array that its list would become; None for what is something else."""
    np = sys.modules.get("numpy")
    if np is None or type(yhat) is not np.ndarray or yhat.ndim != 1:
        return None
    wanted = {"f": "float64", "i": "int64", "b": "bool"}.get(yhat.dtype.kind)
    return None if wanted is None or yhat.dtype.itemsize > 8 else yhat.astype(wanted, copy=False)


def _features(table: Any, dtypes: "Dict[Any, str]") -> Any:
    """Return the frame or array of the training data with the table's values; None where a column is not plain."""
    np = import_module("numpy")
    cells: "List[Any]" = []
    for name, dtype in dtypes.items():
        place = table.schema.get_field_index(str(name))  # -1 also where it occurs twice
        cell = None if place < 0 else _cell(table.column(place), str(dtype))
        if cell is None:
            return None
        cells.append(cell)
    kinds = set(dtypes.values())
    is_number = len(kinds) == 1 and str(next(iter(kinds))) in (*_NUMBERS, "bool")
    if is_number and list(dtypes) == list(range(len(dtypes))):
        return np.array(cells).T
    pd = import_module("pandas")
    frame = pd.DataFrame(np.array(cells).T if kinds == {"float64"} else dict(enumerate(cells)))
    frame.columns = pd.Index(list(dtypes))
    return frame


def _cell(column: Any, dtype: str) -> Any:
    """Return a column with the wanted dtype, exactly as its values one by one would become; None: not plainly so."""
    np = import_module("numpy")
    kinds = import_module("pyarrow.types")
    given = column.type
    if dtype in _TEXTS:
        if not (kinds.is_string(given) or kinds.is_large_string(given)):
            return None
        return import_module("pandas").Series(column.to_pylist(), dtype=dtype)
    if dtype == "bool":
        return column.to_numpy() if kinds.is_boolean(given) and not column.null_count else None
    if dtype not in _NUMBERS or not (kinds.is_integer(given) or (kinds.is_floating(given) and dtype[0] == "f")):
        return None
    if column.null_count and not kinds.is_floating(given):
        return None
    values = column.to_numpy()
    if dtype[0] != "f" and not np.can_cast(values.dtype, dtype, "safe"):
        return None
    return values.astype(dtype, copy=False)


def _table(features: Any, dtypes: "Dict[Any, str]") -> Any:
    """Return features as an Arrow table; None for what is neither a frame nor rows of an array."""
    pa = import_module("pyarrow")
    if hasattr(features, "iloc") and hasattr(features, "columns"):
        columns = [features.iloc[:, place] for place in range(features.shape[1])]
    elif getattr(features, "ndim", 0) == 2:
        columns = list(features.T)
    else:
        return None
    if len(columns) != len(dtypes):
        return None
    return pa.table({str(name): pa.array(column) for name, column in zip(dtypes, columns)})  # noqa: B905 - Python 3.8


def _equal(found: Any, wanted: Any) -> bool:
    if type(found) is not type(wanted) or found.shape != wanted.shape:
        return False
    if hasattr(found, "equals"):
        return bool(
            found.equals(wanted)
            and list(found.dtypes) == list(wanted.dtypes)
            and list(found.columns) == list(wanted.columns)
        )
    return bool(found.dtype == wanted.dtype and ((found == wanted) | ((found != found) & (wanted != wanted))).all())  # noqa: PLR0124
