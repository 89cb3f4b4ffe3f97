"""The environment variables of a replica. It travels to the nodes of clusters: the standard library alone."""

from __future__ import annotations

import os
import shutil
import site
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["variables_of"]

_KEPT = (
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "JAVA_HOME",
    "SSL_CERT_FILE",
)


def variables_of(
    python: Path, environment: Mapping[str, str], temporary: Path, service: Mapping[str, str], device: str | None = None
) -> dict[str, str]:
    """Return the whole environment of a replica that ``python`` runs: a few of the variables of the process that starts
    it, ``service``, then the deployment's own. ``temporary`` is its home, ``device`` its GPU.
    """
    variables = {name: service[name] for name in _KEPT if service.get(name)}
    if python == Path(sys.executable):
        variables |= _own_packages(service)
    variables["PATH"] = _path(python, service)
    variables["HOME"] = variables["TMPDIR"] = str(temporary)
    variables["PYTHONUTF8"] = "1"
    if device is not None:
        variables["CUDA_VISIBLE_DEVICES"] = device
    return {**variables, **environment}


def _path(python: Path, service: Mapping[str, str]) -> str:
    """Return where a replica finds programs: beside its interpreter, in the system's folders, and where Java is."""
    folders = [str(python.parent), "/usr/local/bin", "/usr/bin", "/bin"]
    java = shutil.which("java", path=service.get("PATH", ""))
    if java is not None:  # of Spark's pipelines
        folders.append(str(Path(java).parent))
    return os.pathsep.join(dict.fromkeys(folders))


def _own_packages(service: Mapping[str, str]) -> dict[str, str]:
    """Return what keeps the packages of the starting interpreter importable, although HOME is another folder."""
    variables = {"PYTHONPATH": service["PYTHONPATH"]} if service.get("PYTHONPATH") else {}
    if site.ENABLE_USER_SITE:
        variables["PYTHONUSERBASE"] = site.getuserbase()
    return variables
