"""Which interpreter a model runs in: the service's own when it holds what the model needs, else one that uv builds.

The packages in ``requirements.txt`` decide. The name of a conda pack and its nominal Python decide nothing: an artifact
without requirements runs in the service's own environment, and the parity gate shows whether that was right.
Environments that were built are named after the hash of what they hold, so deployments share them.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ads.artifact import requirements as requirements_file
from ads.artifact.requirements import Requirements
from ads.deploy.file_lock import locked
from ads.errors import EnvironmentBuildError
from ads.home import Home

__all__ = ["Environment", "Plan", "environment_key", "find_python", "plan", "resolve"]

Report = Callable[[str], None]

_WORDS_KEPT = 2000
_OF_PIP = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PIP_CERT": "SSL_CERT_FILE",
}
_FOR_EVERYBODY = 0o022
_OWN_VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
_OLDEST = (3, 8)
"""The oldest Python that a replica runs on."""


@dataclass(frozen=True)
class Environment:
    """An interpreter that holds what the model needs. ``description`` is a phrase for the deployment's log."""

    python: Path
    description: str
    own: bool


@dataclass(frozen=True)
class Plan:
    """What has to be built: requirement lines for a Python version (``3.11``). ``build`` false: the service's own."""

    build: bool
    python: str
    lines: tuple[str, ...]
    note: str = ""


def resolve(home: Home, artifact: Path, timeout: float, report: Report, wheels: str = "") -> Environment:
    """Return the environment for an unpacked artifact, building it when nobody has yet.

    ``timeout`` in seconds; ``report`` hears what is being built before it takes its time. ``wheels`` is a folder that
    packages come from instead of an index. Raises EnvironmentBuildError
    with uv's own words, ArtifactError for a requirements.txt that can't be used.
    """
    found = _plan_for(artifact)
    if not found.build:
        note = f" ({found.note})" if found.note else ""
        return Environment(Path(sys.executable), f"the service's own, Python {_OWN_VERSION}{note}", own=True)
    return _built(home, found, timeout, report, wheels)


def environment_key(artifact: Path) -> str | None:
    """Return the name of the environment for an unpacked artifact, None when it runs in the service's own.

    Raises ArtifactError for a requirements.txt that can't be used.
    """
    found = _plan_for(artifact)
    return _key(found) if found.build else None


def _plan_for(artifact: Path) -> Plan:
    wanted = requirements_file.read(artifact) or Requirements(())
    return plan(wanted, requirements_file.unsatisfied(wanted.lines), find_python)


def plan(wanted: Requirements, lacking: list[str], python_of: Callable[[str], Path | None]) -> Plan:
    """Decide between the service's own environment and one to build.

    ``lacking`` says what the service's own packages lack, ``python_of`` finds an interpreter of a version.
    """
    pinned = ".".join(wanted.python.split(".")[:2])
    if not pinned or pinned == _OWN_VERSION:
        return Plan(bool(lacking), _OWN_VERSION, wanted.lines)
    if _supported(pinned) and python_of(pinned) is not None:
        return Plan(True, pinned, wanted.lines)
    note = f"the model was made with Python {pinned}, which is not on this machine"
    return Plan(bool(lacking), _OWN_VERSION, wanted.lines, note)


def _supported(version: str) -> bool:
    return tuple(int(part) for part in version.split(".")) >= _OLDEST


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


def _built(home: Home, found: Plan, timeout: float, report: Report, wheels: str) -> Environment:
    key = _key(found)
    target = home.environments / key
    python = target / "bin" / "python"
    description = f"built for {len(found.lines)} requirements, Python {found.python}"
    if found.note:
        description += f" ({found.note})"
    if python.exists():
        return Environment(python, f"{description}, from the cache", own=False)
    with locked(home.environments / f".{key}.lock"):
        if not python.exists():
            report(f"environment: building Python {found.python} with {_listed(found.lines)}")
            _build(home.environments, key, found, timeout, wheels)
    return Environment(python, description, own=False)


def _listed(lines: tuple[str, ...]) -> str:
    shown = ", ".join(lines[:6])
    return f"{shown} and {len(lines) - 6} more" if len(lines) > 6 else shown or "no packages"


def _key(found: Plan) -> str:
    content = [found.python, sorted(found.lines), platform.system(), platform.machine()]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


def _build(folder: Path, key: str, found: Plan, timeout: float, wheels: str) -> None:
    building, listing, log = folder / f".{key}.building", folder / f"{key}.txt", folder / f"{key}.log"
    shutil.rmtree(building, ignore_errors=True)
    listing.write_text("".join(f"{line}\n" for line in found.lines), encoding="utf-8")
    interpreter = str((None if found.python == _OWN_VERSION else find_python(found.python)) or sys.executable)
    commands = [[_uv(), "venv", "--no-project", "--relocatable", "--python", interpreter, str(building)]]
    if found.lines:
        target = str(building / "bin" / "python")
        offline = ["--no-index", "--offline", "--find-links", str(Path(wheels).absolute())] if wheels else []
        commands.append([_uv(), "pip", "install", "--python", target, *offline, "--requirement", str(listing)])
    try:
        with log.open("wb") as output:
            for command in commands:
                subprocess.run(
                    command,
                    check=True,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=folder,
                    timeout=timeout,
                    env=_uv_variables(),
                    umask=_FOR_EVERYBODY,
                )
        _let_others_read(building)
        shutil.rmtree(folder / key, ignore_errors=True)  # one whose interpreter is gone
        building.rename(folder / key)
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


def _let_others_read(folder: Path) -> None:
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
