"""HuggingFacePipelineModel: what is stored, what a pipeline is called with, what is refused."""

import json
import subprocess
import sys

import numpy as np
import pytest

from ads.errors import NotSupported
from ads.model.framework.huggingface_model import HuggingFacePipelineModel
from tests import tiny_transformers

pytestmark = [pytest.mark.needs("transformers"), pytest.mark.needs("torch")]


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return tiny_transformers.text_classifier(tmp_path_factory.mktemp("texts"))


@pytest.fixture(scope="module")
def images():
    return tiny_transformers.image_classifier()


@pytest.fixture(scope="module")
def model(texts, tmp_path_factory):
    model = HuggingFacePipelineModel(texts, artifact_dir=str(tmp_path_factory.mktemp("artifact")))
    return model.prepare(X_sample=["a good film", "a bad day"])


@pytest.fixture(scope="module")
def image_model(images, tmp_path_factory):
    return HuggingFacePipelineModel(images, artifact_dir=str(tmp_path_factory.mktemp("images"))).prepare()


def close(answer, expected):
    assert [item["label"] for item in answer["prediction"]] == [item["label"] for item in expected]
    found = [item["score"] for item in answer["prediction"]]
    np.testing.assert_allclose(found, [item["score"] for item in expected], rtol=1e-4)
    return True


def picture(color="red"):
    from PIL import Image

    return Image.new("RGB", (20, 10), color)


def test_the_artifact_is_what_transformers_stores(model):
    from pathlib import Path

    files = {path.name for path in Path(model.artifact_dir).iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "score.py", "runtime.yaml", "sample.json"} <= files
    assert model.metadata_taxonomy["Framework"].value == "transformers"
    assert model.metadata_taxonomy["Algorithm"].value == "TextClassificationPipeline"
    assert model.metadata_taxonomy["Hyperparameters"].value["hidden_size"] == "16"


def test_no_path_of_this_machine_is_in_the_metadata_or_the_artifact(model):
    from pathlib import Path

    assert model.metadata_custom["ModelFileName"].value == "config.json"
    assert model.metadata_custom["ModelSerializationFormat"].value == "huggingface"
    everything = f"{model.metadata_custom}{model.metadata_taxonomy}".encode()
    everything += b"".join(path.read_bytes() for path in Path(model.artifact_dir).iterdir() if path.is_file())
    assert model.artifact_dir.encode() not in everything


def test_a_text_a_list_and_the_arguments_of_a_call(model, texts):
    assert close(model.verify("a good film"), texts("a good film"))
    assert close(model.verify(["a good film", "the day"]), texts(["a good film", "the day"]))
    assert close(model.verify({"inputs": "a day", "top_k": 2}), texts("a day", top_k=2))
    assert close(model.verify(["a day"], auto_serialize_data=False), texts(["a day"]))
    assert close(model.verify({"data": "a day"}, auto_serialize_data=False), texts("a day"))
    assert close(model.verify({"inputs": "a day"}, auto_serialize_data=False), texts("a day"))


def test_texts_in_arrays_and_series_are_lists_of_texts(model, texts):
    import pandas as pd

    for data in (np.array(["a", "day"]), np.array(["a", "day"], dtype=object), pd.Series(["a", "day"])):
        assert close(model.verify(data), texts(["a", "day"]))


def test_a_sample_of_any_form_is_kept_and_only_texts_have_a_schema(texts, images, tmp_path):
    samples = [(texts, "a day"), (texts, ["a", "day"]), (texts, {"inputs": ["a"], "top_k": 2})]
    samples += [(images, picture()), (images, [picture()]), (images, {"inputs": picture()})]
    for number, (estimator, sample) in enumerate(samples):
        folder = tmp_path / str(number)
        HuggingFacePipelineModel(estimator, artifact_dir=str(folder)).prepare(X_sample=sample)
        assert (folder / "sample.json").exists(), sample
        assert (folder / "input_schema.json").exists() == (sample == ["a", "day"])


def test_the_script_says_the_task_and_has_no_schema(model):
    from pathlib import Path

    script = Path(model.artifact_dir, "score.py").read_text()
    assert 'task = "text-classification"' in script
    assert "fetch_data_type_from_schema" not in script


def test_an_image_and_its_bytes(image_model, images):
    import base64
    import io

    expected = images(picture())
    stream = io.BytesIO()
    picture().save(stream, "PNG")
    address = "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
    assert close(image_model.verify(picture()), expected)
    assert close(image_model.verify(image=picture()), expected)
    assert close(image_model.verify(image=picture().convert("CMYK")), images(picture().convert("CMYK").convert("RGB")))
    assert close(image_model.verify(address), expected)
    assert close(image_model.verify({"inputs": picture(), "top_k": 1}), images(picture(), top_k=1))
    answers = image_model.verify([picture(), picture("blue")])["prediction"]
    assert len(answers) == 2


def test_the_environment_has_what_opens_images(image_model, model):
    from pathlib import Path

    assert "pillow==" in Path(image_model.artifact_dir, "requirements.txt").read_text()
    assert "pillow==" not in Path(model.artifact_dir, "requirements.txt").read_text()
    assert "torch==" in Path(model.artifact_dir, "requirements.txt").read_text()


def test_a_text_is_never_opened_as_a_file_or_an_address(image_model, tmp_path):
    picture().save(tmp_path / "secret.png")
    for text in (str(tmp_path / "secret.png"), "secret.png", "http://127.0.0.1:9/x.png", "file:///etc/hostname"):
        for payload in (text, [text], {"inputs": text}, {"image": text}, {"images": [{"url": text}]}):
            with pytest.raises(ValueError, match="not opened as files or addresses") as caught:
                image_model.verify(payload)
            assert type(caught.value).http_status == 400


