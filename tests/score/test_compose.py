"""The generated scripts: as text, and in processes that have nothing of this project."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from ads.errors import InputError
from ads.schema import frame_to_wire, generate_schema
from ads.score import Recipe, compose, compose_payload, supported, write
from ads.score.recipe import blocks_of

GOLDEN = Path(__file__).parent / "golden"
RECIPES = {
    "sklearn-joblib": Recipe("sklearn", "joblib", "model.joblib"),
    "sklearn-cloudpickle": Recipe("sklearn", "cloudpickle", "model.pkl"),
    "sklearn-joblib-texts": Recipe("sklearn", "joblib", "model.joblib", texts=True),
    "generic-cloudpickle": Recipe("generic", "cloudpickle", "model.pkl"),
    "generic-by-hand": Recipe("generic", "", "weights.bin"),
    "tensorflow-keras": Recipe("tensorflow", "tf", "model.h5"),
    "huggingface": Recipe("huggingface", "huggingface", "config.json", task="text-classification"),
    "pytorch-torch": Recipe("pytorch", "torch", "model.pt"),
    "pytorch-onnx": Recipe("pytorch", "torch_onnx", "model.onnx"),
    "embedding-onnx": Recipe("embedding_onnx", "", "model.onnx"),
}
PUBLIC = ["load_model", "fetch_data_type_from_schema", "deserialize", "pre_inference", "post_inference", "predict"]


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("of", [compose, compose_payload])
def test_the_scripts_are_the_golden_ones(name, of):
    """Run ``REWRITE_GOLDEN=1 pytest`` after a deliberate change, and read the difference."""
    path = GOLDEN / (f"{name}.txt" if of is compose else f"{name}.payload.txt")
    text = of(RECIPES[name])
    if os.environ.get("REWRITE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("framework_and_serializer", supported())
def test_score_py_has_the_public_functions_in_at_most_90_lines(framework_and_serializer):
    text = compose(Recipe(*framework_and_serializer, "model.bin"))
    functions = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    recipe = Recipe(*framework_and_serializer, "model.bin")
    expected = [name for name in PUBLIC if getattr(blocks_of(recipe), name)]
    assert [name for name in functions if name in PUBLIC] == expected
    assert len(text.splitlines()) <= 90


@pytest.mark.parametrize("of", [compose, compose_payload])
@pytest.mark.parametrize("framework_and_serializer", supported())
def test_every_script_speaks_python_3_8_and_imports_only_the_standard_library_at_first(framework_and_serializer, of):
    text = of(Recipe(*framework_and_serializer, "model.bin"))
    tree = ast.parse(text, feature_version=(3, 8))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert len(functions) == len(set(functions))
    imported = {alias.name.split(".")[0] for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert imported <= sys.stdlib_module_names
    assert max(len(line) for line in text.splitlines()) <= 120
    assert "noqa" not in text
    assert "type: ignore" not in text


def test_the_parameters_are_the_documented_ones():
    tree = ast.parse(compose(RECIPES["sklearn-joblib"]))
    found = {node.name: ast.unparse(node.args) for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert found["load_model"] == "model_file_name=model_name"
    assert found["fetch_data_type_from_schema"] == "input_schema_path=INPUT_SCHEMA"
    assert found["predict"] == "data, model=load_model(), input_schema_path=INPUT_SCHEMA"
    assert found["pre_inference"] == "data, input_schema_path=INPUT_SCHEMA"
    assert found["post_inference"] == "yhat"


@pytest.mark.parametrize("name", ["", " model", "/etc/model", "../model", "a/../../b", 'a"b', "a\\b", "a\nb"])
def test_a_model_file_outside_the_artifact_is_refused(name):
    with pytest.raises(InputError, match="file name"):
        Recipe("sklearn", "joblib", name)


def test_an_unknown_combination_names_the_known_ones():
    with pytest.raises(InputError, match=r"No score\.py is known for 'sklern' models"):
        Recipe("sklern", "joblib", "model.joblib")


def test_a_recipe_survives_its_dictionary():
    recipe = RECIPES["sklearn-joblib-texts"]
    assert Recipe.from_dict({**recipe.to_dict(), "of a newer version": 1}) == recipe
    with pytest.raises(InputError, match="not a complete recipe"):
        Recipe.from_dict({"framework": "sklearn"})


BARE = """
import importlib.abc, json, sys
class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ImportError(name + " is blocked")
BLOCKED = set(sys.argv[2].split(","))
sys.meta_path.insert(0, Block())
sys.path.insert(0, sys.argv[1])
import score
for line in sys.stdin:
    print(json.dumps(score.predict(json.loads(line))))
