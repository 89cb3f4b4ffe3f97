"""PyTorchModel: its formats, what a payload may look like, and what a network may take and give."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ads.errors import InputError, InputTypeError
from ads.model.framework.pytorch_model import PyTorchModel
from ads.model.framework.sklearn_model import SklearnModel

pytestmark = [
    pytest.mark.needs("torch"),
    pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning"),
]
FORMATS = [{}, {"use_torch_script": True}, {"as_onnx": True}]


@pytest.fixture(scope="module")
def torch():
    import torch

    return torch


@pytest.fixture(scope="module")
def networks(torch):
    from tests import networks

    return networks


@pytest.fixture
def rows(torch):
    return torch.rand(6, 4, generator=torch.Generator().manual_seed(1))


def prepared(network, tmp_path, **options):
    return PyTorchModel(network, artifact_dir=str(tmp_path / "artifact")).prepare(**options)


def close(answer, expected):
    np.testing.assert_allclose(answer["prediction"], expected.detach().numpy(), rtol=1e-4, atol=1e-5)


def answer_elsewhere(tmp_path, blocked="ads,tests"):
    """Return what score.py answers for its own sample in a process that lacks what is blocked, and the sample's."""
    code = """
import importlib.abc, json, sys
class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[2].split(","):
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Block())
sys.path.insert(0, sys.argv[1])
import score
case = json.load(open(sys.argv[1] + "/sample.json"))["cases"][0]
print(json.dumps([score.predict(case["body"]), case["answer"]]))
"""
    command = [sys.executable, "-c", code, str(tmp_path / "artifact"), blocked]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


# What is stored.


def test_the_default_format_loads_without_an_edit_where_the_code_of_the_network_is_missing(networks, rows, tmp_path):
    model = prepared(networks.seeded(networks.Table), tmp_path, X_sample=rows)
    assert sorted(path.name for path in (tmp_path / "artifact").iterdir()) == [
        ".model-ignore",
        "input_schema.json",
        "model.pt",
        "model_structure.pkl",
        "requirements.txt",
        "runtime.yaml",
        "sample.json",
        "score.py",
        "score_payload.py",
        "score_recipe.json",
    ]
    close(model.verify(rows), networks.seeded(networks.Table)(rows))
    answer, expected = answer_elsewhere(tmp_path)
    np.testing.assert_allclose(answer["prediction"], expected["prediction"], rtol=1e-5)
    assert len(expected["prediction"]) == 5


def test_the_weights_are_a_plain_state_dict_and_lie_in_one_file_only(networks, torch, tmp_path):
    network = torch.nn.Sequential(torch.nn.Linear(300, 300), torch.nn.BatchNorm1d(300))
    prepared(network, tmp_path)
    found = torch.load(tmp_path / "artifact" / "model.pt", weights_only=True)
    assert list(found) == list(network.state_dict())
    assert (tmp_path / "artifact" / "model_structure.pkl").stat().st_size < 5_000


def test_the_requirements_say_what_loading_needs(networks, tmp_path):
    prepared(networks.seeded(networks.Table), tmp_path)
    text = (tmp_path / "artifact" / "requirements.txt").read_text()
    assert "\ntorch==" in text
    assert "\ncloudpickle==" in text


def test_another_file_name_takes_the_structure_with_it(networks, rows, tmp_path):
    model = prepared(networks.seeded(networks.Table), tmp_path, model_file_name="net.pth", X_sample=rows)
    assert (tmp_path / "artifact" / "net_structure.pkl").is_file()
    close(model.verify(rows), networks.seeded(networks.Table)(rows))


def test_a_structure_that_cannot_be_stored_names_the_way_out_and_leaves_nothing(networks, tmp_path):
    with pytest.raises(InputError, match=r"structure of Unpicklable.*\n.*use_torch_script=True"):
        prepared(networks.Unpicklable(), tmp_path)
    assert not (tmp_path / "artifact").exists()


