"""The commands of the example project, typed into a real terminal line by line."""

from __future__ import annotations

import json
import os
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.own_service import OwnService, environment
from tests.terminal import Terminal

pytestmark = pytest.mark.needs("bash", "setsid")

SLOW = """
import time

def load_model():
    time.sleep(600)

def predict(data, model=None):
    return data
"""


@pytest.fixture
def terminal(own_service: OwnService, tmp_path: Path) -> Iterator[Terminal]:
    """A shell in an empty folder, with ``ads`` and this interpreter on its PATH, and a data directory of its own."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, module in (("ads", " -m ads.cli"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} -W ignore{module} "$@"\n')
        (programs / name).chmod(0o755)
    variables = environment(own_service.home.root)
    variables["PATH"] = f"{programs}{os.pathsep}{variables['PATH']}"
    work = tmp_path / "work"
    work.mkdir()
    with Terminal(work, variables) as shell:
        yield shell


def commands_of(page: str) -> list[str]:
    """Return the command lines of a page's shell blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("pip ")]


def test_the_example_project_works_as_printed(terminal: Terminal, tmp_path: Path) -> None:
    shown = terminal.type("ads init churn && cd churn")
    assert terminal.status == 0, shown
    assert "The project is ready." in shown
    page = (tmp_path / "work" / "churn" / "README.md").read_text()
    outputs = {}
    for line in commands_of(page):
        outputs[line] = terminal.type(line, within=120)
        assert terminal.status == 0, f"{line}: {outputs[line]}"
        assert "Traceback" not in outputs[line]
    said = {line.split("  ")[0]: text for line, text in outputs.items()}
    assert "auc=0.9" in said["python train.py"]
    deployed = next(text for line, text in said.items() if line.startswith("ads deploy artifact/"))
    assert "Deploying 'breast-cancer'" in deployed
    assert re.search(r"✓ .*\d\.\d+ s", deployed), "the checklist has seconds"
    assert "→ Ask it: ads predict breast-cancer --input rows.csv" in deployed
    rows = (tmp_path / "work" / "churn" / "predictions.csv").read_text().splitlines()
    assert rows[0].endswith(",prediction")
    assert len(rows) == 144
    listed = said["ads models ls"]
    assert "breast-cancer:1" in listed
    assert "breast-cancer:2" in listed
    assert "0.99" in said["ads models diff breast-cancer:1 breast-cancer:2"]
    assert "The service is stopped." in said["ads stop"]


def slow_artifact(folder: Path) -> None:
    folder.mkdir()
    (folder / "score.py").write_text(SLOW)
    (folder / "runtime.yaml").write_text(
        "MODEL_ARTIFACT_VERSION: '3.0'\nMODEL_DEPLOYMENT:\n  INFERENCE_CONDA_ENV:\n"
        "    INFERENCE_ENV_PATH: ''\n    INFERENCE_PYTHON_VERSION: '3.11'\nMODEL_PROVENANCE: {}\n"
    )


def test_ctrl_c_ends_the_waiting_and_not_the_deployment(terminal: Terminal, tmp_path: Path) -> None:
    slow_artifact(tmp_path / "work" / "slow")
    terminal.type("ads serve --detach")
    terminal.begin("ads deploy slow/ --no-check --name waits", until="Deploying 'waits'")
    terminal.send("\x03")
    shown = terminal.wait_for_prompt()
    assert terminal.status == 130
    assert "The deployment goes on in the service." in shown
    assert "ads deployments info waits" in shown
    assert "Traceback" not in shown
    shown = terminal.type("ads deployments info waits --format json 2>/dev/null")
    found = json.loads(shown[shown.index("{\n") :])
    assert found["lifecycleState"] == "CREATING"


@pytest.mark.parametrize("command", ["ads logs waits -f", "ads events -f"])
def test_ctrl_c_ends_what_is_followed_quietly(terminal: Terminal, tmp_path: Path, command: str) -> None:
    slow_artifact(tmp_path / "work" / "slow")
    terminal.type("ads serve --detach")
    terminal.type("ads deploy slow/ --no-check --name waits --no-wait")
    until = "empty" if "logs" in command else "deployment.create"
    terminal.begin(command, until=until)
    terminal.send("\x03")
    shown = terminal.wait_for_prompt()
    assert terminal.status == 130
    assert "Interrupted" not in shown
    assert "Traceback" not in shown


def test_a_narrow_terminal_and_no_colour(own_service: OwnService, tmp_path: Path, terminal: Terminal) -> None:
    terminal.type("ads serve --detach")
    terminal.type("ads version-sets create " + "n" * 70)
    terminal.type("stty cols 40; export NO_COLOR=1")
    terminal.send("ads version-sets ls\n")
    terminal.wait_for_prompt()
    text = terminal.type("ads version-sets ls")
    assert all(len(line) <= 40 for line in textwrap.dedent(text).splitlines()[1:])


def test_the_commands_of_the_tutorial(terminal: Terminal) -> None:
    page = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text()
    lines = [line for line in commands_of(page) if line.startswith("ads ")]
    assert "ads status" in lines
    for line in ("ads init . && python train.py", "ads serve --detach", "ads deploy artifact/ --name breast-cancer"):
        shown = terminal.type(line, within=120)
        assert terminal.status == 0, shown
    for line in [*lines, "ads predict breast-cancer --input rows.csv", "ads stop"]:
        if line.endswith(" -f"):
            terminal.begin(
                line, until="waiting for its first line"
            )  # before that, Ctrl-C meets an interpreter that starts
            terminal.send("\x03")
            shown = terminal.wait_for_prompt()
            assert terminal.status == 130, f"{line}: {shown}"
        else:
            shown = terminal.type(line)
            assert terminal.status == 0, f"{line}: {shown}"
        assert "Traceback" not in shown
