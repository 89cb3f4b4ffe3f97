"""A rehearsal says what a replica would say, without a service."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ads.worker

LAUNCH = Path(ads.worker.__file__).parent / "launch.py"
SCRIPT = "def load_model():\n    return 2\n\n\ndef predict(data, model=load_model()):\n    return {answer}\n"


def rehearsed(folder: Path, script: str, cases: list[Any] | None = None) -> dict[str, Any]:
    (folder / "score.py").write_text(script)
    if cases is not None:
        sample = {"version": 1, "cases": [{"body": body, "answer": answer} for body, answer in cases]}
        (folder / "sample.json").write_text(json.dumps(sample))
    report = folder.parent / "report.json"
    argv = [sys.executable, str(LAUNCH), "--artifact", str(folder), "--report", str(report)]
    subprocess.run(argv, check=True, capture_output=True, timeout=60)
    found: dict[str, Any] = json.loads(report.read_text())
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "artifact"
    made.mkdir()
    return made


def test_a_good_script(folder: Path) -> None:
    found = rehearsed(folder, SCRIPT.format(answer="{'prediction': [model * x for x in data]}"))
    assert found == {"load": "", "rows": None, "answers": 0, "parity": "", "encoding": ""}
    found = rehearsed(
        folder, SCRIPT.format(answer="{'prediction': [model * x for x in data]}"), [([1, 2], {"prediction": [2, 4]})]
    )
    assert found == {"load": "", "rows": 2, "answers": 1, "parity": "", "encoding": ""}
    assert sorted(path.name for path in folder.iterdir()) == ["sample.json", "score.py"]


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ("import no_such_module\n", "no_such_module"),
        ("def load_model(): return None\ndef predict(data): return 1\n", "None"),
        ("def load_model(): 1 / 0\ndef predict(data): return 1\n", "ZeroDivisionError"),
        ("def load_model(): return 1\n", "predict"),
        ("raise SystemExit(3)\n", "sys.exit"),
    ],
)
def test_a_script_that_gives_no_model(folder: Path, script: str, word: str) -> None:
    assert word in rehearsed(folder, script)["load"]


def test_other_answers_than_the_stored_ones(folder: Path) -> None:
    found = rehearsed(folder, SCRIPT.format(answer="{'prediction': [1, 3]}"), [([1, 2], {"prediction": [1, 2]})])
    assert "expected 2, got 3" in found["parity"]
    assert (found["load"], found["encoding"]) == ("", "")


@pytest.mark.parametrize("answer", ["{'prediction': [float('nan')]}", "{'prediction': object()}", "iter([{1, 2}])"])
def test_answers_that_cannot_be_sent(folder: Path, answer: str) -> None:
    assert rehearsed(folder, SCRIPT.format(answer=answer), [([1], {"prediction": [1]})])["encoding"]
