"""Statistics of the columns of a frame: one numpy pass over all columns of a kind, no loop over pandas' describe()."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["column_statistics", "feature_type"]

_QUARTILES = (0.25, 0.5, 0.75)


def feature_type(column: pd.Series[Any]) -> str:
    """Return the feature type of a column, empty for one that can't be described (timedeltas, mixed objects)."""
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "Category"
    kind = getattr(dtype, "kind", "O")
    by_kind = {"f": "Continuous", "i": "Integer", "u": "Integer", "b": "Boolean", "M": "DateTime"}
    if kind in by_kind:
        return by_kind[kind]
    if isinstance(dtype, pd.StringDtype):
        return "String"
    if str(dtype) == "object":
        inferred = pd.api.types.infer_dtype(column, skipna=True)
        return {"string": "String", "boolean": "Boolean"}.get(inferred, "")
    return ""


def column_statistics(frame: pd.DataFrame, types: list[str], missing: list[int]) -> list[dict[str, Any]]:
    """Return the statistics of every column, by position, in the key order of ``input_schema.json``."""
    found: list[dict[str, Any]] = [{} for _ in types]
    for kind in ("Continuous", "Integer"):
        positions = [position for position, name in enumerate(types) if name == kind]
        if positions and len(frame):
            for position, stats in zip(positions, _numeric(frame, positions, skew=kind == "Continuous"), strict=True):
                found[position] = stats
    for position, name in enumerate(types):
        if name in ("String", "Category", "Boolean"):
            found[position] = {"count": len(frame), "unique": int(frame.iloc[:, position].nunique())}
        elif name == "DateTime":
            found[position] = _dates(frame.iloc[:, position])
        if missing[position] and name:
            numeric = name in ("Continuous", "Integer")
            found[position]["missing"] = float(missing[position]) if numeric else missing[position]
    return found


def _dates(column: pd.Series[Any]) -> dict[str, Any]:
    latest, earliest = column.max(), column.min()
    return {
        "count": len(column),
        "sample maximum": latest.isoformat() if latest == latest else None,  # noqa: PLR0124 - NaT differs from itself
        "sample minimum": earliest.isoformat() if earliest == earliest else None,  # noqa: PLR0124
    }


def _numeric(frame: pd.DataFrame, positions: list[int], *, skew: bool) -> list[dict[str, Any]]:
    """Return the numeric statistics of the columns at ``positions``, NaN as ``None``."""
    import numpy as np

    values = frame.iloc[:, positions].to_numpy(dtype="float64", na_value=np.nan)
    present = ~np.isnan(values)
    count = present.sum(axis=0)
    with np.errstate(all="ignore"):
        mean = np.where(present, values, 0.0).sum(axis=0) / count
        away = np.where(present, values - mean, 0.0)
        squares = (away**2).sum(axis=0)
        deviation = np.sqrt(squares / np.where(count > 1, count - 1, np.nan))
        low, *quartiles, high = _order_statistics(values, present)
        rows = {
            "count": np.full(len(positions), float(len(frame))),
            "mean": mean,
            "standard deviation": deviation,
            "sample minimum": low,
            "lower quartile": quartiles[0],
            "median": quartiles[1],
            "upper quartile": quartiles[2],
            "sample maximum": high,
        }
        if skew:
            rows["skew"] = _skew(away, squares, count)
    places = 3 if skew else None
    return [{key: _number(values[index], places) for key, values in rows.items()} for index in range(len(positions))]


def _order_statistics(values: NDArray[np.float64], present: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Return minimum, quartiles and maximum of each column, over the values that are present."""
    import numpy as np

    wanted = (0.0, *_QUARTILES, 1.0)
    found = np.full((len(wanted), values.shape[1]), np.nan)
    complete = present.all(axis=0)
    if complete.any():
        found[:, complete] = np.quantile(values[:, complete], wanted, axis=0)
    for index in np.flatnonzero(~complete & present.any(axis=0)):
        found[:, index] = np.quantile(values[present[:, index], index], wanted)
    return list(found)


def _skew(away: NDArray[np.float64], squares: NDArray[np.float64], count: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sample skewness (adjusted Fisher-Pearson), 0 for constant columns, NaN below three values."""
    import numpy as np

    cubes = (away**3).sum(axis=0)
    enough = np.where(count > 2, count, np.nan)
    skew = enough * np.sqrt(enough - 1) / (enough - 2) * cubes / squares**1.5
    constant: NDArray[np.float64] = np.where((squares == 0) & (count > 2), 0.0, skew)
    return constant


def _number(value: np.float64, places: int | None) -> float | None:
    number = float(value)
    if not math.isfinite(number):
        return None
    return number if places is None else round(number, places)
