"""What the template imports that a model's replicas are forked from: libraries that are safe to fork once imported."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ads.artifact import requirements
from ads.deploy.engines.base import ReplicaOrder
from ads.errors import AdsError

__all__ = ["template_of"]

_MODULES = {
    "numpy": ("numpy",),
    "pandas": ("pandas",),
    "scikit-learn": ("sklearn.ensemble", "sklearn.linear_model", "sklearn.pipeline", "sklearn.compose", "joblib"),
}
"""Libraries that make no thread while they are imported, found by trying; the template itself looks again."""
_NEVER = frozenset({"torch", "tensorflow", "jax", "pyspark", "onnxruntime"})
"""Libraries with threads and devices of their own: a model that needs one gets an interpreter of its own."""
_SHAPES_IMPORTS = re.compile(r"(PYTHON|OMP_|OPENBLAS_|MKL_|KMP_|GOMP_|BLIS_|NUMEXPR_|NPY_|LD_|MALLOC_|GLIBC_|LC_|LANG)")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_EVERY_REPLICAS = (*_THREADS, "OMP_WAIT_POLICY")
"""What the service itself sets, the same for all: no reason to start a replica afresh."""


def template_of(order: ReplicaOrder, variables: Mapping[str, str], worker: Path) -> dict[str, Any] | None:
    """Return the part ``template`` of the order that starts a replica, None where it is to be started afresh.

    That is: in an environment that was built, with a GPU, and where the deployment sets variables that libraries read
    while they are imported.
    """
    python = order.python
    if sys.platform != "linux" or python != Path(sys.executable) or "CUDA_VISIBLE_DEVICES" in variables:
        return None
    own = set(order.environment).difference(_EVERY_REPLICAS)
    if any(_SHAPES_IMPORTS.match(name) for name in own):
        return None
    modules = _modules_for(order.artifact)
    if not modules:
        return None
    kept = {
        name: value for name, value in variables.items() if name not in order.environment or name in _EVERY_REPLICAS
    }
    environment = {**kept, "HOME": "/", "TMPDIR": "/tmp", **dict.fromkeys(_THREADS, "1")}  # noqa: S108 - it writes nothing
    return {"argv": [str(python), str(worker), "--modules", ",".join(modules)], "env": environment}


@lru_cache(maxsize=256)
def _modules_for(artifact: Path) -> tuple[str, ...]:
    try:
        wanted = requirements.read(artifact)
    except AdsError:
        return ()
    lines = wanted.lines if wanted else ()
    names = {re.split(r"[^A-Za-z0-9._-]", line.strip(), maxsplit=1)[0].lower() for line in lines}
    if names & _NEVER:
        return ()
    return tuple(module for name, modules in _MODULES.items() if name in names for module in modules)
