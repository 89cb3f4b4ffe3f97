"""The model that all faults are tried on: its answer is a function of the request, and says who gave it."""

from __future__ import annotations

import io
import zipfile

from tests.runtime_yaml import RUNTIME

__all__ = ["MODULUS", "archive", "expected"]

MODULUS = 1_000_003

_SCORE = """\
import os
import signal
import time

_STATE = {{"calls": 0, "slow": False, "kept": []}}

def _act(what):
    if what == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    while what == "eat":
        _STATE["kept"].append(bytearray(16 * 1024 * 1024))
    if what == "leak":
        _STATE["kept"].append(bytearray(8 * 1024 * 1024))
    if what == "print":
        print("x" * 1000000)
    if what == "linger":
        time.sleep(0.2)
    if what == "become slow":
        _STATE["slow"] = True

def load_model():
    {load}
    return {version!r}

def predict(data, model=load_model()):
    _STATE["calls"] += 1
    _act(data.get("do"))
    time.sleep({work!r} * (20 if _STATE["slow"] else 1))
    {body}
    found = [(x * 31 + 7 * model) % 1000003 for x in data["x"]]
    return {{"prediction": found, "version": model, "pid": os.getpid(), "calls": _STATE["calls"]}}
"""


def archive(version: int, *, work: float = 0.004, load: str = "pass", body: str = "pass", note: str = "") -> bytes:
    """Return an artifact. ``work`` are the seconds that a prediction takes; a ``note`` makes it unlike others."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr("score.py", _SCORE.format(version=version, work=work, load=load, body=body))
        target.writestr("runtime.yaml", RUNTIME)
        if note:
            target.writestr("note.txt", note)
    return buffer.getvalue()


def expected(numbers: list[int], version: int) -> list[int]:
    """Return what a version answers."""
    return [(number * 31 + 7 * version) % MODULUS for number in numbers]
