"""The model that all faults are tried on: its answer is a function of the request, and says who gave it."""

from __future__ import annotations

import io
import zipfile

__all__ = ["MODULUS", "archive", "expected"]

MODULUS = 1_000_003

_SCORE = """\
import os
import signal
import sys
import time

CONTROL = {control!r}
VERSION = {version!r}

def _act(what):
    if what == "die":
        with open(os.path.join(CONTROL, "died"), "a") as file:
            file.write("%d\\n" % os.getpid())
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "eat":
        kept = []
        while True:
            kept.append(bytearray(16 * 1024 * 1024))
    if what == "leak":
        _KEPT.append(bytearray(8 * 1024 * 1024))
    if what == "print":
        print("x" * 1000000)
    if what == "linger":
        time.sleep(0.2)

_KEPT = []

def load_model():
    {load}
    return VERSION

def predict(data, model=load_model()):
    _act(data.get("do"))
    if os.path.exists(os.path.join(CONTROL, "count")):
        with open(os.path.join(CONTROL, "calls"), "ab") as file:
            file.write(b".")
    time.sleep({work!r})
    if os.path.exists(os.path.join(CONTROL, "slow-%d" % os.getpid())):
        time.sleep({work!r} * 19)
    {body}
    return {{"prediction": [(x * 31 + 7 * model) % 1000003 for x in data["x"]], "version": model, "pid": os.getpid()}}
"""

_RUNTIME = """\
MODEL_ARTIFACT_VERSION: '3.0'
MODEL_DEPLOYMENT:
  INFERENCE_CONDA_ENV:
    INFERENCE_ENV_PATH: ''
    INFERENCE_ENV_SLUG: ''
    INFERENCE_ENV_TYPE: ''
    INFERENCE_PYTHON_VERSION: ''
MODEL_PROVENANCE: {}
"""


def archive(version: int, control: str, *, work: float = 0.004, load: str = "pass", body: str = "pass") -> bytes:
    """Return an artifact. ``work`` are the seconds that a prediction takes, ``control`` a folder with its orders."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr("score.py", _SCORE.format(version=version, control=control, work=work, load=load, body=body))
        target.writestr("runtime.yaml", _RUNTIME)
    return buffer.getvalue()


def expected(numbers: list[int], version: int) -> list[int]:
    """Return what a version answers."""
    return [(number * 31 + 7 * version) % MODULUS for number in numbers]
