"""Importing does nothing."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import ads.model.framework

HEAVY = (
    "pandas", "numpy", "sklearn", "joblib", "httpx", "yaml", "tqdm", "cryptography", "sqlalchemy", "fastapi", "uvicorn",
    "pydantic", "rich", "click", "orjson", "asyncio", "cloudpickle", "matplotlib", "oci", "logging.config", "torch",
    "tensorflow", "keras", "xgboost", "lightgbm", "pyspark", "transformers", "onnx", "onnxruntime",
)  # fmt: skip


FRAMEWORKS = [f"ads.model.framework.{found.name}" for found in pkgutil.iter_modules(ads.model.framework.__path__)]


@pytest.mark.parametrize("module", ["ads", "ads.model", "ads.common.model_metadata", *FRAMEWORKS])
def test_importing_loads_no_heavy_package_and_starts_nothing(module: str) -> None:
    code = (
        f"import logging, sys, threading; before = list(logging.getLogger().handlers); import {module}; "
        f"assert not {{name for name in {HEAVY!r} if name in sys.modules}}, sorted(set({HEAVY!r}) & set(sys.modules)); "
        "assert logging.getLogger().handlers == before; assert threading.active_count() == 1"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
