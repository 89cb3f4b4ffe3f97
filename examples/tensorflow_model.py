# %% [markdown]
# # Deploy a TensorFlow model
#
# Keras models and modules of `tf.Module`. `model_file_name` chooses the form: `model.h5` by default, a name that
# ends in `.keras`, or a name without an ending for a SavedModel folder.

# %%
import numpy as np
import tensorflow
from sklearn.datasets import load_digits

from ads.model.framework.tensorflow_model import TensorFlowModel

data = load_digits()
pictures = (data.images / 16).astype("float32")

tensorflow.keras.utils.set_random_seed(0)
network = tensorflow.keras.Sequential(
    [
        tensorflow.keras.layers.Input((8, 8)),
        tensorflow.keras.layers.Flatten(),
        tensorflow.keras.layers.Dense(32, activation="relu"),
        tensorflow.keras.layers.Dense(10),
    ]
)
loss = tensorflow.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
network.compile(optimizer="adam", loss=loss)
network.fit(pictures, data.target, epochs=3, verbose=0)

# %% [markdown]
# ## Prepare and verify

# %%
model = TensorFlowModel(network, artifact_dir="tensorflow-model")
model.prepare(X_sample=pictures[:5], model_file_name="model.keras", force_overwrite=True)
model.verify(pictures[:3])

# %% [markdown]
# ## Save, deploy, predict

# %%
model.save(display_name="digits")
model.deploy(display_name="digits")
answer = model.predict(pictures[:3])
np.testing.assert_allclose(answer["prediction"], network.predict(pictures[:3], verbose=0), rtol=1e-3, atol=1e-4)
np.argmax(answer["prediction"], axis=1)

# %% [markdown]
# ## Take it away

# %%
model.delete(delete_associated_model_deployment=True)
