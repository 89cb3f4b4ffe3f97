"""Packs as conda-pack makes them, of the Python that runs the tests: relocatable, with a prefix to be put in place."""

from __future__ import annotations

import io
import os
import sys
import sysconfig
import tarfile
from pathlib import Path

__all__ = ["PLACEHOLDER", "pack_environment"]

PLACEHOLDER = "/placehold_placehold"

_PYTHON = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
home=$(dirname "$here")
LD_LIBRARY_PATH="$home/lib" PYTHONHOME="$home" exec "$here/python-program" "$@"
"""
_UNPACK = """#!/usr/bin/env python
import os, sys
prefix = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
path = os.path.join(prefix, "etc", "prefix")
with open(path) as file:
    text = file.read()
with open(path, "w") as file:
    file.write(text.replace("{placeholder}", prefix))
{more}
"""
_LEFT_OUT = (
    "test",
    "tests",
    "idlelib",
    "ensurepip",
    "site-packages",
    "dist-packages",
    "__pycache__",
    "tkinter",
    "lib2to3",
    "pydoc_data",
)


def pack_environment(path: Path, modules: dict[str, str] | None = None, unpack: str = "") -> Path:
    """Write a pack to ``path``, with these modules; return it. ``unpack`` is run by its conda-unpack."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    library = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}"
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        tar.add(os.path.realpath(sys.executable), "bin/python-program")
        for file in Path(sysconfig.get_config_var("LIBDIR") or "/nowhere").glob("libpython3*.so*"):
            tar.add(file, f"lib/{file.name}")
        tar.add(stdlib, library, filter=_needed)
        _text(tar, "bin/python3", _PYTHON, 0o755)
        link = tarfile.TarInfo("bin/python")
        link.type, link.linkname = tarfile.SYMTYPE, "python3"
        tar.addfile(link)
        _text(tar, "bin/conda-unpack", _UNPACK.format(placeholder=PLACEHOLDER, more=unpack), 0o755)
        _text(tar, "etc/prefix", f"{PLACEHOLDER}\n")
        for name, content in (modules or {}).items():
            _text(tar, f"{library}/site-packages/{name}.py", content)
    return path


def _needed(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    name = member.name.rsplit("/", 1)[-1]
    return None if name in _LEFT_OUT or name.startswith("config-") or member.issym() else member


def _text(tar: tarfile.TarFile, name: str, content: str, mode: int = 0o644) -> None:
    data = content.encode()
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), mode
    tar.addfile(info, io.BytesIO(data))