def test_code_of_another_python_version_is_refused_in_words(networks, tmp_path):
    import pickle

    model = prepared(networks.seeded(networks.Table), tmp_path)
    path = tmp_path / "artifact" / "model_structure.pkl"
    stream = io.BytesIO(path.read_bytes())
    about = pickle.load(stream)
    assert about["holds_code"] is True
    path.write_bytes(pickle.dumps({**about, "python": "3.4"}) + stream.read())
    with pytest.raises(RuntimeError, match=r"code for Python 3\.4, and this is Python 3\."):
        model.verify([[1, 2, 3, 4]])


def test_classes_of_installed_packages_are_stored_by_name(torch, tmp_path):
    import pickle

    prepared(torch.nn.Linear(2, 1), tmp_path)
    with (tmp_path / "artifact" / "model_structure.pkl").open("rb") as file:
        assert pickle.load(file)["holds_code"] is False


@pytest.mark.filterwarnings("ignore:torch.ao.quantization is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor:UserWarning")
@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated:UserWarning")
@pytest.mark.parametrize(
    "kind", ["LSTM", "TransformerEncoder", "weight_norm", "spectral_norm", "quantized", "BatchNorm1d", "lazy"]
)
def test_networks_of_unusual_make(kind, torch, tmp_path):
    from torch import nn
    from torch.nn.utils import parametrizations

    torch.manual_seed(0)
    x = torch.rand(2, 5, 4)
    if kind == "LSTM":
        network = nn.LSTM(4, 3, batch_first=True, bidirectional=True)
    elif kind == "TransformerEncoder":
        network = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 2)
    elif kind == "quantized":
        network = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 3), nn.ReLU()), {nn.Linear})
    elif kind == "BatchNorm1d":
        network = nn.Sequential(nn.BatchNorm1d(5), nn.Linear(4, 3))
    elif kind == "lazy":
        network = nn.Sequential(nn.LazyLinear(3))
        network(x)
    else:
        network = nn.Sequential(getattr(parametrizations, kind)(nn.Linear(4, 3)), nn.ReLU())
    model = prepared(network, tmp_path, X_sample=x)
    found = model.verify(x)["prediction"]
    expected = network.eval()(x)
    close({"prediction": found[0] if kind == "LSTM" else found}, expected[0] if kind == "LSTM" else expected)
    answer, wanted = answer_elsewhere(tmp_path)
    assert np.shape(answer["prediction"][0]) == np.shape(wanted["prediction"][0])


@pytest.mark.needs("transformers")
def test_a_model_of_transformers_takes_its_inputs_by_name(torch, tmp_path):
    from transformers import BertConfig, BertModel

    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    network = BertModel(BertConfig(vocab_size=50, **sizes)).eval()
    tokens = torch.randint(0, 50, (2, 6))
    inputs = {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}
    model = prepared(network, tmp_path, X_sample=inputs)
    expected = network(**inputs).pooler_output
    for payload in (inputs, {name: value.tolist() for name, value in inputs.items()}):
        close({"prediction": model.verify(payload)["prediction"]["pooler_output"]}, expected)
    assert "\ntransformers==" in (tmp_path / "artifact" / "requirements.txt").read_text()


def test_an_answer_that_differs_from_the_network_is_noticed(networks, torch, rows, tmp_path):
    from ads.errors import VerificationFailed

    network = networks.seeded(networks.Table)
    model = prepared(network, tmp_path)
    with torch.no_grad():
        network.layers[0].weight.add_(1)
    with pytest.raises(VerificationFailed, match="something else than the estimator"):
        model.verify(rows)


@pytest.mark.parametrize("wrap", ["DataParallel", "compile"])
def test_wrappers_for_several_devices_and_for_compilation_are_taken_off(wrap, networks, torch, rows, tmp_path):
    network = networks.seeded(networks.Table)
    wrapped = torch.nn.DataParallel(network) if wrap == "DataParallel" else torch.compile(network, backend="eager")
    model = prepared(wrapped, tmp_path)
    assert next(iter(torch.load(tmp_path / "artifact" / "model.pt"))) == "layers.0.weight"
    close(model.verify(rows), network(rows))


