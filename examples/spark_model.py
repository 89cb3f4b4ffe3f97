# %% [markdown]
# # Deploy a pipeline of Spark
#
# A fitted `PipelineModel`. Each replica starts a local Spark of its own, so Java must be on the machine, and a
# replica takes about ten seconds to be ready. Requests are rows and records as everywhere; nobody who predicts
# needs Spark.

# %%
from pyspark.ml import Pipeline
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession
from sklearn.datasets import load_wine

from ads.model.framework.spark_model import SparkPipelineModel

spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
X, y = load_wine(return_X_y=True, as_frame=True)
X = X[["alcohol", "flavanoids", "hue"]]
rows = X.assign(label=y.astype(float)).to_numpy().tolist()
frame = spark.createDataFrame(rows, [*X.columns, "label"])
stages = [VectorAssembler(inputCols=list(X.columns), outputCol="features"), LogisticRegression(maxIter=5)]
pipeline = Pipeline(stages=stages).fit(frame)

# %% [markdown]
# ## Prepare and verify

# %%
model = SparkPipelineModel(pipeline, artifact_dir="spark-model")
model.prepare(X_sample=frame.drop("label"), force_overwrite=True)
model.verify(X.head(3))

# %% [markdown]
# ## Save, deploy, predict

# %%
model.save(display_name="wine")
model.deploy(display_name="wine")
answer = model.predict(X.head(3))
assert answer["prediction"] == [row.prediction for row in pipeline.transform(frame).limit(3).collect()]
answer

# %% [markdown]
# ## Take it away

# %%
model.delete(delete_associated_model_deployment=True)
spark.stop()
