"""Rows for a Spark pipeline: each one a JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import isnan
from typing import Any

from ads.model.serde.common import SERDE
from ads.model.serde.model_input import JsonModelInputSERDE, ModelInputSerializer, class_path
from ads.model.serde.names import SparkModelInputSerializerType

__all__ = ["SparkModelInputSERDE", "rows_as_json"]


class SparkModelInputSERDE(ModelInputSerializer, SERDE):
    """Writes ``{"data": ["{...}", ...], "data_type": ...}`` of Spark and pandas frames and of ``Row`` objects.

    Everything else goes as the ``json`` serializer writes it.
    """

    name = SparkModelInputSerializerType.SPARK

    def serialize(self, data: Any, **_kwargs: Any) -> dict[str, Any]:
        """Return the envelope; raises ``TypeError`` for a type that it has no form for."""
        rows = rows_as_json(data)
        if rows is None:
            return JsonModelInputSERDE().serialize(data)
        return {"data": rows, "data_type": "<class 'list'>"}


def rows_as_json(data: Any) -> list[str] | None:
    """Return a JSON text for each row of frames and ``Row`` objects, None for data of another kind."""
    if class_path(data, ("pyspark.DataFrame",)):
        return _rows_of_spark(data.to_spark() if hasattr(data, "to_spark") else data)
    if class_path(data, ("pandas.DataFrame",)):
        return [_text(zip(map(str, data.columns), row, strict=True)) for row in data.astype(object).to_numpy().tolist()]
    rows = [data] if class_path(data, ("pyspark.Row",)) else data
    if isinstance(rows, list) and rows and all(class_path(row, ("pyspark.Row",)) for row in rows):
        return [_text(row.asDict(recursive=True).items()) for row in rows]
    return None


def _rows_of_spark(frame: Any) -> list[str]:
    """Return the rows as Spark itself writes them, missing values included."""
    from pyspark.sql import functions

    text = functions.to_json(functions.struct("*"), {"ignoreNullFields": "false"})
    return [row[0] for row in frame.select(text).collect()]


def _text(row: Iterable[tuple[str, Any]]) -> str:
    return json.dumps({name: _value(value) for name, value in row}, default=_other, ensure_ascii=False)


def _value(value: Any) -> Any:
    """Return a cell as JSON has it; what is missing becomes null."""
    if isinstance(value, float) and isnan(value):
        return None
    return None if type(value).__name__ in ("NAType", "NaTType") else value


def _other(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "indices") and hasattr(value, "size"):  # a sparse vector, as Spark writes one
        return {"type": 0, "size": value.size, "indices": value.indices.tolist(), "values": value.values.tolist()}
    if hasattr(value, "toArray"):
        return {"type": 1, "values": value.toArray().tolist()}
    return value.tolist() if hasattr(value, "tolist") else str(value)