@pytest.mark.parametrize("options", FORMATS)
def test_every_format_answers_what_the_network_answers(options, networks, torch, tmp_path):
    pictures = torch.rand(6, 3, 8, 8)
    network = networks.seeded(networks.Pictures)
    model = prepared(network, tmp_path, X_sample=pictures, **options)
    suffix = "onnx" if "as_onnx" in options else "pt"
    assert model.model_file_name == f"model.{suffix}"
    for payload in (pictures, pictures.numpy(), pictures.tolist(), pictures[:1]):
        close(model.verify(payload), network(torch.as_tensor(np.asarray(payload)).float()))
    close(model.verify((pictures * 255).to(torch.uint8)), network((pictures * 255).to(torch.uint8).float()))
    answer, expected = answer_elsewhere(tmp_path, "ads,tests,torch" if "as_onnx" in options else "ads,tests")
    np.testing.assert_allclose(answer["prediction"], expected["prediction"], rtol=1e-4)


def test_a_network_that_is_compiled_already_is_stored_as_it_is(networks, torch, rows, tmp_path):
    compiled = torch.jit.trace(networks.seeded(networks.Table), rows[:2])
    model = prepared(compiled, tmp_path, X_sample=rows)
    assert model.model_save_serializer.name == "torchscript"
    assert model.algorithm == "Table"
    close(model.verify(rows), compiled(rows))


def test_what_torch_script_cannot_say_is_explained(torch, tmp_path):
    class Odd(torch.nn.Module):
        def forward(self, x):
            return sorted(x, key=lambda value: value)

    with pytest.raises(InputError, match=r"Odd can't be compiled to TorchScript.*\n.*torch\.jit\.trace"):
        prepared(Odd(), tmp_path, use_torch_script=True)


def test_torch_script_is_for_this_class_only_and_not_for_onnx_at_once(networks, classifier, tmp_path):
    with pytest.raises(InputError, match="use_torch_script"):
        SklearnModel(classifier, artifact_dir=str(tmp_path / "a")).prepare(use_torch_script=True)
    with pytest.raises(InputError, match="as_onnx"):
        prepared(networks.seeded(networks.Table), tmp_path, use_torch_script=True, as_onnx=True)


def test_another_format_leaves_no_structure_of_the_first_behind(networks, torch, tmp_path):
    network = networks.seeded(networks.Pictures)
    prepared(network, tmp_path).prepare(use_torch_script=True, force_overwrite=True)
    assert not (tmp_path / "artifact" / "model_structure.pkl").exists()
    prepared(network, tmp_path, force_overwrite=True)
    assert (tmp_path / "artifact" / "model_structure.pkl").is_file()


def test_serialize_model_takes_the_format_too(networks, tmp_path):
    model = PyTorchModel(networks.seeded(networks.Pictures), artifact_dir=str(tmp_path / "artifact"))
    model.serialize_model(use_torch_script=True)
    assert model.model_save_serializer.name == "torchscript"
    assert [path.name for path in (tmp_path / "artifact").iterdir()] == ["model.pt"]


def test_a_model_comes_back_and_is_prepared_again(networks, rows, tmp_path):
    prepared(networks.seeded(networks.Table), tmp_path, X_sample=rows)
    model = PyTorchModel.from_model_artifact(str(tmp_path / "artifact"), artifact_dir=str(tmp_path / "b"), reload=True)
    close({"prediction": model.estimator(rows).tolist()}, networks.seeded(networks.Table)(rows))
    model.prepare(X_sample=rows, force_overwrite=True)
    close(model.verify(rows), networks.seeded(networks.Table)(rows))


# What is sent.


