# %% [markdown]
# # Deploy a scikit-learn model
#
# Estimators, pipelines and search objects, with their preprocessing. The sample is what the endpoint is held to: a
# replica takes requests only after it has given the estimator's own answers for it.

# %%
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from ads.model.framework.sklearn_model import SklearnModel

data = load_diabetes(as_frame=True)
X = data.data[["age", "bmi", "bp"]].assign(sex=data.data["sex"].gt(0).map({True: "m", False: "f"}))
columns = make_column_transformer((OneHotEncoder(), ["sex"]), remainder="passthrough")
estimator = make_pipeline(columns, RandomForestRegressor(n_estimators=20, random_state=0)).fit(X, data.target)

# %% [markdown]
# ## Prepare and verify
#
# `model_save_serializer="cloudpickle"` takes what joblib can't, such as classes of your notebook; `as_onnx=True`
# converts.

# %%
model = SklearnModel(estimator, artifact_dir="sklearn-model")
model.prepare(X_sample=X, y_sample=data.target, force_overwrite=True)
model.verify(X.head(3))

# %% [markdown]
# ## Save, deploy, predict

# %%
model.save(display_name="diabetes")
model.deploy(display_name="diabetes")
answer = model.predict(X.head(3))
assert answer["prediction"] == estimator.predict(X.head(3)).tolist()
answer

# %% [markdown]
# ## Take it away

# %%
model.delete(delete_associated_model_deployment=True)
