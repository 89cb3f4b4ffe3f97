"""A model on trial: one replica as a deployment would start it, on this machine and without a service."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ads.errors import AdsError, ArtifactError, ServiceTimeout, VerificationFailed
from ads.home import Home

__all__ = ["Trial", "on_trial"]

_LOOK_EVERY = 0.05
_TAIL = 20


@dataclass
class Trial:
    """A replica that has loaded the model and reproduced the artifact's sample.

    ``environment`` describes what it runs in, ``stages`` what it did, with seconds, ``rows`` how many sample rows it
    reproduced: None without a sample.
    """

    environment: str
    stages: list[dict[str, Any]]
    rows: int | None
    socket_path: Path

    def predict(self, body: bytes, timeout: float) -> Any:
        """Return the answer to a request body, as JSON has it.

        Raises :class:`~ads.errors.VerificationFailed` with what the caller of a deployment would be told.
        """
        from ads.gateway.frames import ANSWER, JSON, FrameReader, Input, decode_answer, encode_predict

        try:
            with self.connect(timeout) as connection:
                connection.sendall(encode_predict(1, [Input(JSON, b"{}", body)]))
                reader = FrameReader(1 << 30)
                while piece := connection.recv(1 << 20):
                    for kind, _, payload in reader.feed(piece):
                        if kind == ANSWER:
                            (answer,) = decode_answer(payload)
                            return _result(answer.status, answer.body)
        except TimeoutError as error:
            raise ServiceTimeout(f"predict() took longer than {timeout:g} s.") from error
        raise VerificationFailed("The process that ran the model ended during predict().")

    def connect(self, timeout: float) -> socket.socket:
        """Return a connection for frames, on which nothing waits longer than ``timeout`` seconds. Raises OSError."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout)
        try:
            connection.connect(str(self.socket_path))
        except BaseException:
            connection.close()
            raise
        return connection


def _result(status: int, body: bytes) -> Any:
    content = json.loads(body)
    if status != 200:
        message = content.get("message") if isinstance(content, dict) else content
        raise VerificationFailed(f"A deployment would answer with {status}: {message}")
    return content


@contextmanager
def on_trial(
    home: Home,
    artifact: Path,
    timeout: float,
    report: Callable[[str], None],
    variables: Mapping[str, str] | None = None,
) -> Iterator[Trial]:
    """Yield the trial of the artifact in a folder, which nothing changes, and end its process.

    Its environment is the one that a deployment here would use; ``report`` hears when it has to be built. ``timeout``
    in seconds is for the start; ``variables`` go into the process's environment where nobody set them. Raises
    :class:`~ads.errors.VerificationFailed` with the end of what the model's code wrote when it can't be loaded or
    doesn't reproduce its sample, :class:`~ads.errors.EnvironmentBuildError`.
    """
    import tempfile

    for name in ("score.py", "runtime.yaml"):
        if not (artifact / name).is_file():
            raise ArtifactError(f"{artifact} has no {name}.", hint=f"See what else: ads introspect {artifact}")
    environment = _environment(home, artifact, report)
    with tempfile.TemporaryDirectory(prefix="openads-") as scratch:
        folder = Path(scratch)
        process, lifeline = _start(environment.python, artifact.absolute(), folder, variables or {})
        try:
            status = _ready(process, folder, timeout)
            stages = list(status["stages"])
            rows = next((stage.get("rows") for stage in stages if stage["name"] == "parity"), None)
            yield Trial(environment.description, stages, rows, folder / "s")
        finally:
            process.kill()
            process.wait()
            os.close(lifeline)


def _environment(home: Home, artifact: Path, report: Callable[[str], None]) -> Any:
    from ads.deploy.environments import Plan, choose, resolve
    from ads.deploy.isolation import isolated_supplies
    from ads.settings import load_settings

    supplies = isolated_supplies(home, load_settings())
    chosen = choose(artifact, supplies)
    if not isinstance(chosen, Plan) or chosen.build:
        home.create()  # where the environment is kept, for deployments as well
    return resolve(home, artifact, supplies, report)


def _start(
    python: Path, artifact: Path, folder: Path, variables: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], int]:
    """Return the process, and the end of a pipe: once nobody holds that open, the process ends."""
    import importlib.util

    worker = importlib.util.find_spec("ads.worker")
    assert worker is not None
    assert worker.origin is not None
    argv = [str(python), str(Path(worker.origin).with_name("launch.py")), "--artifact", str(artifact)]
    argv += ["--socket", str(folder / "s"), "--status", str(folder / "status.json")]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENADS_", "PYTHON"))}
    if python == Path(sys.executable) and os.environ.get("PYTHONPATH"):
        kept["PYTHONPATH"] = os.environ["PYTHONPATH"]
    environment = {**variables, **kept, "TMPDIR": str(folder), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    held, lifeline = os.pipe()
    try:
        with (folder / "log").open("wb") as said:  # a file, not a pipe: what the script starts may hold it open
            process = subprocess.Popen(
                argv,
                cwd=artifact,
                env={**environment, "OPENADS_LIFELINE": str(held)},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                pass_fds=[held],
            )
    except OSError:
        os.close(lifeline)
        raise
    finally:
        os.close(held)
    return process, lifeline


def _ready(process: subprocess.Popen[bytes], folder: Path, timeout: float) -> dict[str, Any]:
    """Return the replica's status once it is ready."""
    deadline = time.monotonic() + timeout
    while True:
        status: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            status = json.loads((folder / "status.json").read_bytes())
        if status.get("state") == "ready":
            return status
        if status.get("state") == "failed":
            error = status.get("error") or {}
            raise _failure(folder, str(error.get("message")), str(error.get("hint") or ""))
        if process.poll() is not None:
            raise _failure(folder, f"The process that loaded the model ended with {process.returncode}.", "")
        if time.monotonic() > deadline:
            raise ServiceTimeout(f"The model was not ready within {timeout:g} s.", hint="Allow more with --timeout.")
        time.sleep(_LOOK_EVERY)


def _failure(folder: Path, message: str, hint: str) -> AdsError:
    lines = (folder / "log").read_text("utf-8", "replace").strip().splitlines()[-_TAIL:]
    tail = "\n".join(f"  {line}" for line in lines)
    return VerificationFailed(f"{message}\n{tail}" if tail else message, hint=hint)
