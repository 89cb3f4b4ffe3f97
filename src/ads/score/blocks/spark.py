# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""Pipelines of Spark: loading one, and the frame that it transforms."""

import json
import os
from functools import lru_cache

from ads.score.blocks.columns import columns_of
from ads.score.blocks.inference import pre_inference
from ads.score.blocks.loading import checked_path
from ads.score.blocks.payload import unwrap
from ads.score.blocks.script import HERE, INPUT_SCHEMA, InputError, load_model, model_name


@lru_cache(maxsize=10)
def load_spark(model_file_name=model_name):
    """Return the pipeline, loaded once, in a Spark session inside this process."""
    from pyspark.ml import PipelineModel

    spark_session()
    elsewhere = os.environ.get("OCI_DEPLOYMENT_PATH")
    path = os.path.join(elsewhere, model_file_name) if elsewhere else "file://" + checked_path(model_file_name)
    return PipelineModel.load(path)


def spark_session():
    """Return the running Spark session, or start a small one that only this machine can reach."""
    import tempfile

    from pyspark.sql import SparkSession

    found = SparkSession.getActiveSession()
    if found is not None:
        return found
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    lean = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"  # half the processor time of a start, two thirds of the memory
    settings = {
        "spark.driver.extraJavaOptions": os.environ.get("JDK_JAVA_OPTIONS", lean),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": tempfile.gettempdir(),
        "spark.sql.shuffle.partitions": "1",
    }
    builder = SparkSession.builder.master("local[1]").appName("score")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def deserialize(data, input_schema_path=INPUT_SCHEMA):  # noqa: ARG001 - Spark has a schema of its own
    """Return the payload as the Spark frame that the pipeline transforms."""
    return spark_frame(data, input_data_schema(), load_model())


def post_inference(yhat, input_cols):
    """Return the prediction column as a list. Your own postprocessing goes here."""
    column = prediction_column(yhat.columns, input_cols, load_model())
    values = [row[0] for row in yhat.select("`%s`" % column).collect()]
    return [value.toArray().tolist() if hasattr(value, "toArray") else value for value in values]


def predict_with_spark(data, model=load_model(), input_schema_path=INPUT_SCHEMA):  # noqa: B008
    """Return the answer to one request: the decoded JSON body."""
    features = pre_inference(data, input_schema_path)
    return {"prediction": post_inference(model.transform(features), features.columns)}


@lru_cache(maxsize=1)
def input_data_schema(path=os.path.join(HERE, model_name + "_input_data_schema.json")):  # noqa: B008
    """Return the columns of the training data as Spark describes them."""
    with open(path, encoding="utf-8") as schema_file:
        return json.load(schema_file)


def spark_frame(data, schema, model):
    """Return a Spark frame of the payload. Java alone reads it: no further Python process is started for that."""
    from pyspark.sql import functions, types

    rows = spark_rows(data, schema, needed_columns(model))
    text = functions.lit(json.dumps(rows))
    row = functions.from_json(text, types.ArrayType(types.StructType.fromJson(schema)), {"mode": "FAILFAST"})
    return spark_session().range(1).select(functions.inline(row))


def spark_rows(data, schema, needed=()):
    """Return a list of {column: value} of records, columns, rows, or one of them, each of which may be JSON text."""
    kinds = {field["name"]: field["type"] for field in schema["fields"]}
    data = unwrap(data, kinds)[0]
    if isinstance(data, dict):
        tables = [name for name, value in data.items() if isinstance(value, (list, dict))]
        one = not tables or any(isinstance(kinds.get(name), dict) for name in tables)
        data = [data] if one else columns_of(data, {name: "" for name in kinds if name in data} or kinds)
    if isinstance(data, dict):
        data = [dict(zip(data, row)) for row in zip(*data.values())]  # noqa: B905 - Python 3.8
    data = data.tolist() if hasattr(data, "tolist") else data
    if not isinstance(data, list) or not data:
        raise InputError("The payload has no rows: it is %.80r." % (data,))
    rows = [json.loads(row) if isinstance(row, str) and row.lstrip()[:1] == "{" else row for row in data]
    if not any(isinstance(row, (dict, list)) for row in rows):
        rows = [rows] if len(kinds) > 1 else [[value] for value in rows]
    for place, row in enumerate(rows):
        if not isinstance(row, dict) and (not isinstance(row, list) or len(row) != len(kinds)):
            raise InputError("Row %d is %.80r, not a record of the columns %s." % (place, row, ", ".join(kinds)))
    rows = [row if isinstance(row, dict) else dict(zip(kinds, row)) for row in rows]  # noqa: B905 - Python 3.8
    for name in needed:
        if name in kinds and not any(name in row for row in rows):
            raise InputError("The column %r is missing, from row 0 on." % name)
    return [
        {name: spark_value(row[name], kind, name, place) for name, kind in kinds.items() if name in row}
        for place, row in enumerate(rows)
    ]


def spark_value(value, kind, name, place):
    """Return a value as Spark reads it from JSON, or name the row whose value can't have this type."""
    whole = kind in ("byte", "short", "integer", "long")
    number = whole or kind in ("float", "double") or str(kind).startswith("decimal")
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = is_number if number else isinstance(value, bool) if kind == "boolean" else True
    if value is not None and (not fits or (whole and value != int(value))):
        raise InputError("Column %r, row %d: %r is not a %s." % (name, place, value, kind))
    return int(value) if whole and value is not None else value


@lru_cache(maxsize=10)
def needed_columns(model):
    """Return the columns that the stages of the pipeline say they read."""
    names = ("inputCol", "inputCols", "featuresCol", "userCol", "itemCol")
    stages = [(stage, name) for stage in getattr(model, "stages", ()) for name in names if stage.hasParam(name)]
    given = [stage.getOrDefault(name) for stage, name in stages if stage.isDefined(name)]
    return tuple(dict.fromkeys(name for value in given for name in ([value] if isinstance(value, str) else value)))


def prediction_column(columns, input_cols, model):
    """Return the column that holds the prediction: that name, else what the last stage that predicts calls it."""
    if "prediction" in columns and "prediction" not in input_cols:
        return "prediction"
    for stage in reversed(getattr(model, "stages", ())):
        for name in ("predictionCol", "outputCol"):
            if stage.hasParam(name) and stage.isDefined(name) and stage.getOrDefault(name) in columns:
                return stage.getOrDefault(name)
    return columns[-1]