def test_payloads_of_a_network_for_arrays(networks, rows, tmp_path):
    network = networks.seeded(networks.Table)
    model = prepared(network, tmp_path, X_sample=rows)
    expected = network(rows)
    array = rows.numpy()
    for payload in (rows, array, array.astype("float64"), array.tolist(), pd.DataFrame(array), tuple(array.tolist())):
        close(model.verify(payload), expected)
    close(model.verify(array[0].tolist()), expected[:1])
    close(model.verify([[1, 2, 3, 4]]), network(rows.new_tensor([[1.0, 2.0, 3.0, 4.0]])))
    close(model.verify(rows.new_tensor([[1, 2, 3, 4]]).long()), network(rows.new_tensor([[1.0, 2.0, 3.0, 4.0]])))
    for body in (array.tolist(), {"data": array.tolist()}, {"data": array.tolist(), "data_type": "<class 'list'>"}):
        close(model.verify(body, auto_serialize_data=False), expected)
    marker = {"__ads_torch_tensor__": 1, "data": array.tolist(), "dtype": "torch.float32"}
    for body in (marker, {"data": marker, "data_type": "<class 'torch.Tensor'>"}):
        close(model.verify(body, auto_serialize_data=False), expected)


@pytest.mark.parametrize("options", [{}, {"as_onnx": True}])
def test_payloads_of_a_network_for_tables(options, torch, tmp_path):
    torch.manual_seed(0)
    network = torch.nn.Linear(3, 1)
    frame = pd.DataFrame({"a": [0.5, 1.5], "b": [1, 2], "flag": [True, False]})
    expected = network(torch.tensor([[0.5, 1, 1], [1.5, 2, 0]]))
    model = prepared(network, tmp_path, X_sample=frame, **options)
    for payload in (frame, frame[["flag", "a", "b"]], frame.assign(more="x"), frame.to_dict("records")):
        close(model.verify(payload), expected)
    close(model.verify(frame.to_dict("list")), expected)
    close(model.verify(frame.to_dict("split")), expected)
    close(model.verify(frame.iloc[0].to_dict()), expected[:1])
    with pytest.raises(ValueError, match="column 'b' is missing"):
        model.verify(frame[["a", "flag"]])
    with pytest.raises(ValueError, match=r"[Cc]olumn 'a'"):
        model.verify(frame.assign(a=["x", "y"]))


