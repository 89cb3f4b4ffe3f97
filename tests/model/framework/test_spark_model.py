"""SparkPipelineModel with a real Spark: what it takes, what it writes, and every form of a request."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ads.model.framework.spark_model import SparkPipelineModel

pytestmark = [pytest.mark.needs("pyspark", "java"), pytest.mark.timeout(600)]

ROWS = [(float(i), "ab"[i % 2], i, float(i % 2)) for i in range(20)]
COLUMNS = ["size", "town", "rooms"]
FRAME = pd.DataFrame(ROWS, columns=[*COLUMNS, "label"])
EXPECTED = {"prediction": [0.0, 1.0, 0.0]}


@pytest.fixture(scope="module")
def trained(spark: Any) -> Any:
    """A pipeline from columns of three types to a label, and its training data."""
    from pyspark.ml import Pipeline
    from pyspark.ml.classification import DecisionTreeClassifier
    from pyspark.ml.feature import StringIndexer, VectorAssembler

    frame = spark.createDataFrame(ROWS, [*COLUMNS, "label"])
    stages = [
        StringIndexer(inputCol="town", outputCol="index"),
        VectorAssembler(inputCols=["size", "index", "rooms"], outputCol="features"),
        DecisionTreeClassifier(maxDepth=2),
    ]
    return Pipeline(stages=stages).fit(frame), frame


@pytest.fixture(scope="module")
def model(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> SparkPipelineModel:
    pipeline, frame = trained
    model = SparkPipelineModel(pipeline, artifact_dir=str(tmp_path_factory.mktemp("spark") / "a"))
    return model.prepare(X_sample=frame.drop("label"))


def test_the_artifact_holds_the_pipeline_and_the_types_of_its_columns(model: SparkPipelineModel) -> None:
    folder = Path(model.artifact_dir)
    assert (folder / "model" / "metadata").is_dir()
    schema = json.loads((folder / "model_input_data_schema.json").read_text())
    assert [(field["name"], field["type"]) for field in schema["fields"]] == [
        ("size", "double"),
        ("town", "string"),
        ("rooms", "long"),
    ]
    assert [(column.name, column.feature_type) for column in model.schema_input] == [
        ("size", "Continuous"),
        ("town", "String"),
        ("rooms", "Integer"),
    ]
    sample = json.loads((folder / "sample.json").read_text())
    assert sample["expected_from"] == "estimator"
    assert json.loads(sample["cases"][0]["body"]["data"][0]) == {"size": 0.0, "town": "a", "rooms": 0}
    needed = (folder / "requirements.txt").read_text()
    assert "pyspark==" in needed
    assert "py4j==" in needed


def test_the_metadata_describe_the_pipeline(model: SparkPipelineModel) -> None:
    assert (model.framework, model.algorithm) == ("pyspark", "PipelineModel")
    assert model.version.count(".") == 2
    assert [name.partition("_")[0] for name in model.hyperparameter] == [
        "StringIndexer",
        "VectorAssembler",
        "DecisionTreeClassifier",
    ]
    assert "inputCol" in next(iter(model.hyperparameter.values()))
    assert model.metadata_custom["ModelSerializationFormat"].value == "spark"


RECORDS = FRAME[COLUMNS][:3].to_dict("records")


@pytest.mark.parametrize(
    "payload",
    [
        FRAME[COLUMNS][:3],
        FRAME[["rooms", "town", "label", "size"]][:3],
        RECORDS,
        [json.dumps(record) for record in RECORDS],
        json.dumps(RECORDS),
        FRAME[COLUMNS][:3].to_dict("list"),
        FRAME[COLUMNS][:3].to_dict(),
        FRAME[COLUMNS][:3].to_numpy().tolist(),
        {"columns": COLUMNS, "data": FRAME[COLUMNS][:3].to_numpy().tolist()},
    ],
    ids=["frame", "other order", "records", "texts", "one text", "columns", "columns by index", "rows", "split"],
)
def test_a_table_in_any_form_gets_the_pipelines_predictions(model: SparkPipelineModel, payload: Any) -> None:
    assert model.verify(payload, reload_artifacts=False) == EXPECTED


@pytest.mark.parametrize(
    "payload",
    [
        RECORDS[1],
        json.dumps(RECORDS[1]),
        [1.0, "b", 1],
        {**RECORDS[1], "unknown": 3},
        {"size": 1, "town": "b", "rooms": 1.0},
    ],
    ids=["a dictionary", "a text", "values", "a column too many", "a whole number"],
)
def test_a_single_record_is_one_row(model: SparkPipelineModel, payload: Any) -> None:
    """The keys of a single dictionary became rows."""
    assert model.verify(payload, reload_artifacts=False) == {"prediction": [1.0]}


def test_frames_and_rows_of_spark(model: SparkPipelineModel, trained: Any) -> None:
    from pyspark.sql import Row

    _, frame = trained
    assert model.verify(frame.limit(3), reload_artifacts=False) == EXPECTED
    assert model.verify([Row(**record) for record in RECORDS], reload_artifacts=False) == EXPECTED
    assert model.verify(Row(**RECORDS[0]), reload_artifacts=False) == {"prediction": [0.0]}


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"town": "a", "rooms": 1}, "column 'size' is missing"),
        ([RECORDS[0], {**RECORDS[1], "size": "large"}], r"Column 'size', row 1: 'large' is not a double"),
        ({**RECORDS[0], "rooms": 1.5}, r"Column 'rooms', row 0: 1\.5 is not a long"),
        ([], "no rows"),
        ([[1.0, "a"]], "Row 0 is"),
    ],
)
def test_what_does_not_fit_is_named_with_column_and_row(model: SparkPipelineModel, payload: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        model.verify(payload, reload_artifacts=False)
    assert caught.value.http_status == 400


@pytest.mark.parametrize("sample", ["pandas", "rows"])
def test_the_sample_may_be_a_pandas_frame_or_rows(trained: Any, sample: str, tmp_path: Path) -> None:
    from pyspark.sql import Row

    pipeline, _ = trained
    given = FRAME[COLUMNS] if sample == "pandas" else [Row(**record) for record in RECORDS]
    model = SparkPipelineModel(pipeline, artifact_dir=str(tmp_path / "a")).prepare(X_sample=given)
    assert (tmp_path / "a" / "sample.json").exists()
    assert model.verify(RECORDS) == EXPECTED


@pytest.mark.parametrize("sample", [None, [[1.0, "a", 1]], {"size": 1.0}, "text"])
def test_without_a_sample_that_has_types_nothing_is_written(trained: Any, sample: Any, tmp_path: Path) -> None:
    model = SparkPipelineModel(trained[0], artifact_dir=str(tmp_path / "a"))
    with pytest.raises(TypeError, match="X_sample"):
        model.prepare(X_sample=sample)
    assert not (tmp_path / "a").exists()


def test_only_fitted_pipelines_are_taken(spark: Any) -> None:
    from pyspark.ml import Pipeline
    from pyspark.ml.feature import Binarizer

    for estimator, hint in ((Pipeline(stages=[]), r"fit\(\)"), (Binarizer(), "PipelineModel"), (None, "PipelineModel")):
        with pytest.raises(TypeError, match=hint):
            SparkPipelineModel(estimator)


def test_vectors_dates_and_gaps_arrive_as_they_were(spark: Any, tmp_path: Path) -> None:
    from pyspark.ml import Pipeline
    from pyspark.ml.clustering import KMeans
    from pyspark.ml.feature import SQLTransformer
    from pyspark.ml.linalg import Vectors

    rows = [
        (Vectors.dense([0.0, 1.0]), dt.date(2020, 1, 2), None),
        (Vectors.sparse(2, {0: 9.0}), dt.date(2021, 3, 4), True),
    ]
    frame = _frame(spark, rows)
    stages = [KMeans(k=2, seed=1), SQLTransformer(statement="SELECT *, year(day) AS year FROM __THIS__")]
    pipeline = Pipeline(stages=stages).fit(frame)
    model = SparkPipelineModel(pipeline, artifact_dir=str(tmp_path / "a")).prepare(X_sample=frame)
    expected = [row[0] for row in pipeline.transform(frame).select("prediction").collect()]
    assert model.verify(frame) == {"prediction": expected}
    assert len(set(expected)) == 2
    features = model.score._module.pre_inference(model.get_data_serializer().serialize(frame))
    assert [tuple(row) for row in features.collect()] == rows


def _frame(spark: Any, rows: list[Any]) -> Any:
    from pyspark.ml.linalg import VectorUDT
    from pyspark.sql.types import BooleanType, DateType, StructType

    schema = StructType().add("features", VectorUDT()).add("day", DateType()).add("flag", BooleanType())
    return spark.createDataFrame(rows, schema)


def test_an_artifact_comes_back_with_its_pipeline(model: SparkPipelineModel) -> None:
    again = SparkPipelineModel.from_model_artifact(model.artifact_dir, reload=True)
    assert type(again.estimator).__name__ == "PipelineModel"
    assert again.verify(RECORDS) == EXPECTED


def test_naming_the_class_imports_no_spark() -> None:
    code = "import sys, ads.model.framework.spark_model; print([n for n in ('pyspark', 'numpy') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
