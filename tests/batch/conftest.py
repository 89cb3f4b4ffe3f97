"""Artifacts to score with, and ``ads`` as a process."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def variables(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENADS_", "OCI_"))}
    return {**kept, "OPENADS_HOME": str(home), "OMP_NUM_THREADS": "1"}


@pytest.fixture
def predict(tmp_path: Path) -> Run:
    """Run ``ads predict`` in ``tmp_path`` and require the exit status."""

    def call(*arguments: str, code: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "ads.cli", "predict", *arguments],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
            cwd=tmp_path,
            env={**variables(tmp_path / "home"), **more},
        )
        assert done.returncode == code, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done

    return call


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    """Write an artifact with a score.py of one's own."""

    def write(text: str) -> Path:
        folder = tmp_path / "own"
        folder.mkdir()
        (folder / "score.py").write_text(textwrap.dedent(text), encoding="utf-8")
        (folder / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n", encoding="utf-8")
        return folder

    return write


@pytest.fixture(scope="session")
def people() -> Any:
    import numpy as np
    import pandas as pd

    numbers = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "id": [f"0{number:03}" for number in range(500)],
            "age": numbers.integers(18, 90, 500),
            "income": numbers.normal(3000, 900, 500),
            "plan": numbers.choice(["basic", "pro"], 500),
        }
    )


@pytest.fixture(scope="session")
def model(people: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A fitted pipeline on three columns of ``people``; ``model.folder`` is its artifact."""
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    from ads.model.framework.sklearn_model import SklearnModel

    columns = ColumnTransformer([("plan", OneHotEncoder(), ["plan"])], remainder="passthrough")
    taken = people.drop(columns="id")
    estimator = make_pipeline(columns, LinearRegression()).fit(taken, people["age"] * 1.5 + people["income"])
    estimator.folder = tmp_path_factory.mktemp("model") / "artifact"
    SklearnModel(estimator, artifact_dir=str(estimator.folder)).prepare(X_sample=taken)
    return estimator