@pytest.mark.parametrize("options", FORMATS)
def test_whole_numbers_stay_positions_where_the_network_looks_them_up(options, networks, torch, tmp_path):
    tokens = torch.randint(0, 20, (6, 5))
    network = networks.seeded(networks.Tokens)
    model = prepared(network, tmp_path, X_sample=tokens, **options)
    expected = [output.tolist() for output in network(tokens)]
    for payload in (tokens, tokens.numpy(), tokens.tolist()):
        for found, wanted in zip(model.verify(payload)["prediction"], expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    assert len(model.verify([[1, 2, 3]])["prediction"][1]) == 1
    assert len(model.verify(tokens[0].tolist())["prediction"][1]) == 1


def test_a_position_without_an_embedding_is_found_by_trying(torch, tmp_path):
    class Lookup(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.values = torch.nn.Parameter(torch.arange(5.0))

        def forward(self, places):
            return self.values[places]

    model = prepared(Lookup(), tmp_path)
    assert model.verify([[0, 4]])["prediction"] == [[0.0, 4.0]]


@pytest.mark.parametrize("options", [{}, {"as_onnx": True}])
def test_several_inputs_by_name_or_in_order_and_a_dictionary_of_outputs(options, networks, torch, tmp_path):
    x, category = torch.rand(4, 3), torch.tensor([0, 1, 2, 4])
    network = networks.seeded(networks.Two)
    expected = network(x, category)
    model = prepared(network, tmp_path, X_sample={"x": x, "category": category}, **options)
    for payload in (
        {"x": x, "category": category},
        (x, category),
        {"x": x.tolist(), "category": category.tolist()},
        {"category": category.numpy(), "x": x.numpy()},
    ):
        found = model.verify(payload)["prediction"]
        np.testing.assert_allclose(found["scores"], expected["scores"].detach(), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found["total"], expected["total"].detach(), rtol=1e-4, atol=1e-5)
    found = model.verify({"x": [[1, 2, 3]], "category": [2]})["prediction"]
    wanted = network(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([2]))
    np.testing.assert_allclose(found["total"], wanted["total"].detach(), rtol=1e-4)


def test_outputs_inside_outputs_and_none(networks, torch, tmp_path):
    x, category = torch.rand(2, 3), torch.tensor([0, 1])
    network = networks.seeded(networks.Nested)
    model = prepared(network, tmp_path, X_sample=(x, category))
    found = model.verify((x, category))["prediction"]
    assert found["none"] is None
    assert np.shape(found["scores"][0]) == (2, 2)
    with pytest.raises(InputError, match="ONNX has no form for"):
        prepared(network, tmp_path / "b", X_sample=(x, category), as_onnx=True)


def test_the_types_of_the_weights_decide(torch, tmp_path):
    torch.manual_seed(0)
    exact = torch.nn.Linear(2, 1).double()
    value = 0.1234567890123456
    model = prepared(exact, tmp_path / "double", X_sample=np.array([[value, 1.0]]))
    expected = exact(torch.tensor([[value, 1.0]], dtype=torch.float64)).tolist()
    assert model.verify([[value, 1.0]])["prediction"] == expected
    half = torch.nn.Linear(2, 1).to(torch.bfloat16)
    found = prepared(half, tmp_path / "half", X_sample=torch.ones(2, 2).bfloat16())
    assert np.shape(found.verify([[1, 2]])["prediction"]) == (1, 1)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ([["a", 1, 2, 3]], "something else than numbers"),
        ([[1, 2], [3]], "differ in length"),
        ([[None, 1, 2, 3]], "something else than numbers"),
        ("/etc/hostname", "something else than numbers"),
        ({"__ads_torch_tensor__": 1, "data": [1, 2], "dtype": "torch.load"}, r"dtype 'torch\.load'"),
        ({"__ads_torch_tensor__": 1, "data": [1, 2], "dtype": "torch.float32", "shape": [3]}, "no tensor"),
        ({"__ads_torch_tensor__": 1, "dtype": "torch.float32"}, "no tensor"),
    ],
)
def test_what_is_no_tensor_gets_one_sentence(payload, words, networks, tmp_path):
    model = prepared(networks.seeded(networks.Table), tmp_path)
    with pytest.raises(ValueError, match=words) as caught:
        model.verify(payload, auto_serialize_data=False)
    assert caught.value.http_status == 400


def test_bytes_go_straight_to_the_model(torch, tmp_path):
    class Length(torch.nn.Module):
        def forward(self, content):
            return len(content)

    assert prepared(Length(), tmp_path).verify(b"12345") == {"prediction": 5}


@pytest.mark.needs("PIL")
@pytest.mark.parametrize("options", FORMATS)
def test_an_image_is_channels_first_from_0_to_1_without_a_batch(options, networks, torch, tmp_path):
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype="uint8")
    image = Image.fromarray(pixels)
    network = networks.seeded(networks.Pictures)
    expected = network(torch.from_numpy(pixels.transpose(2, 0, 1) / np.float32(255)))
    model = prepared(network, tmp_path, X_sample=torch.rand(2, 3, 8, 8), **options)
    image.save(tmp_path / "a.png")
    for given in (image, str(tmp_path / "a.png"), f"file://{tmp_path}/a.png"):
        found = {"prediction": np.reshape(model.verify(image=given)["prediction"], -1)}
        close(found, expected)