def test_an_address_is_an_ordinary_text_for_a_pipeline_of_texts(model, texts):
    assert close(model.verify("http://a.film"), texts("http://a.film"))


@pytest.mark.parametrize(
    "data",
    [
        ("a", "b"),
        {"inputs": [("a", 1, None, True, 2.5)]},
        [b"\x00bytes", {"nested": (b"x",)}],
        {"a": np.arange(6, dtype="float32").reshape(2, 3)},
        {"number": np.float32(1.5)},
    ],
)
def test_every_form_of_an_input_arrives_as_it_was(data):
    from ads.model.serde.model_input import ModelInputSerializerFactory, encode
    from ads.score.blocks.huggingface import restored, unwrapped

    sent = json.loads(encode(ModelInputSerializerFactory.get("huggingface").serialize(data)))
    assert sent["data_type"] == "huggingface"
    arrived = restored(unwrapped(sent))
    np.testing.assert_equal(arrived, data)
    assert type(arrived) is type(data)


def test_an_image_arrives_as_it_was():
    from ads.model.serde.huggingface_format import to_json
    from ads.score.blocks.huggingface import restored

    sent = to_json(picture())
    assert sent["__ads_huggingface_type__"] == "pil_image"
    assert sent["format"] == "PNG"
    assert np.array_equal(np.asarray(restored(sent)), np.asarray(picture()))


@pytest.mark.parametrize("data", [object(), {"inputs": {1, 2}}, np.array([object()])])
def test_what_has_no_form_is_a_type_error(model, data):
    with pytest.raises(TypeError):
        model.verify(data)


@pytest.mark.parametrize(
    "payload",
    [
        {"__ads_huggingface_type__": "pickle", "data": ""},
        {"__ads_huggingface_type__": "pil_image", "data": "no base64!"},
        {"__ads_huggingface_type__": "ndarray", "data": "AAAA"},
        {"__ads_huggingface_type__": "tuple"},
    ],
)
def test_a_damaged_form_is_the_callers_error(model, payload):
    with pytest.raises(ValueError, match="payload holds") as caught:
        model.verify(payload, auto_serialize_data=False)
    assert type(caught.value).http_status == 400


def test_bytes_go_straight_to_the_pipeline(model, monkeypatch):
    model.verify("a day")
    seen = []
    module = model.score._module
    assert module.predict(b"\x00abc", model=lambda data: seen.append(data) or [1]) == {"prediction": [1]}
    assert seen == [b"\x00abc"]


def test_tensors_arrays_and_images_in_an_answer_become_lists():
    import torch

    from ads.score.blocks.huggingface import plain

    answer = [{"mask": picture().resize((2, 1)), "score": torch.tensor(0.5), "box": (np.int64(1), 2)}]
    assert plain(answer) == [{"mask": [[[255, 0, 0], [255, 0, 0]]], "score": 0.5, "box": [1, 2]}]
    with pytest.raises(TypeError, match="object"):
        plain([object()])


def test_a_pipeline_is_loaded_back_and_prepared_again(model, texts, tmp_path):
    again = HuggingFacePipelineModel.from_model_artifact(
        model.artifact_dir, artifact_dir=str(tmp_path / "again"), reload=True
    )
    assert again.task == "text-classification"
    again.prepare(force_overwrite=True)
    assert close(again.verify("a day"), texts("a day"))


def test_replicas_are_spread_over_the_gpus(model, monkeypatch):
    import torch
    import transformers

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(transformers, "pipeline", lambda _task, **options: lambda _data: [str(options["device"])])
    places = {model.verify("a day", reload_artifacts=True)["prediction"][0] for _ in range(60)}
    assert places == {"cuda:0", "cuda:1", "cuda:2", "cuda:3"}


def test_a_changed_weight_file_is_not_loaded(model, tmp_path):
    import shutil

    folder = tmp_path / "changed"
    shutil.copytree(model.artifact_dir, folder)
    manifest = {"version": 1, "files": {"model.safetensors": {"sha256": "0" * 64, "size": 1}}}
    (folder / "model_artifact_manifest.json").write_text(json.dumps(manifest))
    changed = HuggingFacePipelineModel.from_model_artifact(str(folder), artifact_dir=str(folder))
    with pytest.raises(RuntimeError, match=r"model\.safetensors"):
        changed.verify("a day")


def test_answers_that_are_drawn_by_lot_are_not_compared(texts, tmp_path, monkeypatch):
    class Settings:
        do_sample = True

    monkeypatch.setattr(texts, "generation_config", Settings(), raising=False)
    model = HuggingFacePipelineModel(texts, artifact_dir=str(tmp_path / "artifact")).prepare(X_sample=["a"])
    model.verify(["a"])
    assert not (tmp_path / "artifact" / "sample.json").exists()


@pytest.mark.parametrize("estimator", ["text-classification", object(), None])
def test_anything_else_is_refused_by_name(estimator):
    with pytest.raises(TypeError, match="not a pipeline"):
        HuggingFacePipelineModel(estimator)


def test_a_conversation_can_not_be_deployed(texts, monkeypatch):
    monkeypatch.setattr(texts, "task", "conversational")
    with pytest.raises(NotSupported, match="conversational"):
        HuggingFacePipelineModel(texts)


def test_naming_the_class_imports_no_framework():
    code = "import sys, ads.model.framework.huggingface_model; print({'transformers', 'numpy'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"
