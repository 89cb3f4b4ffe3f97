"""`make demo` as a user sees it: the printed steps, the endpoint, and a curl line that works when pasted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.own_service import OwnService, environment

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.needs("curl")
def test_the_demo_prints_its_steps_and_a_curl_line_that_works(own_service: OwnService) -> None:
    told = {**environment(own_service.home.root), "HOME": str(own_service.home.root.parent)}
    run = subprocess.run(
        [sys.executable, str(REPOSITORY / "examples" / "breast_cancer.py")],
        env=told, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    for step in ("train", "prepare", "verify", "save", "deploy", "predict"):
        assert re.search(rf"^{step} +\d+\.\d\d s", run.stdout, re.MULTILINE), run.stdout
    assert "The ten predictions equal the estimator's." in run.stdout

    pasted = run.stdout[run.stdout.index("curl -sS") :].split("\n\n")[0]
    called = subprocess.run(["bash", "-c", pasted], env=told, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(called.stdout) in ({"prediction": [0]}, {"prediction": [1]})
