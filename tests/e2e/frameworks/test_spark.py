"""A pipeline of Spark through real processes: trained here, served by a replica that starts a Java of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_wine

from ads.errors import ModelDeploymentPredictError
from ads.model.framework.spark_model import SparkPipelineModel

pytestmark = [pytest.mark.needs("pyspark", "java"), pytest.mark.timeout(900)]

WINE = load_wine(as_frame=True)
COLUMNS = ["alcohol", "flavanoids", "hue"]


@pytest.fixture
def trained(spark: Any) -> Any:
    from pyspark.ml import Pipeline
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.feature import VectorAssembler

    rows = WINE.frame[[*COLUMNS, "target"]].astype(float).to_numpy().tolist()
    frame = spark.createDataFrame(rows, [*COLUMNS, "label"])
    stages = [VectorAssembler(inputCols=COLUMNS, outputCol="features"), LogisticRegression(maxIter=5)]
    return Pipeline(stages=stages).fit(frame), frame.drop("label")


def test_the_endpoint_answers_as_the_pipeline(trained: Any, local_service: Path, tmp_path: Path) -> None:
    pipeline, frame = trained
    rows = frame.limit(178).collect()
    some = [rows[place] for place in (0, 70, 170)]
    expected = [row[0] for row in pipeline.transform(frame).select("prediction").collect()]
    expected = [expected[place] for place in (0, 70, 170)]
    assert len(set(expected)) == 3

    model = SparkPipelineModel(pipeline, artifact_dir=str(tmp_path / "artifact")).prepare(X_sample=frame)
    assert model.verify(some)["prediction"] == expected
    model.save(display_name="wines")
    deployment = model.deploy(display_name="wines")
    try:
        assert deployment.lifecycle_state == "ACTIVE"
        assert model.predict(some)["prediction"] == expected
        records = WINE.frame[COLUMNS].iloc[[0, 70, 170]]
        for payload in (records, records.to_dict("records"), records.to_dict("list")):
            assert model.predict(payload)["prediction"] == expected
        assert model.predict(records.iloc[0].to_dict())["prediction"] == expected[:1]
        with pytest.raises(ModelDeploymentPredictError, match="column 'hue' is missing"):
            model.predict({"alcohol": 13.0, "flavanoids": 2.0})
    finally:
        model.delete(delete_associated_model_deployment=True)
