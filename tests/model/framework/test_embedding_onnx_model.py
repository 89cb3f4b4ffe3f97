"""EmbeddingONNXModel: the folder it needs, and requests as OpenAI has them."""

import base64
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from ads.model.framework.embedding_onnx_model import EmbeddingONNXModel
from tests import tiny_transformers

pytestmark = [pytest.mark.needs("onnxruntime"), pytest.mark.needs("onnx"), pytest.mark.needs("transformers")]

WORDS = {word: index for index, word in enumerate(tiny_transformers.WORDS)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a model, its tokenizer, and the vectors of its words."""
    folder = tmp_path_factory.mktemp("made") / "model"
    return folder, tiny_transformers.write_embedding_model(folder)


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made[0], tmp_path / "artifact")


@pytest.fixture(scope="module")
def model(made, tmp_path_factory):
    copy = shutil.copytree(made[0], tmp_path_factory.mktemp("prepared") / "artifact")
    return EmbeddingONNXModel(artifact_dir=str(copy)).prepare()


def vector(table, *words):
    return table[[WORDS[word] for word in ("[CLS]", *words, "[SEP]")]].mean(axis=0)


def vectors_of(answer):
    assert [item["index"] for item in answer["data"]] == list(range(len(answer["data"])))
    return [item["embedding"] for item in answer["data"]]


def test_the_answer_is_that_of_openai_with_one_vector_for_each_text(model, made):
    answer = model.verify({"input": ["a good film", "day"], "model": "tiny", "encoding_format": "float", "user": "me"})
    assert answer["object"] == "list"
    assert answer["model"] == "tiny"
    assert answer["usage"] == {"prompt_tokens": 8, "total_tokens": 8}
    assert answer["data"][0]["object"] == "embedding"
    found = vectors_of(answer)
    np.testing.assert_allclose(found, [vector(made[1], "a", "good", "film"), vector(made[1], "day")], rtol=1e-5)


def test_a_text_has_the_same_vector_alone_and_beside_longer_ones(model):
    alone = vectors_of(model.verify({"input": "day"}))
    beside = vectors_of(model.verify({"input": ["day", "a good film . the bad day ."]}))
    np.testing.assert_allclose(alone[0], beside[0], rtol=1e-5)


def test_only_input_is_required(model):
    answer = model.verify({"input": "a day"})
    assert answer["model"] == "model.onnx"
    assert vectors_of(model.verify("a day")) == vectors_of(answer)
    assert vectors_of(model.verify(["a day"], auto_serialize_data=True)) == vectors_of(answer)


def test_base64_is_what_openais_client_asks_for(model):
    plain, packed = (model.verify({"input": "a day", "encoding_format": form}) for form in ("float", "base64"))
    content = base64.b64decode(packed["data"][0]["embedding"])
    np.testing.assert_allclose(np.frombuffer(content, "<f4"), plain["data"][0]["embedding"], rtol=1e-6)


def test_many_and_long_texts(model, made):
    texts = ["day"] * 40 + ["day " * 50]
    found = vectors_of(model.verify({"input": texts}))
    assert len(found) == 41
    np.testing.assert_allclose(found[39], vector(made[1], "day"), rtol=1e-5)
    np.testing.assert_allclose(found[40], vector(made[1], *["day"] * 14), rtol=1e-5)  # 16 tokens are the most


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({}, "no 'input'"),
        ({"input": []}, "neither a text nor a list"),
        ({"input": 7}, "neither a text nor a list"),
        ({"input": ""}, "at index 0"),
        ({"input": ["a", 7]}, "7 at index 1"),
        ({"input": "a", "encoding_format": "int8"}, "'int8'"),
        ({"input": "a", "dimensions": 2}, "dimensions"),
        (b"text", "neither a text"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(model, request_, says):
    with pytest.raises(ValueError, match=says) as caught:
        model.verify(request_)
    assert type(caught.value).http_status == 400


def test_a_models_own_sentence_vector_is_taken(tmp_path):
    table = tiny_transformers.write_embedding_model(tmp_path / "artifact", pooled=True)
    model = EmbeddingONNXModel(artifact_dir=str(tmp_path / "artifact")).prepare()
    np.testing.assert_allclose(
        vectors_of(model.verify({"input": "day"}))[0], vector(table, "day") * 3, rtol=1e-5
    )  # three tokens, added up by the model


def test_the_first_tokens_vector_where_the_models_pooling_says_so(folder, made):
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    model = EmbeddingONNXModel(artifact_dir=str(folder)).prepare()
    np.testing.assert_allclose(vectors_of(model.verify({"input": "day"}))[0], made[1][WORDS["[CLS]"]], rtol=1e-5)


def test_the_artifact_has_a_description_of_the_endpoint(model):
    from pathlib import Path

    folder = Path(model.artifact_dir)
    document = json.loads((folder / "openapi.json").read_text())
    assert document["openapi"].startswith("3.")
    assert document["components"]["schemas"]["EmbeddingRequest"]["required"] == ["input"]
    script = (folder / "score.py").read_text()
    assert "def deserialize" not in script
    assert "def post_inference(outputs, model_name, total_tokens)" in script
    requirements = (folder / "requirements.txt").read_text()
    assert "onnxruntime" in requirements
    assert "transformers" in requirements
    assert model.metadata_taxonomy["Framework"].value == "embedding_onnx"
    assert model.metadata_taxonomy["Algorithm"].value == "Embedding_ONNX"
    assert model.metadata_custom["ModelFileName"].value == "model.onnx"


def test_files_that_lie_elsewhere_are_copied(made, tmp_path):
    artifact = tmp_path / "artifact"
    artifact.mkdir()
    shutil.copyfile(made[0] / "model.onnx", artifact / "tiny.onnx")
    elsewhere = shutil.copytree(made[0], tmp_path / "tokenizer")
    settings = (elsewhere / "config.json").rename(tmp_path / "settings.json")
    model = EmbeddingONNXModel(str(artifact), config_json=str(settings), tokenizer_dir=str(elsewhere)).prepare()
    assert model.model_file_name == "tiny.onnx"
    files = {path.name for path in artifact.iterdir()}
    assert {"config.json", "tokenizer.json", "vocab.txt"} <= files
    assert "model.onnx" not in files
    np.testing.assert_allclose(vectors_of(model.verify({"input": "day"}))[0], vector(made[1], "day"), rtol=1e-5)


def test_prepared_again_and_loaded_back(model, made, tmp_path):
    model.prepare(force_overwrite=True)
    again = EmbeddingONNXModel.from_model_artifact(model.artifact_dir, artifact_dir=str(tmp_path / "again"))
    np.testing.assert_allclose(vectors_of(again.verify({"input": "day"}))[0], vector(made[1], "day"), rtol=1e-5)
    again.prepare(force_overwrite=True)
    assert again.metadata_taxonomy["Algorithm"].value == "Embedding_ONNX"
    np.testing.assert_allclose(vectors_of(again.verify({"input": "day"}))[0], vector(made[1], "day"), rtol=1e-5)


def test_an_edited_script_stays(folder):
    model = EmbeddingONNXModel(artifact_dir=str(folder)).prepare()
    script = folder / "score.py"
    script.write_text(script.read_text() + "\n# mine\n")
    model.prepare(force_overwrite=True)
    assert script.read_text().endswith("# mine\n")


def test_a_folder_that_can_not_be_served_is_refused_at_once(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    for path in (None, tmp_path / "absent", tmp_path / "empty"):
        with pytest.raises(ValueError, match=r"folder|artifact_dir"):
            EmbeddingONNXModel(artifact_dir=path and str(path))
    with pytest.raises(ValueError, match=r"no other\.onnx"):
        EmbeddingONNXModel(str(folder), model_file_name="other.onnx")
    for name in ("config_json", "tokenizer_dir"):
        with pytest.raises(ValueError, match=name):
            EmbeddingONNXModel(str(folder), **{name: str(tmp_path / "absent")})
    (folder / "model.onnx").rename(folder / "one.onnx")
    shutil.copyfile(folder / "one.onnx", folder / "two.onnx")
    with pytest.raises(ValueError, match=r"one\.onnx, two\.onnx"):
        EmbeddingONNXModel(str(folder))
    for path in folder.glob("*.onnx"):
        path.unlink()
    with pytest.raises(ValueError, match=r"no \.onnx"):
        EmbeddingONNXModel(str(folder))


def test_a_missing_tokenizer_or_configuration_is_said(folder, caplog):
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        (folder / name).unlink()
    EmbeddingONNXModel(str(folder))
    assert "no config.json" in caplog.text
    assert "no tokenizer" in caplog.text


def test_naming_the_class_imports_no_framework():
    code = "import sys, ads.model.framework.embedding_onnx_model; print({'onnxruntime', 'numpy'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"
