"""A registered model, or an artifact, as a function of columns in Spark."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import GenericAlias
from typing import TYPE_CHECKING, Any

from ads.errors import InputError, InputTypeError, NotSupported, VerificationFailed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["pandas_udf"]

_LOADED: dict[str, Any] = {}
"""The artifacts that this Python process of an executor has loaded, by the name of their archive."""


def pandas_udf(spark: Any, model: Any, result_type: Any = "double", *, output: str = "prediction") -> Any:
    """Return a function of columns that predicts, for ``select``, ``withColumn`` and SQL.

    ``model`` is what names a registered model (``churn@champion``, an OCID), the folder or zip file of an artifact, or
    a prepared model. The artifact travels to the executors once, and each of their Python processes loads it once; they
    need this package and what the model needs. ``result_type`` is the type of a prediction in Spark's words, and
    ``output`` which output of the model is wanted.

    The function takes columns, or names of them: those of the model in their order, under their names or not.

    Raises :class:`~ads.errors.InputTypeError` for another kind of model, :class:`~ads.errors.NotSupported` for a
    pipeline of Spark, which transforms a frame by itself, :class:`~ads.errors.NotFound`.

    >>> score = pandas_udf(spark, "churn@champion", "double")                      # doctest: +SKIP
    >>> frame.withColumn("prediction", score("age", "income"))                     # doctest: +SKIP
    """
    import secrets
    from importlib import import_module

    scratch = Path(tempfile.mkdtemp(prefix="openads-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)  # executors may ask for it as long as Spark runs
    name = f"openads-{secrets.token_hex(8)}.zip"
    with _archive(model, scratch) as found:
        shutil.copyfile(found, scratch / name)
    columns = _columns(scratch / name)
    spark.sparkContext.addFile(str(scratch / name))

    def predict(batches: Iterator[Any]) -> Iterator[pd.Series[Any]]:
        import pandas as pd

        score = _loaded(name)
        for batch in batches:
            yield pd.Series(_predicted(score, _frame(batch, columns), output))

    # Spark reads from the annotations that this is a function of an iterator over the columns' values.
    frame_kind, series_kind = (getattr(import_module("pandas"), kind) for kind in ("DataFrame", "Series"))
    predict.__annotations__ = {
        "batches": GenericAlias(Iterator, frame_kind),
        "return": GenericAlias(Iterator, series_kind),
    }
    return _by_name(import_module("pyspark.sql.functions").pandas_udf(predict, result_type))


def _by_name(scored: Any) -> Any:
    """Return a function that gives Spark's one a single column of all the columns it gets, with their names."""
    from pyspark.sql.functions import struct

    def score(*columns: Any) -> Any:
        if not columns:
            raise InputError("The model has nothing to predict from.", hint='Give its columns: score("age", "income").')
        return scored(struct(*columns))

    return score


@contextmanager
def _archive(model: Any, scratch: Path) -> Iterator[Path]:
    """Yield the archive of what the user means by ``model``."""
    from ads.client.references import is_path
    from ads.model.artifact_transfer import packed

    folder = getattr(model, "artifact_dir", None)
    if folder is not None:
        with packed(str(folder)) as archive:
            yield archive
        return
    if not isinstance(model, (str, Path)):
        raise InputTypeError(
            f"A {type(model).__name__} is no model that is known.", hint="Give a reference, an artifact, or a model."
        )
    if isinstance(model, Path) or is_path(model):
        with packed(str(model)) as archive:
            yield archive
        return
    from ads.client import Service
    from ads.client.references import resolve_model

    service = Service.find()
    target = scratch / "artifact.zip"
    service.download_artifact(resolve_model(service, model).id, target)
    yield target


def _columns(archive: Path) -> list[str]:
    """Return the names of the model's columns, none where its schema names none. Refuses pipelines of Spark."""
    import json

    from ads.artifact.archive import read_member

    recipe = read_member(archive, "score_recipe.json")
    if recipe is not None and json.loads(recipe).get("recipe", {}).get("framework") == "spark":
        raise NotSupported(
            "A pipeline of Spark can't run inside one of its own functions.",
            hint="Load the pipeline and call transform(frame).",
        )
    content = read_member(archive, "input_schema.json")
    if content is None:
        return []
    entries = sorted(json.loads(content)["schema"], key=lambda entry: entry.get("order", 0))
    return [] if any(entry.get("feature_type") == "Tensor" for entry in entries) else [str(e["name"]) for e in entries]


def _loaded(name: str) -> Any:
    """Return the script of the archive ``name`` with its model loaded, once in each process of an executor."""
    if name not in _LOADED:
        from pyspark import SparkFiles

        from ads.artifact.archive import extract
        from ads.model.score_module import ScoreModule

        folder = tempfile.TemporaryDirectory(prefix="openads-")  # lives as long as the process
        extract(Path(SparkFiles.get(name)), Path(folder.name) / "artifact")
        _LOADED[name] = (ScoreModule(Path(folder.name) / "artifact"), folder)
    return _LOADED[name][0]


def _frame(batch: Any, columns: list[str]) -> Any:
    """Return the rows under the names of the model's columns: as they came, or in their order where those differ."""
    if columns and not set(columns) <= set(batch.columns) and len(columns) == len(batch.columns):
        batch = batch.set_axis(columns, axis=1)
    return batch


def _predicted(score: Any, frame: Any, output: str) -> list[Any]:
    from ads.schema.wire import frame_to_wire

    if not len(frame):
        return []
    answer = score.predict(frame_to_wire(frame))
    found = answer.get(output) if isinstance(answer, dict) else answer
    values: Any = found.tolist() if found is not None and hasattr(found, "tolist") else found
    if not isinstance(values, list) or len(values) != len(frame):
        named = ", ".join(map(repr, answer)) if isinstance(answer, dict) else "no names"
        raise VerificationFailed(
            f"The answer has no {output!r} with one value for each of {len(frame)} rows; it has {named}.",
            hint="Name one of its outputs with output=.",
        )
    return list(values)
