"""An artifact to export, and ``ads`` as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def iris() -> Any:
    from sklearn.datasets import load_iris

    return load_iris(as_frame=True)


@pytest.fixture(scope="session")
def artifact(iris: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sklearn.linear_model import LogisticRegression

    from ads.model.framework.sklearn_model import SklearnModel

    folder = tmp_path_factory.mktemp("exported") / "Iris model"
    model = SklearnModel(LogisticRegression(max_iter=500).fit(iris.data, iris.target), artifact_dir=str(folder))
    model.prepare(X_sample=iris.data, y_sample=iris.target, inference_conda_env="generalml_p311_cpu_x86_64_v1")
    return folder


@pytest.fixture
def export(tmp_path: Path) -> Run:
    """Run ``ads export`` in ``tmp_path`` and require the exit status."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENADS_", "OCI_"))}

    def call(
        *arguments: str, code: int = 0, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "ads.cli", "export", *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=tmp_path,
            env={**kept, "OPENADS_HOME": str(tmp_path / "home"), **(variables or {})},
        )
        assert done.returncode == code, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done

    return call
