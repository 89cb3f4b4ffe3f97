# %% [markdown]
# # Deploy an XGBoost model
#
# Both of its interfaces: estimators as here, and boosters of `xgboost.train`. The model file is XGBoost's own JSON,
# which later versions of it read; `model_save_serializer="xgboost_ubj"` makes it smaller.

# %%
import xgboost
from sklearn.datasets import load_wine

from ads.model.framework.xgboost_model import XGBoostModel

X, y = load_wine(return_X_y=True, as_frame=True)
estimator = xgboost.XGBClassifier(n_estimators=20, max_depth=3).fit(X, y)

# %% [markdown]
# ## Prepare and verify
#
# The endpoint answers labels, as `predict` of the estimator does; here also the probabilities.

# %%
model = XGBoostModel(estimator, artifact_dir="xgboost-model")
model.prepare(X_sample=X, y_sample=y, outputs=["predict", "predict_proba"], force_overwrite=True)
model.verify(X.head(3))

# %% [markdown]
# ## Save, deploy, predict

# %%
model.save(display_name="wine")
model.deploy(display_name="wine")
answer = model.predict(X.head(3))
assert answer["prediction"] == estimator.predict(X.head(3)).tolist()
answer

# %% [markdown]
# ## Take it away

# %%
model.delete(delete_associated_model_deployment=True)
