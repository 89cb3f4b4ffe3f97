# %% [markdown]
# # Deploy a model in ONNX form
#
# `prepare(as_onnx=True)` converts models of scikit-learn, XGBoost, LightGBM, PyTorch and TensorFlow. The endpoint
# needs `onnxruntime` then, and not the framework. A conversion counts only when it gives the estimator's own
# predictions on the sample; what a converter can't do is an error in its own words.

# %%
import numpy as np
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ads.model.framework.sklearn_model import SklearnModel

X, y = load_wine(return_X_y=True, as_frame=True)
estimator = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)

# %% [markdown]
# ## Prepare and verify

# %%
model = SklearnModel(estimator, artifact_dir="onnx-model")
model.prepare(X_sample=X, y_sample=y, as_onnx=True, force_overwrite=True)
model.verify(X.head(3))

# %% [markdown]
# ## Save, deploy, predict

# %%
model.save(display_name="wine")
model.deploy(display_name="wine")
answer = model.predict(X.head(3))
np.testing.assert_allclose(answer["prediction"], estimator.predict(X.head(3)))
answer

# %% [markdown]
# ## Take it away

# %%
model.delete(delete_associated_model_deployment=True)
