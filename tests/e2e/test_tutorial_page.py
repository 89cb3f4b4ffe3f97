"""The code of docs/tutorial.md and of the README, run as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import joblib
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from tests.service import OwnService, environment

REPOSITORY = Path(__file__).parents[2]
OWN_SCORE = """\
import os
import joblib

def load_model():
    return joblib.load(os.path.join(os.path.dirname(os.path.realpath(__file__)), "model.joblib"))

def predict(data, model=load_model()):
    return {"prediction": model.predict(data).tolist()}
"""


@pytest.mark.parametrize("page", ["docs/tutorial.md", "README.md"])
def test_the_code_on_the_page_runs(own_service: OwnService, tmp_path: Path, page: str) -> None:
    artifact = tmp_path / "my-artifact"
    artifact.mkdir()
    x, y = load_iris(return_X_y=True)
    joblib.dump(LogisticRegression(max_iter=500).fit(x, y), artifact / "model.joblib")
    (artifact / "score.py").write_text(OWN_SCORE)

    blocks = re.findall(r"^```python\n(.*?)^```", (REPOSITORY / page).read_text(), re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)],
        cwd=tmp_path, env=environment(own_service.home.root), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "http://127.0.0.1:" in done.stdout
