"""Models as functions of columns, in a real Spark with Python processes of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from ads.errors import InputTypeError, NotSupported
from ads.model import pandas_udf

pytestmark = [pytest.mark.needs("pyspark", "java"), pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore")]


@pytest.fixture(autouse=True)
def same_python(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spark's Python processes are this interpreter, whatever comes first on PATH."""
    monkeypatch.setattr(spark.sparkContext, "pythonExec", sys.executable)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A model on a number and a text, with the frame that it was trained on."""
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    from ads.model.framework.sklearn_model import SklearnModel

    frame = pd.DataFrame({"age": range(18, 78), "plan": ["basic", "pro", "pro"] * 20})
    columns = ColumnTransformer([("plan", OneHotEncoder(), ["plan"])], remainder="passthrough")
    estimator = make_pipeline(columns, LogisticRegression(max_iter=2000)).fit(frame, frame["age"] > 40)
    model = SklearnModel(estimator, artifact_dir=str(tmp_path_factory.mktemp("spark") / "artifact"))
    model.prepare(X_sample=frame, outputs=["predict", "predict_proba"])
    return model, frame


def test_predictions_beside_the_rows_of_a_spark_frame(spark: Any, prepared: Any) -> None:
    model, frame = prepared
    rows = spark.createDataFrame(frame).repartition(3)
    by_folder = pandas_udf(spark, Path(model.artifact_dir), "boolean")
    by_model = pandas_udf(spark, model, "array<double>", output="predict_proba")
    renamed = rows.selectExpr("age as years", "plan", "age as more")
    found = rows.select("age", by_folder("age", "plan").alias("old"), by_model("plan", "age").alias("p")).toPandas()
    found = found.sort_values("age")
    assert found["old"].tolist() == model.estimator.predict(frame).tolist()
    wanted = model.estimator.predict_proba(frame).tolist()
    assert [list(row) for row in found["p"]] == [pytest.approx(row) for row in wanted]
    by_place = renamed.select("more", by_folder("years", "plan").alias("old")).toPandas().sort_values("more")
    assert by_place["old"].tolist() == found["old"].tolist()


def test_what_is_no_model_for_this(spark: Any, prepared: Any, tmp_path: Path) -> None:
    with pytest.raises(InputTypeError, match="list is no model"):
        pandas_udf(spark, [])
    import shutil

    pipeline = tmp_path / "pipeline"
    shutil.copytree(prepared[0].artifact_dir, pipeline)
    (pipeline / "score_recipe.json").write_text('{"recipe": {"framework": "spark"}}')
    with pytest.raises(NotSupported, match="inside one of its own functions"):
        pandas_udf(spark, pipeline)
