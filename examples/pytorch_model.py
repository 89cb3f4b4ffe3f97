# %% [markdown]
# # Deploy a PyTorch model
#
# Any module. The artifact holds its weights (`model.pt`) and its structure beside them, so a replica needs none of
# your code. `use_torch_script=True` writes TorchScript instead, `as_onnx=True` ONNX, which is served without
# PyTorch.

# %%
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from ads.model.framework.pytorch_model import PyTorchModel

data = load_digits()
pictures = torch.tensor(data.images[:, None] / 16, dtype=torch.float32)
labels = torch.tensor(data.target)

torch.manual_seed(0)
network = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
for _ in range(40):
    optimizer.zero_grad()
    nn.functional.cross_entropy(network(pictures), labels).backward()
    optimizer.step()
network.eval()

# %% [markdown]
# ## Prepare and verify
#
# Networks take tensors, arrays and nested lists of their shape. In a replica the model runs on the GPU that it was
# given, or on the processor: see [Use GPUs](gpu.md).

# %%
model = PyTorchModel(network, artifact_dir="pytorch-model")
model.prepare(X_sample=pictures[:5], force_overwrite=True)
model.verify(pictures[:3])

# %% [markdown]
# ## Save, deploy, predict

# %%
model.save(display_name="digits")
model.deploy(display_name="digits")
answer = model.predict(pictures[:3].numpy())
np.testing.assert_allclose(answer["prediction"], network(pictures[:3]).detach(), rtol=1e-3, atol=1e-4)
np.argmax(answer["prediction"], axis=1)

# %% [markdown]
# ## Take it away

# %%
model.delete(delete_associated_model_deployment=True)
