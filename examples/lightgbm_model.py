# %% [markdown]
# # Deploy a LightGBM model
#
# Estimators are kept with joblib, boosters of `lightgbm.train` as LightGBM's own text. Category columns keep their
# categories: a request may send them as plain texts.

# %%
import lightgbm
from sklearn.datasets import load_diabetes

from ads.model.framework.lightgbm_model import LightGBMModel

data = load_diabetes(as_frame=True)
X = data.data.assign(sex=data.data["sex"].gt(0).map({True: "m", False: "f"}).astype("category"))
estimator = lightgbm.LGBMRegressor(n_estimators=20, verbose=-1).fit(X, data.target)

# %% [markdown]
# ## Prepare and verify

# %%
model = LightGBMModel(estimator, artifact_dir="lightgbm-model")
model.prepare(X_sample=X, y_sample=data.target, force_overwrite=True)
model.verify(X.head(3))

# %% [markdown]
# ## Save, deploy, predict

# %%
model.save(display_name="diabetes")
model.deploy(display_name="diabetes")
answer = model.predict(X.head(3).to_dict("records"))
assert answer["prediction"] == estimator.predict(X.head(3)).tolist()
answer

# %% [markdown]
# ## Take it away

# %%
model.delete(delete_associated_model_deployment=True)
