"""Trying ``score.py`` as a replica would run it: in a fresh process that knows nothing of the caller's session."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess

__all__ = ["Rehearsal", "rehearse"]

_SECONDS = 300.0
"""Longest wait for a model to load and predict its sample."""
_LARGEST_BYTES = 4 * 1024**3
"""Artifacts above this size are not loaded a second time for a check."""
_SESSION_VARIABLES = ("PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME")
"""Variables that let a session import what no deployment has."""


@dataclass(frozen=True)
class Rehearsal:
    """How it went. Texts are empty where all is well.

    ``rows`` of the sample: None without one, or where it was not reproduced. ``answers``: how many there were.
    ``skipped``: why it was not tried. ``load``: why there is no model. ``parity``: why the sample was not reproduced.
    ``encoding``: why an answer can't be sent.
    """

    skipped: str = ""
    load: str = ""
    rows: int | None = None
    answers: int = 0
    parity: str = ""
    encoding: str = ""


def rehearse(folder: Path, python_version: str) -> Rehearsal:
    """Return how ``score.py`` in ``folder`` does in a fresh process of this interpreter.

    It is not tried where the artifact asks for another Python version, or is very large. Nothing is left in the folder.
    """
    import sys

    running = ".".join(map(str, sys.version_info[:2]))
    if python_version and python_version.split(".")[:2] != running.split("."):
        return Rehearsal(
            skipped=f"score.py was not run: it is for Python {python_version[:60]}, and this is Python {running}."
        )
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if size > _LARGEST_BYTES:
        return Rehearsal(skipped=f"score.py was not run: the artifact has {size:,} bytes, too many for a second copy.")
    return _in_a_process(folder)


def _in_a_process(folder: Path) -> Rehearsal:
    import json
    import os
    import subprocess
    import sys
    import tempfile

    environment = {name: value for name, value in os.environ.items() if name not in _SESSION_VARIABLES}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    with tempfile.TemporaryDirectory(prefix="openads-") as scratch:
        report, log = Path(scratch) / "report.json", Path(scratch) / "log"
        argv = [sys.executable, str(_launcher()), "--artifact", str(folder.absolute()), "--report", str(report)]
        with log.open("wb") as said:  # a file, not a pipe: what the script leaves running may hold it open for ever
            try:
                child = subprocess.Popen(
                    argv,
                    cwd=scratch,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    start_new_session=True,
                )
            except OSError as error:
                return Rehearsal(skipped=f"score.py was not run: no process could be started ({error}).")
        try:
            code = child.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            return Rehearsal(
                skipped=f"score.py was run for {_SECONDS:.0f} seconds and had not answered its sample yet."
            )
        finally:
            _end(child)
        try:
            found: dict[str, Any] = json.loads(report.read_bytes())
        except (OSError, ValueError):
            last = " ".join(log.read_text("utf-8", "replace").split("\n")[-6:]).strip()
            return Rehearsal(load=f"The process that loaded score.py ended with {code}. {last[-500:]}")
    return Rehearsal(**{name: found[name] for name in ("load", "rows", "answers", "parity", "encoding")})


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it has left running."""
    import os
    import signal

    with suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _launcher() -> Path:
    """Return the file that an interpreter runs to be a replica. It is found, not imported: it runs elsewhere."""
    import importlib.util

    spec = importlib.util.find_spec("ads.worker")
    if spec is None or spec.origin is None:
        raise RuntimeError("This installation has no ads.worker.")
    return Path(spec.origin).with_name("launch.py")
