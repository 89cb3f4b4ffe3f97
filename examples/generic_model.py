# %% [markdown]
# # Deploy any object with predict
#
# `GenericModel` takes whatever has a method `predict`: a rule, a model of a framework that has no class here,
# several models in one object. It travels as a pickle (`cloudpickle`), together with the class, where that is one
# of your session.

# %%
import pandas as pd

from ads.model.generic_model import GenericModel


class Tariff:
    """What a customer pays: a rule with a number that was learned."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def predict(self, rows: pd.DataFrame) -> list[float]:
        return [round(self.factor * age + (100.0 if smoker else 0.0), 2) for age, smoker in rows.to_numpy().tolist()]


X = pd.DataFrame({"age": [30, 40, 50], "smoker": [False, True, False]})
tariff = Tariff(2.5)

# %% [markdown]
# ## Prepare and verify

# %%
model = GenericModel(tariff, artifact_dir="generic-model")
model.prepare(X_sample=X, force_overwrite=True)
model.verify(X.to_dict("records"))

# %% [markdown]
# ## Save, deploy, predict

# %%
model.save(display_name="tariff")
model.deploy(display_name="tariff")
answer = model.predict([{"age": 30, "smoker": True}])
assert answer["prediction"] == [175.0]
answer

# %% [markdown]
# ## Take it away

# %%
model.delete(delete_associated_model_deployment=True)
