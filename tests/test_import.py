"""Importing does nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "pandas", "numpy", "sklearn", "joblib", "httpx", "yaml", "tqdm", "cryptography", "sqlalchemy", "fastapi", "uvicorn",
    "pydantic", "rich", "click", "orjson", "asyncio", "cloudpickle", "matplotlib", "oci", "logging.config",
)  # fmt: skip


@pytest.mark.parametrize(
    "module", ["ads", "ads.model", "ads.model.framework.sklearn_model", "ads.common.model_metadata"]
)
def test_importing_loads_no_heavy_package_and_starts_nothing(module: str) -> None:
    code = (
        f"import logging, sys, threading; before = list(logging.getLogger().handlers); import {module}; "
        f"assert not {{name for name in {HEAVY!r} if name in sys.modules}}, sorted(set({HEAVY!r}) & set(sys.modules)); "
        "assert logging.getLogger().handlers == before; assert threading.active_count() == 1"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
