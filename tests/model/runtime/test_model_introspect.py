"""Introspection as users call it."""

from __future__ import annotations

import json
import platform
from types import SimpleNamespace

import pytest

from ads.errors import AdsError
from ads.model.generic_model import GenericModel
from ads.model.model_introspect import TEST_STATUS, Introspectable, IntrospectionNotPassed, ModelIntrospect, PrintItem


@pytest.fixture
def artifact(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENADS_HOME", str(tmp_path / "home"))
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "score.py").write_text("def load_model(): return 1\ndef predict(data, model=load_model()): pass\n")
    (folder / "requirements.txt").write_text("")
    (folder / "runtime.yaml").write_text(
        "\nMODEL_ARTIFACT_VERSION: '3.0'\nMODEL_DEPLOYMENT:\n  INFERENCE_CONDA_ENV:\n"
        "    INFERENCE_ENV_PATH: ''\n    INFERENCE_PYTHON_VERSION: '"
        + platform.python_version()
        + "'\nMODEL_PROVENANCE: {}\n"
    )
    return SimpleNamespace(artifact_dir=str(folder))


def test_before_it_runs(artifact):
    introspection = ModelIntrospect(artifact)
    assert introspection.status == TEST_STATUS.NOT_TESTED == "Skipped"
    assert introspection.failures == 0
    assert list(introspection.to_dataframe().columns) == ["Test key", "Test name", "Result", "Message"]


def test_run_prints_the_files_and_keeps_the_result(artifact, tmp_path, capsys):
    introspection = ModelIntrospect(artifact)
    table = introspection.run()
    assert capsys.readouterr().out == "['requirements.txt', 'runtime.yaml', 'score.py']\n"
    assert introspection.status == TEST_STATUS.PASSED
    assert len(table) == 14
    stored = (tmp_path / "artifact/test_json_output.json").read_text()
    assert json.loads(stored) == introspection.results
    assert '\n    "score_py": {\n        "category"' in stored


def test_failure(artifact, tmp_path):
    (tmp_path / "artifact/score.py").write_text("")
    introspection = ModelIntrospect(tmp_path / "artifact")
    introspection.check()
    assert introspection.status == TEST_STATUS.NOT_PASSED
    assert introspection.failures == 2


def test_folder_that_does_not_exist(tmp_path):
    with pytest.raises(FileNotFoundError):
        ModelIntrospect(tmp_path / "nowhere").run()


def test_public_names():
    assert issubclass(IntrospectionNotPassed, ValueError)
    assert issubclass(IntrospectionNotPassed, AdsError)
    assert PrintItem("a", "b", "Passed").to_list() == ["a", "b", "Passed", ""]
    assert issubclass(GenericModel, Introspectable)
