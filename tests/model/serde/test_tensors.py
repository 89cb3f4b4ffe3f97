"""Tensors on the wire."""

import base64
import io
import json

import numpy as np
import pytest

from ads.model.serde.model_input import JsonModelInputSERDE, encode
from ads.model.serde.tensors import LegacyTorchInputSERDE, is_tensor, read_by_pickle, tensor_to_wire

pytestmark = pytest.mark.needs("torch")


@pytest.fixture(scope="module")
def torch():
    import torch

    return torch


def test_a_tensor_travels_with_dtype_and_shape(torch):
    wire = JsonModelInputSERDE().serialize(torch.tensor([[0.5, 0.1]], requires_grad=True))
    assert wire == {
        "data": {
            "__ads_torch_tensor__": 1,
            "data": [[0.5, 0.1]],
            "dtype": "torch.float32",
            "shape": [1, 2],
            "device": "cpu",
        },
        "data_type": "<class 'torch.Tensor'>",
    }


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "int64", "uint8", "bool"])
def test_every_number_comes_back_exactly(dtype, torch):
    from ads.score.blocks.pytorch import as_tensor

    torch.manual_seed(0)
    tensor = (torch.randn(500, dtype=torch.float64) * 100).to(getattr(torch, dtype)).reshape(5, 100)
    found = as_tensor(json.loads(encode(tensor_to_wire(tensor))), torch.nn.Linear(1, 1))
    assert found.dtype == tensor.dtype
    assert torch.equal(found, tensor)


def test_extreme_numbers_and_empty_and_single_ones(torch):
    from ads.score.blocks.pytorch import as_tensor

    info = torch.finfo(torch.float32)
    for tensor in (torch.tensor([info.max, info.min, info.tiny, 1e-45]), torch.zeros(0, 3), torch.tensor(1.5)):
        found = as_tensor(json.loads(encode(tensor_to_wire(tensor))), None)
        assert torch.equal(found, tensor)
        assert found.shape == tensor.shape


def test_tensors_inside_lists_tuples_and_dictionaries(torch):
    tensor = torch.tensor([1])
    assert JsonModelInputSERDE().serialize({"a": tensor, "b": 1})["data"]["a"]["dtype"] == "torch.int64"
    wire = JsonModelInputSERDE().serialize((tensor, tensor))
    assert wire["data_type"] == "<class 'tuple'>"
    assert [part["data"] for part in wire["data"]] == [[1], [1]]
    assert JsonModelInputSERDE().serialize([[1.0]])["data"] == [[1.0]]


def test_sparse_tensors_are_filled_and_complex_ones_refused(torch):
    assert tensor_to_wire(torch.eye(2).to_sparse())["data"] == [[1.0, 0.0], [0.0, 1.0]]
    with pytest.raises(TypeError, match="complex"):
        tensor_to_wire(torch.zeros(1, dtype=torch.complex64))


def test_the_old_form_is_a_stream_of_torch_save(torch):
    tensor = torch.rand(2, 3)
    wire = LegacyTorchInputSERDE().serialize(tensor)
    assert wire["data_type"] == "<class 'torch.Tensor'>"
    stream = io.BytesIO(base64.b64decode(wire["data"]))
    assert torch.equal(torch.load(stream, weights_only=True), tensor)
    assert LegacyTorchInputSERDE().serialize([[1]]) == {"data": [[1]], "data_type": "<class 'list'>"}


def test_scripts_that_read_the_old_form_are_recognized():
    old = "if 'torch.Tensor' in kind: torch.load(BytesIO(base64.b64decode(data)))"
    assert read_by_pickle(old)
    assert not read_by_pickle(f"{old} or __ads_torch_tensor__")
    assert not read_by_pickle("torch.load(path)")


def test_what_is_a_tensor(torch):
    assert is_tensor(torch.nn.Parameter(torch.ones(1)))
    assert not is_tensor(np.ones(1))
