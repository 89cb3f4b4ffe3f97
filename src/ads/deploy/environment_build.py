"""Building a virtual environment with uv, whose words are passed on line by line."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from ads.errors import EnvironmentBuildError

__all__ = ["build_environment", "find_python", "let_others_read"]

Report = Callable[[str], None]

_WORDS_KEPT = 2000
_MOST_LINES = 200
_OF_PIP = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PIP_CERT": "SSL_CERT_FILE",
}
_FOR_EVERYBODY = 0o022
_NOT_TOLD = (" + ", " - ", " ~ ", "Using Python ")


def find_python(version: str) -> Path | None:
    """Return an interpreter of this version (``3.9``) on this machine, from uv or from pyenv; None: there is none."""
    try:
        done = subprocess.run(
            [_uv(), "python", "find", "--no-project", version],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=_uv_variables(),
        )
        path = Path(done.stdout.strip())
        if done.returncode == 0 and path.is_file():
            return path
    except subprocess.TimeoutExpired:
        pass  # a broken shim somewhere on PATH; pyenv's own folders may still have it
    return _pyenv_python(version)


def _pyenv_python(version: str) -> Path | None:
    """Return pyenv's newest interpreter of this version. Its shims, which uv finds, work for selected versions only."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [path for path in root.glob(f"versions/{version}.*/bin/python") if path.is_file()]
    return max(found, key=lambda path: path.parent.parent.name.rpartition(".")[2].zfill(4), default=None)


def build_environment(
    target: Path, python: str, lines: tuple[str, ...], timeout: float, wheels: str, report: Report
) -> None:
    """Make the virtual environment ``target`` of a Python version with these requirements, as a whole or not at all.

    ``wheels`` is a folder that packages come from instead of an index. ``report`` hears each line of uv's but those for
    single packages; beside ``target`` lie all of them in a file ``.log``. Raises EnvironmentBuildError with uv's words.
    """
    folder = target.parent
    building = folder / f".{target.name}.building"
    listing, log = (folder / f"{target.name}{suffix}" for suffix in (".txt", ".log"))
    shutil.rmtree(building, ignore_errors=True)
    listing.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    interpreter = str((None if python == own else find_python(python)) or sys.executable)
    deadline = time.monotonic() + timeout
    try:
        with log.open("wb") as file:
            say = _Sayer(file.write, report)
            venv = [_uv(), "venv", "--no-project", "--relocatable", "--python", interpreter, str(building)]
            _run(venv, folder, deadline, say.note)
            if lines:
                offline = ["--no-index", "--offline", "--find-links", str(Path(wheels).absolute())] if wheels else []
                install = [_uv(), "pip", "install", "--python", str(building / "bin" / "python"), *offline]
                _run([*install, "--requirement", str(listing)], folder, deadline, say.tell)
        let_others_read(building)
        shutil.rmtree(target, ignore_errors=True)  # one whose interpreter is gone
        building.rename(target)
    except subprocess.TimeoutExpired:
        raise EnvironmentBuildError(
            f"The model's environment was not built within {timeout:g} s.",
            hint="Look at the network and the package index, or raise the setting environment_timeout.",
        ) from None
    except subprocess.CalledProcessError:
        words = log.read_text(encoding="utf-8", errors="replace").strip()[-_WORDS_KEPT:]
        raise EnvironmentBuildError(
            f"The model's environment could not be built: {words}",
            hint="Correct requirements.txt in the artifact and register the model again.",
        ) from None
    finally:
        shutil.rmtree(building, ignore_errors=True)


class _Sayer:
    """Writes what uv says to its log, and tells what is worth telling."""

    def __init__(self, write: Callable[[bytes], object], report: Report) -> None:
        self._write = write
        self._report = report
        self._told = 0

    def note(self, line: str) -> None:
        self._write(f"{line}\n".encode())

    def tell(self, line: str) -> None:
        self.note(line)
        if line.strip() and not line.startswith(_NOT_TOLD) and self._told < _MOST_LINES:
            self._told += 1
            self._report(f"environment: {line.strip()}")


def _run(command: list[str], folder: Path, deadline: float, line: Callable[[str], None]) -> None:
    """Run a program and pass on its lines as they come. Raises TimeoutExpired, CalledProcessError."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=_uv_variables(),
        umask=_FOR_EVERYBODY,
        start_new_session=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        late = threading.Event()
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), _end, (process.pid, late))
        timer.daemon = True
        timer.start()
        try:
            assert process.stdout is not None
            for text in process.stdout:
                line(text.rstrip("\n"))
        except BaseException:
            _end(process.pid, threading.Event())
            raise
        finally:
            timer.cancel()
    if late.is_set():
        raise subprocess.TimeoutExpired(command, 0)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def _end(group: int, late: threading.Event) -> None:
    late.set()
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def let_others_read(folder: Path) -> None:
    """Let users that replicas have of their own read an environment: uv's cache may hold files of a stricter time."""
    for root, _, files in os.walk(folder):
        for path in (Path(root), *(Path(root, name) for name in files)):
            mode = path.lstat().st_mode
            wanted = mode | 0o444 | (0o111 if mode & stat.S_IXUSR else 0)
            if wanted != mode and not stat.S_ISLNK(mode):
                path.chmod(wanted)


def _uv_variables() -> Mapping[str, str]:
    """Return the environment for uv: the operator's, without a virtual environment that it would install into."""
    variables = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "CONDA_PREFIX")}
    variables.setdefault("UV_PYTHON_DOWNLOADS", "never")
    for pips, uvs in _OF_PIP.items():  # what the operator has told pip holds for uv where nothing else was said
        if variables.get(pips):
            variables.setdefault(uvs, variables[pips])
    if any(_system_certificates()):  # a company's own authority is known there, and not to uv
        variables.setdefault("UV_SYSTEM_CERTS", "1")
        variables.setdefault("UV_NATIVE_TLS", "1")  # what older versions call it
    return {**variables, "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}


def _system_certificates() -> tuple[str | None, str | None]:
    import ssl

    paths = ssl.get_default_verify_paths()
    return paths.cafile, paths.capath


def _uv() -> str:
    from uv import find_uv_bin

    try:
        return find_uv_bin()
    except FileNotFoundError:
        found = shutil.which("uv")
    if found is None:
        raise EnvironmentBuildError("uv is not installed, so no environment can be built.", hint="pip install uv")
    return found
