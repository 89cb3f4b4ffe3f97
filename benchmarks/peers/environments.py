"""An environment for each contestant, made once with uv under ``.venv-peers`` and made anew when its list changes."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

__all__ = ["Unavailable", "environment"]

FOLDER = Path(__file__).parents[2] / ".venv-peers"
_SECONDS = 900
_SHARED = ("scikit-learn", "lightgbm", "torch", "joblib")
"""What the saved models need; in the versions of this process, so that everybody runs the same estimator."""


class Unavailable(Exception):
    """This contestant can't take part here; the text says why."""


def environment(name: str, packages: tuple[str, ...]) -> Path:
    """Return the interpreter of the contestant's environment. Raises Unavailable when it can't be installed."""
    wanted = [*packages, *(f"{each}=={importlib.metadata.version(each)}" for each in _SHARED)]
    folder = FOLDER / name
    python, stamp = folder / "bin" / "python", folder / ".installed"
    if stamp.exists() and stamp.read_text().split() == wanted:
        return python
    print(f"Installing {', '.join(packages)} …", flush=True)
    _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
    _uv("pip", "install", "--quiet", "--python", str(python), *wanted)
    stamp.write_text("\n".join(wanted))
    return python


def _uv(*arguments: str) -> None:
    variables = dict(os.environ)
    if "PIP_FIND_LINKS" in variables:  # uv doesn't read what pip is told
        variables.setdefault("UV_FIND_LINKS", variables["PIP_FIND_LINKS"])
    command = [sys.executable, "-m", "uv", *arguments]
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            env=variables,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"uv did not end within {_SECONDS} s") from None
    if done.returncode:
        raise Unavailable(done.stderr.strip()[-400:] or f"uv ended with {done.returncode}")
