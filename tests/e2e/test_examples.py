"""The examples: every notebook runs in a real kernel, and has the cells of the script beside it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.docs.pages import REPOSITORY
from tests.own_service import environment

import example_pages  # isort: skip - beside the pages, found by tests.docs.pages

EXAMPLES = REPOSITORY / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*_model.py"))
NEEDS = {
    "embedding_model": ("onnx", "onnxruntime", "transformers"),
    "huggingface_model": ("transformers", "torch"),
    "lightgbm_model": ("lightgbm",),
    "onnx_model": ("skl2onnx", "onnxruntime"),
    "pytorch_model": ("torch",),
    "spark_model": ("pyspark", "java"),
    "tensorflow_model": ("tensorflow",),
    "xgboost_model": ("xgboost",),
}


def test_there_is_an_example_for_each_framework() -> None:
    frameworks = {path.stem for path in (REPOSITORY / "src/ads/model/framework").glob("*_model.py")} - {"automl_model"}
    assert {name.replace("embedding_onnx", "embedding") for name in frameworks} <= {path.stem for path in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_notebook_has_the_cells_of_the_script(script: Path) -> None:
    written = script.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert written == example_pages.notebook_of(script.read_text(encoding="utf-8")), "make notebooks"
    nbformat.validate(nbformat.reads(written, as_version=4))


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "name",
    [pytest.param(path.stem, marks=[pytest.mark.needs(*NEEDS.get(path.stem, ()))]) for path in SCRIPTS],
)
def test_the_notebook_runs(name: str, local_service: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}})
    client.execute(env={**environment(local_service), "IPYTHONDIR": str(tmp_path / "ipython")})
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("ACTIVE" in output.get("data", {}).get("text/html", "") for output in outputs)


def test_a_script_is_a_program(local_service: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "generic_model.py")],
        cwd=tmp_path, env=environment(local_service), capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    stages = re.findall(r"^Deploying tariff: (\w+)", done.stderr, re.MULTILINE)
    assert {"environment", "start", "load", "parity", "route"} <= set(stages)
