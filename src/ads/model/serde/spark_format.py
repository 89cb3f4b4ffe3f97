"""The model folder of a Spark pipeline, and the schema of its input beside it."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import Any

from ads.errors import InputTypeError
from ads.model.serde.model_input import class_path

__all__ = ["FRAMES", "frame_of", "input_schema_path", "read", "write"]

FRAMES = ("pyspark.DataFrame",)
"""What a Spark frame is by class path, with and without Spark Connect."""


def input_schema_path(path: Path) -> Path:
    """Return where the schema of the input lies for the model folder at ``path``."""
    return path.with_name(f"{path.name}_input_data_schema.json")


def write(estimator: Any, path: Path, options: dict[str, Any]) -> None:
    """Write the pipeline with Spark's own writer, and the columns of the sample as Spark describes them.

    Raises ``TypeError`` without a sample: Spark makes no frame of a request without knowing its columns.
    """
    schema = frame_of(options.get("X_sample")).schema
    estimator.write().overwrite().save(f"file://{path.absolute()}")
    input_schema_path(path).write_text(schema.json(), encoding="utf-8")


def read(path: Path) -> Any:
    """Return the pipeline in the folder at ``path``."""
    from pyspark.ml import PipelineModel

    _session()
    return PipelineModel.load(f"file://{path.absolute()}")


def frame_of(sample: Any) -> Any:
    """Return a sample as a Spark frame: a Spark frame, a pandas frame (of Spark or not), or a list of ``Row``.

    Raises ``TypeError`` for anything else.
    """
    if class_path(sample, FRAMES):
        return sample.to_spark() if hasattr(sample, "to_spark") else sample
    if class_path(sample, ("pandas.DataFrame",)):
        return _frame_of_rows(_rows_of_pandas(sample))
    rows = [sample] if class_path(sample, ("pyspark.Row",)) else sample
    if isinstance(rows, list) and rows and all(class_path(row, ("pyspark.Row",)) for row in rows):
        return _frame_of_rows(rows)
    raise InputTypeError(
        f"X_sample is {'missing' if sample is None else f'a {type(sample).__name__}'}: Spark reads the types of the "
        "input's columns from it.",
        hint="Pass a few rows of the training data: a Spark frame, a pandas frame, or a list of Row.",
    )


def _frame_of_rows(rows: list[Any]) -> Any:
    """Return a frame of rows whose types Spark finds out. The schema alone comes from Python; Java reads the rows."""
    import json

    from ads.model.serde.spark_input import rows_as_json
    from ads.score.blocks import spark

    block: Any = spark  # blocks are not typed: they are copied into scripts
    schema = json.loads(_session().createDataFrame(rows).schema.json())
    return block.spark_frame(rows_as_json(rows), schema, None)


def _rows_of_pandas(frame: Any) -> list[Any]:
    from pyspark.sql import Row

    make = Row(*[str(name) for name in frame.columns])
    return [make(*[_value(cell) for cell in row]) for row in frame.astype(object).to_numpy().tolist()]


def _value(cell: Any) -> Any:
    """Return a cell as Spark knows it: missing values as None, times of pandas as Python's."""
    if cell is None or (isinstance(cell, float) and isnan(cell)) or type(cell).__name__ in ("NAType", "NaTType"):
        return None
    return cell.to_pydatetime() if hasattr(cell, "to_pydatetime") else cell


def _session() -> Any:
    from ads.score.blocks import spark

    block: Any = spark
    return block.spark_session()
