"""The code of docs/tutorial.md and of the README, run as it stands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import joblib
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from tests.docs.pages import REPOSITORY, blocks_of
from tests.own_service import OwnService, environment

LIKE_A_NOTEBOOK = """
import ast, json
names = {}
for text in json.load(open("blocks.json")):
    tree = ast.parse(text)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "page", "exec"), names)
    value = eval(compile(ast.Expression(last.value), "page", "eval"), names) if last else None
    if value is not None:
        print(value)
"""
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

    blocks = blocks_of((REPOSITORY / page).read_text())
    (tmp_path / "blocks.json").write_text(json.dumps([block.text for block in blocks if block.language == "python"]))
    done = subprocess.run(
        [sys.executable, "-c", LIKE_A_NOTEBOOK],
        cwd=tmp_path, env=environment(own_service.home.root), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "http://127.0.0.1:" in done.stdout
    shown = comparable(done.stdout + done.stderr)
    for block in blocks:
        if block.language == "text":
            for line in comparable(block.text).splitlines():
                assert line.strip() in shown, f"{page} shows {line!r}"


def comparable(text: str) -> str:
    """Return a text without what differs from run to run: OCIDs, numbers, the folder."""
    text = re.sub(r"ocid1\.\S+", "OCID", text)
    return re.sub(r"\d+", "0", re.sub(r"/\S*/breast-cancer:", "breast-cancer:", text))
