"""Where a generated script for PyTorch runs its model; the devices are made up."""

import threading
from collections import Counter

import numpy as np
import pytest

from ads.score import Recipe, write

pytestmark = pytest.mark.needs("torch")


@pytest.fixture
def gpus(monkeypatch):
    """Return a function that makes torch believe in a number of GPUs."""
    import torch

    def have(count):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)

    return have


@pytest.fixture
def device():
    from ads.score.blocks.pytorch import device

    return device.__wrapped__  # without what it remembers


def test_without_a_gpu_it_is_the_processor(gpus, device):
    gpus(0)
    assert str(device()) == "cpu"


def test_the_only_gpu_that_the_host_shows_is_taken(gpus, device):
    gpus(1)
    assert {str(device()) for _ in range(20)} == {"cuda:0"}


def test_of_several_gpus_one_is_drawn_at_random_whatever_the_seed(gpus, device):
    import random

    gpus(4)
    drawn = Counter()
    for _ in range(400):
        random.seed(0)  # replicas of one model often seed alike; they must not all land on one GPU
        drawn[str(device())] += 1
    assert set(drawn) == {f"cuda:{number}" for number in range(4)}
    assert min(drawn.values()) > 40


def test_one_process_stays_where_it_is(gpus):
    from ads.score.blocks.pytorch import device

    gpus(8)
    device.cache_clear()
    try:
        assert len({str(device()) for _ in range(50)}) == 1
    finally:
        device.cache_clear()


@pytest.fixture
def trained_on_a_gpu(monkeypatch):
    """Let torch write tensors as if they lay on a GPU, which the file then wants back."""
    import torch

    monkeypatch.setattr(torch.serialization, "location_tag", lambda _storage: "cuda:0")


def artifact(tmp_path, network, serializer):
    from ads.model.serde.model_serializer import ModelSerializerFactory

    ModelSerializerFactory.get(serializer).serialize(network, str(tmp_path / "model.pt"))
    write(Recipe("pytorch", serializer, "model.pt"), tmp_path)
    return tmp_path


def test_weights_from_a_gpu_load_on_a_processor(trained_on_a_gpu, tmp_path, import_script):
    import torch

    network = torch.nn.Linear(3, 2)
    artifact(tmp_path, network, "torch")
    with pytest.raises(RuntimeError, match="CUDA"):
        torch.load(tmp_path / "model.pt", weights_only=True)
    script = import_script(tmp_path)
    assert script.load_model().weight.device.type == "cpu"
    found = script.predict([[1.0, 2.0, 3.0]])["prediction"]
    np.testing.assert_allclose(found, network(torch.tensor([[1.0, 2.0, 3.0]])).detach(), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_torch_script_is_loaded_onto_the_device_of_the_process(tmp_path, import_script, monkeypatch):
    import torch

    artifact(tmp_path, torch.nn.Linear(3, 2), "torchscript")
    asked = []
    load = torch.jit.load
    monkeypatch.setattr(torch.jit, "load", lambda path, map_location: (asked.append(map_location), load(path))[1])
    import_script(tmp_path)
    assert [str(place) for place in asked] == ["cpu"]


def test_everything_goes_to_the_device_and_comes_back(tmp_path, import_script, monkeypatch):
    """The meta device stands in for a GPU: it can't be read, so what is read has to be asked for."""
    import torch

    from ads.score.blocks.structure import placed

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = torch.nn.Linear(3, 2)
            self.register_buffer("kept", torch.ones(2), persistent=False)
            self.loose = torch.ones(2)

    model = placed(Net(), torch.device("meta"))
    tensors = [model.inner.weight, model.kept, model.loose]
    assert [tensor.device.type for tensor in tensors] == ["meta"] * 3

    from ads.score.blocks.pytorch import as_values, converted

    moved = converted({"x": torch.ones(1, 3), "y": (torch.ones(1),)}, model, as_values)
    assert moved["x"].device.type == moved["y"][0].device.type == "meta"


def test_requests_at_the_same_time_do_not_mix(tmp_path, import_script):
    import torch

    script = import_script(artifact(tmp_path, torch.nn.Linear(1, 1), "torch"))
    expected = {value: script.predict([[value]]) for value in map(float, range(4))}
    wrong = []

    def ask(value):
        wrong.extend(value for _ in range(50) if script.predict([[value]]) != expected[value])

    threads = [threading.Thread(target=ask, args=(value,)) for value in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