print(json.dumps(sorted(set(sys.modules) & {"pandas", "ads", "yaml"})))
"""


def run_bare(folder, bodies, blocked="ads"):
    """Return the answers of score.py in a process of its own that can't import what is blocked."""
    done = subprocess.run(
        [sys.executable, "-c", BARE, str(folder), blocked],
        input="\n".join(json.dumps(body) for body in bodies),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_script_runs_without_this_project(tmp_path):
    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "n": [1, 2, 3, 4]})
    model = LogisticRegression().fit(frame, [0, 0, 1, 1])
    joblib.dump(model, tmp_path / "model.joblib")
    generate_schema(frame).to_json_file(tmp_path / "input_schema.json")
    write(RECIPES["sklearn-joblib"], tmp_path)
    bodies = [frame_to_wire(frame), frame.to_dict("records"), frame.to_numpy().tolist()]
    *answers, modules = run_bare(tmp_path, bodies, "ads,yaml,httpx")
    assert answers == [{"prediction": model.predict(frame).tolist()}] * 3
    assert modules == ["pandas"]


@pytest.mark.parametrize("dtype", ["float64", "int64"])
def test_models_of_arrays_need_no_pandas(tmp_path, dtype):
    array = np.array([[0, 1], [1, 2], [2, 3], [3, 4]], dtype)
    model = LogisticRegression().fit(array, [0, 0, 1, 1])
    joblib.dump(model, tmp_path / "model.joblib")
    generate_schema(array).to_json_file(tmp_path / "input_schema.json")
    write(RECIPES["sklearn-joblib"], tmp_path)
    bodies = [array.tolist(), {"0": [0.0], "1": [1.0]}, [0.0, 1.0]]
    *answers, modules = run_bare(tmp_path, bodies, "ads,pandas")
    assert answers == [{"prediction": [0, 0, 1, 1]}, {"prediction": [0]}, {"prediction": [0]}]
    assert modules == []


@pytest.fixture
def artifact(tmp_path):
    joblib.dump("a model", tmp_path / "model.joblib")
    write(RECIPES["sklearn-joblib"], tmp_path)
    return tmp_path


def manifest(folder, sha256):
    listing = {"version": 1, "files": {"model.joblib": {"sha256": sha256, "size": 1}}}
    (folder / "model_artifact_manifest.json").write_text(json.dumps(listing), encoding="utf-8")


def test_load_model_returns_the_model_and_loads_it_once(artifact, import_script):
    script = import_script(artifact)
    assert script.load_model() == "a model"
    assert script.load_model() is script.load_model()


def test_a_model_that_differs_from_the_manifest_is_not_loaded(artifact, import_script):
    manifest(artifact, "0" * 64)
    with pytest.raises(RuntimeError, match=r"model\.joblib differs from .*model_artifact_manifest\.json"):
        import_script(artifact)


def test_a_model_of_several_files_is_compared_with_the_manifest_as_well(artifact, import_script):
    (artifact / "model.joblib").unlink()
    (artifact / "model.joblib").mkdir()
    (artifact / "model.joblib" / "weights").write_bytes(b"1")
    files = {"model.joblib/weights": {"sha256": "0" * 64, "size": 1}, "model.joblib.other": {"sha256": "0", "size": 1}}
    (artifact / "model_artifact_manifest.json").write_text(json.dumps({"version": 1, "files": files}))
    with pytest.raises(RuntimeError, match=r"model\.joblib/weights differs from"):
        import_script(artifact)


def test_a_model_that_the_manifest_confirms_is_loaded(artifact, import_script):
    import hashlib

    manifest(artifact, hashlib.sha256((artifact / "model.joblib").read_bytes()).hexdigest())
    assert import_script(artifact).load_model() == "a model"


def test_modules_next_to_the_script_are_found_by_the_model(tmp_path):
    (tmp_path / "my_own_module.py").write_text("class Model:\n    def predict(self, data):\n        return data\n")
    make = (
        "import sys, joblib; sys.path.insert(0, '.'); import my_own_module as m; joblib.dump(m.Model(), 'model.joblib')"
    )
    subprocess.run([sys.executable, "-c", make], cwd=tmp_path, check=True)
    write(RECIPES["sklearn-joblib"], tmp_path)
    assert run_bare(tmp_path, [[[1]]])[0] == {"prediction": [[1]]}


def test_load_model_that_is_to_be_filled_in_says_so(tmp_path, import_script):
    write(RECIPES["generic-by-hand"], tmp_path)
    with pytest.raises(NotImplementedError, match=r"load_model in score\.py has to be filled in.*weights\.bin"):
        import_script(tmp_path)


def test_scripts_of_two_artifacts_do_not_mix_and_leave_nothing_in_the_process(script):
    before = set(sys.modules)
    table = script(sample=pd.DataFrame({"a": [1.5]}))
    text = script(sample=["a", "b"], recipe=RECIPES["sklearn-joblib-texts"])
    assert table.score_payload is not text.score_payload
    assert table.deserialize([[2.5]]).to_dict("list") == {"a": [2.5]}
    assert text.deserialize("good day") == ["good day"]
    assert not [name for name in set(sys.modules) - before if "payload" in name]


def test_a_script_without_the_file_beside_it_names_the_file(artifact, import_script):
    (artifact / "score_payload.py").unlink()
    with pytest.raises(FileNotFoundError, match=r"score_payload\.py"):
        import_script(artifact)
