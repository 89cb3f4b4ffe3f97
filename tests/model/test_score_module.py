"""score.py imported for a local test."""

import sys

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
