"""The checks that run the script see what a deployment would run into."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import pytest

from ads.artifact import runtime_yaml
from ads.introspect import introspect, rehearsal
from tests.own_service import eventually

RUNNING = ["score_loads", "score_sample", "score_answer"]
SCRIPT = (
    "def load_model():\n    return 1\n\n\ndef predict(data, model=load_model()):\n    return {'prediction': data}\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPENADS_HOME", str(tmp_path / "home"))
    made = tmp_path / "artifact"
    made.mkdir()
    (made / "requirements.txt").write_text("")
    (made / "score.py").write_text(SCRIPT)
    set_python(made, platform.python_version())
    store(made, [1, 2], {"prediction": [1, 2]})
    return made


def set_python(folder: Path, version: str) -> None:
    environment = {"INFERENCE_ENV_PATH": "", "INFERENCE_PYTHON_VERSION": version}
    runtime_yaml.write(
        folder,
        {
            "MODEL_ARTIFACT_VERSION": "3.0",
            "MODEL_DEPLOYMENT": {"INFERENCE_CONDA_ENV": environment},
            "MODEL_PROVENANCE": {},
        },
    )


def store(folder: Path, body: Any, answer: Any) -> None:
    (folder / "sample.json").write_text(json.dumps({"version": 1, "cases": [{"body": body, "answer": answer}]}))


def results(folder: Path) -> dict[str, str]:
    found = introspect(folder, rehearse=True)
    return {result.key: result.result for result in found.results if result.key in RUNNING}


def message(folder: Path, key: str) -> str:
    return next(result.message for result in introspect(folder, rehearse=True).results if result.key == key)


def test_a_good_artifact_passes_and_stays_as_it_was(folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    report = introspect(folder, rehearse=True)
    assert report.status == "Passed"
    assert list(report.to_dict())[-3:] == RUNNING
    assert results(folder) == dict.fromkeys(RUNNING, "Passed")
    assert sorted(path.name for path in folder.iterdir()) == before


def test_nothing_is_run_unless_asked(folder: Path) -> None:
    (folder / "score.py").write_text(f"1 / 0\n{SCRIPT}")
    report = introspect(folder)
    assert report.status == "Passed"
    assert not set(RUNNING) & set(report.to_dict())


def test_what_only_the_session_has_is_missed(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/only_in_this_session.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "elsewhere"))
    (folder / "score.py").write_text(f"import only_in_this_session\n{SCRIPT}")
    assert results(folder) == {"score_loads": "Failed", "score_sample": "Skipped", "score_answer": "Skipped"}
    assert "only_in_this_session" in message(folder, "score_loads")
    (folder / "only_in_this_session.py").write_text("")
    assert results(folder)["score_loads"] == "Passed"


def test_other_answers_and_answers_that_cannot_be_sent(folder: Path) -> None:
    store(folder, [1, 2], {"prediction": [1, 3]})
    assert results(folder) == {"score_loads": "Passed", "score_sample": "Failed", "score_answer": "Passed"}
    assert "expected 3, got 2" in message(folder, "score_sample")
    (folder / "score.py").write_text(SCRIPT.replace("data}", "{1, 2}}"))
    assert results(folder)["score_answer"] == "Failed"
    assert "set" in message(folder, "score_answer")


def test_without_a_sample_nothing_is_compared(folder: Path) -> None:
    (folder / "sample.json").unlink()
    assert results(folder) == {"score_loads": "Passed", "score_sample": "Skipped", "score_answer": "Skipped"}
    assert "verify(data)" in message(folder, "score_sample")
    assert introspect(folder, rehearse=True).status == "Passed"


def test_an_artifact_for_another_python_is_not_tried(folder: Path) -> None:
    set_python(folder, "3.8")
    (folder / "score.py").write_text(f"1 / 0\n{SCRIPT}")
    assert results(folder) == dict.fromkeys(RUNNING, "Skipped")
    assert "3.8" in message(folder, "score_loads")
    assert introspect(folder, rehearse=True).status == "Passed"


def test_large_and_slow_models_block_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(rehearsal, "_LARGEST_BYTES", 1)
        assert results(folder)["score_loads"] == "Skipped"
    monkeypatch.setattr(rehearsal, "_SECONDS", 0.05)
    (folder / "score.py").write_text(f"import time\ntime.sleep(60)\n{SCRIPT}")
    assert results(folder)["score_loads"] == "Skipped"
    assert "0 seconds" in message(folder, "score_loads")


def test_a_script_that_ends_its_process_is_told(folder: Path) -> None:
    (folder / "score.py").write_text(f"import os\nprint('last words', flush=True)\nos._exit(7)\n{SCRIPT}")
    assert results(folder)["score_loads"] == "Failed"
    assert "7" in message(folder, "score_loads")
    assert "last words" in message(folder, "score_loads")


def test_a_broken_script_is_not_run(folder: Path) -> None:
    (folder / "score.py").write_text("def predict(data): return 1\n")
    assert results(folder) == dict.fromkeys(RUNNING, "Skipped")


def test_what_the_script_leaves_running_is_ended(folder: Path, tmp_path: Path) -> None:
    start = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
    )
    (folder / "score.py").write_text(start + SCRIPT)
    assert results(folder)["score_loads"] == "Passed"
    pid = int((tmp_path / "pid").read_text())
    eventually(lambda: not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes(), 15)