def test_images_of_one_channel_and_of_palettes(torch, tmp_path, networks):
    from PIL import Image

    model = PyTorchModel(networks.seeded(networks.Pictures))
    grey = model.data_of_image(Image.fromarray(np.full((2, 3), 51, "uint8")))
    assert grey.shape == (1, 2, 3)
    assert float(grey[0, 0, 0]) == pytest.approx(0.2)
    assert model.data_of_image(Image.new("P", (2, 3))).shape == (3, 3, 2)
    assert model.data_of_image(Image.new("1", (2, 2), 1)).max() == 1.0


# The network and its class.


def test_a_network_in_training_is_evaluated_and_stays_in_training(networks, rows, tmp_path):
    network = networks.seeded(networks.Table).train()
    network.layers[0].eval()
    model = prepared(network, tmp_path, X_sample=rows)
    assert model.verify(rows) == model.verify(rows)
    assert network.training
    assert not network.layers[0].training
    close(model.verify(rows), network.eval()(rows))


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        ("pytorch_model_artifact", "text 'pytorch_model_artifact', not a model"),
        ({"weight": 1}, "dict is not a torch.nn.Module"),
        (None, "NoneType is not"),
    ],
)
def test_what_is_no_module_is_a_type_error(estimator, words):
    with pytest.raises(TypeError, match=words):
        PyTorchModel(estimator)


def test_a_class_is_a_type_error(networks):
    with pytest.raises(InputTypeError, match="Table is a class"):
        PyTorchModel(networks.Table)


def test_without_torch_the_package_to_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match="pip install torch"):
        PyTorchModel(object())


def test_the_module_imports_neither_torch_nor_numpy():
    code = (
        "import sys, ads.model.framework.pytorch_model; print(sorted({'torch', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_onnx_without_a_sample_says_what_to_pass(networks, rows, tmp_path):
    network = networks.seeded(networks.Table)
    with pytest.raises(InputError, match=r"has to call the model once.*\n.*X_sample.*onnx_args"):
        prepared(network, tmp_path, as_onnx=True)
    model = prepared(network, tmp_path, as_onnx=True, onnx_args=rows[:2])
    close(model.verify(rows), network(rows))


def test_names_and_free_axes_of_an_onnx_model_may_be_given(networks, rows, tmp_path):
    import onnxruntime

    network = networks.seeded(networks.Table)
    names = {"input_names": ["features"], "output_names": ["scores"], "dynamic_axes": {"features": {0: "batch"}}}
    model = prepared(network, tmp_path, as_onnx=True, X_sample=rows, **names)
    session = onnxruntime.InferenceSession(str(tmp_path / "artifact" / "model.onnx"))
    assert [each.name for each in session.get_inputs()] == ["features"]
    assert [each.name for each in session.get_outputs()] == ["scores"]
    close(model.verify(rows), network(rows))
    close(model.verify(rows[:1]), network(rows[:1]))


def test_the_sample_stays_small_whatever_the_size_of_a_row(networks, torch, tmp_path):
    pictures = torch.rand(6, 3, 200, 200)
    prepared(networks.seeded(networks.Pictures), tmp_path, X_sample=pictures)
    path = tmp_path / "artifact" / "sample.json"
    assert path.stat().st_size < 1_000_000
    assert len(json.loads(path.read_text())["cases"][0]["answer"]["prediction"]) == 1
    prepared(networks.seeded(networks.Pictures), tmp_path / "b", X_sample=torch.rand(1, 3, 400, 400))
    assert not Path(tmp_path / "b" / "artifact" / "sample.json").exists()


def test_what_the_metadata_says(networks, torch, tmp_path):
    model = prepared(networks.seeded(networks.Table), tmp_path)
    assert model.metadata_taxonomy["Framework"].value == "pytorch"
    assert model.metadata_taxonomy["FrameworkVersion"].value == torch.__version__
    assert model.metadata_taxonomy["Algorithm"].value == "Table"
    assert model.metadata_custom["ModelSerializationFormat"].value == "pt"
