"""score.py imported for a local test."""

import sys

import pytest

from ads.errors import ArtifactRequiredFilesError
from ads.model.score_module import ScoreModule


def test_modules_of_the_folder_win_and_others_come_back(tmp_path, monkeypatch):
    import types

    mine = types.ModuleType("lookup")
    mine.value = "session"
    monkeypatch.setitem(sys.modules, "lookup", mine)
    (tmp_path / "lookup.py").write_text("value = 'artifact'\n")
    (tmp_path / "score.py").write_text(
        "import lookup\ndef load_model(): return lookup.value\ndef predict(data): return lookup.value\n"
    )
    score = ScoreModule(tmp_path)
    assert score.model == "artifact"
    assert score.predict(None) == "artifact"
    assert sys.modules["lookup"] is mine


def test_load_model_runs_once_when_it_is_a_default(tmp_path):
    (tmp_path / "score.py").write_text(
        "loads = []\n"
        "def load_model():\n    loads.append(1)\n    return loads\n"
        "def predict(data, model=load_model()): return len(model)\n"
    )
    score = ScoreModule(tmp_path)
    assert score.predict(None) == 1


def test_a_composed_script_without_its_second_file_says_what_is_missing(tmp_path):
    from ads.score import PAYLOAD_FILE, Recipe, write

    write(Recipe("sklearn", "joblib", "model.joblib"), tmp_path)
    (tmp_path / PAYLOAD_FILE).unlink()
    with pytest.raises(ArtifactRequiredFilesError, match=r"no score_payload\.py"):
        ScoreModule(tmp_path)


def test_nothing_of_a_composed_script_stays_in_the_process(tmp_path):
    import joblib
    from sklearn.dummy import DummyClassifier

    from ads.score import Recipe, write

    joblib.dump(DummyClassifier().fit([[1]], [1]), tmp_path / "model.joblib")
    write(Recipe("sklearn", "joblib", "model.joblib"), tmp_path)
    modules, path = set(sys.modules), list(sys.path)
    assert ScoreModule(tmp_path).predict([[1]]) == {"prediction": [1]}
    assert not [name for name in set(sys.modules) - modules if "score" in name and not name.startswith("sklearn")]
    assert sys.path == path
    assert not (tmp_path / "__pycache__").exists()
