"""PyTorch models through real processes: the seed's GPU example on the processor, and each format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

from ads.common.model_metadata import UseCaseType
from ads.model.framework.pytorch_model import PyTorchModel

pytestmark = [
    pytest.mark.needs("torch"),
    pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning"),
]


def residual_network() -> Any:
    """Return a small network of the kind of ResNet; the seed downloads a large one."""
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.path = nn.Sequential(
                nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU(), nn.Dropout(0.3)
            )

        def forward(self, x):
            return torch.relu(x + self.path(x))

    torch.manual_seed(0)
    start = [nn.Conv2d(3, 8, 7, stride=4), nn.BatchNorm2d(8), nn.ReLU()]
    return nn.Sequential(*start, Block(8), Block(8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))


def test_the_gpu_example_of_the_documentation_on_a_processor(local_service: Path, tmp_path: Path) -> None:
    import torch

    model = residual_network()
    model.to("cpu")

    fake_input = torch.Tensor(np.zeros((1, 3, 224, 224))).to("cpu")
    model.forward(fake_input)

    model.eval()
    with pytest.raises(TypeError, match="is the text 'pytorch_model_artifact', not a model"):
        PyTorchModel("pytorch_model_artifact", artifact_dir=str(tmp_path / "artifact"))
    pytorch_model = PyTorchModel(model, artifact_dir=str(tmp_path / "artifact"))
    pytorch_model.prepare(
        inference_conda_env="pytorch110_p38_gpu_v1",
        training_conda_env="pytorch110_p38_gpu_v1",
        use_case_type=UseCaseType.IMAGE_CLASSIFICATION,
        force_overwrite=True,
        use_torch_script=True,
    )
    pytorch_model.save()
    pytorch_model.deploy(deployment_instance_shape="VM.GPU3.2")
    try:
        found = pytorch_model.predict(fake_input.numpy())
        np.testing.assert_allclose(found["prediction"], model(fake_input).detach(), rtol=1e-3, atol=1e-4)
    finally:
        pytorch_model.delete(delete_associated_model_deployment=True)


def trained_on_digits() -> tuple[Any, Any]:
    """Return a classifier of this file's own class, trained on scikit-learn's digits, and their pictures."""
    import torch
    from torch import nn

    class Digits(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 10))

        def forward(self, pictures):
            return self.layers(pictures / 16)

    torch.manual_seed(0)
    data = load_digits()
    pictures = torch.tensor(data.images[:, None], dtype=torch.float32)
    network, labels = Digits(), torch.tensor(data.target)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(pictures), labels).backward()
        optimizer.step()
    return network.eval(), pictures


@pytest.mark.parametrize("options", [{}, {"as_onnx": True}], ids=["state_dict", "onnx"])
def test_digits_are_served_as_the_network_sees_them(options: Any, local_service: Path, tmp_path: Path) -> None:
    network, pictures = trained_on_digits()
    model = PyTorchModel(network, artifact_dir=str(tmp_path / "artifact"))
    model.prepare(X_sample=pictures, use_case_type=UseCaseType.IMAGE_CLASSIFICATION, **options)
    expected = network(pictures[:20]).detach()
    assert (expected.argmax(1).numpy() == load_digits().target[:20]).mean() > 0.9
    np.testing.assert_allclose(model.verify(pictures[:20])["prediction"], expected, rtol=1e-3, atol=1e-3)
    model.save(display_name="digits")
    model.deploy(display_name="digits")
    try:
        for payload in (pictures[:20], pictures[:20].numpy(), pictures[:20].to(int).tolist()):
            found = model.predict(payload)
            np.testing.assert_allclose(found["prediction"], expected, rtol=1e-3, atol=1e-3)
    finally:
        model.delete(delete_associated_model_deployment=True)


def test_a_table_goes_to_a_scripted_network_by_the_names_of_its_columns(local_service: Path, tmp_path: Path) -> None:
    import torch

    torch.manual_seed(0)
    frame = load_iris(as_frame=True).data
    network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3)).eval()
    model = PyTorchModel(network, artifact_dir=str(tmp_path / "artifact"), model_save_serializer="torchscript")
    model.prepare(X_sample=frame)
    expected = network(torch.tensor(frame.to_numpy()[:5], dtype=torch.float32)).detach()
    model.save(display_name="iris")
    model.deploy(display_name="iris")
    try:
        for payload in (frame[:5], frame[:5][frame.columns[::-1]], frame[:5].to_dict("records")):
            np.testing.assert_allclose(model.predict(payload)["prediction"], expected, rtol=1e-4, atol=1e-5)
    finally:
        model.delete(delete_associated_model_deployment=True)
