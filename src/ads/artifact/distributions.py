"""Which installed distribution a loaded module belongs to, found without scanning all of them."""

from __future__ import annotations

import functools
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Distribution", "distribution_of"]

_KNOWN_NAMES = {
    "sklearn": "scikit-learn",
    "dateutil": "python-dateutil",
    "yaml": "pyyaml",
    "PIL": "pillow",
    "cv2": "opencv-python",
    "skimage": "scikit-image",
    "skl2onnx": "skl2onnx",
    "google": "protobuf",
    "attr": "attrs",
}
"""Modules whose distribution has another name. Others are found through the distribution's own list of files."""

_KNOWN_MODULES = {name: module for module, name in _KNOWN_NAMES.items()}
_REQUIREMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_INFO_FOLDER = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+?)(?:-py3[^-]*)?\.(?:dist|egg)-info")


@dataclass(frozen=True)
class Distribution:
    """An installed distribution: its name as it writes it, its version, where its metadata lies."""

    name: str
    version: str
    info: Path
    dependencies: tuple[str, ...]
    """Normalized names of what it requires without an extra."""

    def loaded_dependencies(self) -> list[Distribution]:
        """Return those of its dependencies that are installed next to it (or elsewhere) and loaded now."""
        found = []
        for name in self.dependencies:
            module = _module_name(name)
            if module in sys.modules:
                distribution = distribution_of(module)
                if distribution is not None:
                    found.append(distribution)
        return found


def distribution_of(module: str) -> Distribution | None:
    """Return the distribution that the top-level ``module`` belongs to, ``None`` for the user's own files.

    A module that isn't loaded is looked for under its own name on ``sys.path``.
    """
    if not module or module in sys.builtin_module_names or module in sys.stdlib_module_names:
        return None
    folder = _folder_of(module)
    places = (folder,) if folder else tuple(sys.path)
    for place in places:
        found = _find(module, place)
        if found is not None:
            return found
    return None


def _folder_of(module: str) -> str:
    """Return the folder on ``sys.path`` that the loaded module comes from, ``""`` when it isn't loaded from a file."""
    loaded = sys.modules.get(module)
    path = getattr(loaded, "__file__", None)
    if path:
        parent = Path(path).parent
        return str(parent.parent if Path(path).stem == "__init__" else parent)
    for path in getattr(loaded, "__path__", ()):
        return str(Path(path).parent)
    return ""


@functools.lru_cache(maxsize=4096)
def _find(module: str, folder: str) -> Distribution | None:
    try:
        changed = os.stat(folder or ".").st_mtime_ns  # noqa: PTH116
    except OSError:
        return None
    infos = _info_folders(folder, changed)
    name = _normalize(_KNOWN_NAMES.get(module, module))
    info = infos.get(name) or next((path for path in infos.values() if _owns(path, module)), None)
    return _read(info) if info else None


@functools.lru_cache(maxsize=64)
def _info_folders(folder: str, changed: int) -> dict[str, Path]:  # noqa: ARG001 - part of the key
    """Return the metadata folders in ``folder`` by normalized name."""
    found: dict[str, Path] = {}
    try:
        names = os.listdir(folder or ".")  # noqa: PTH208
    except OSError:
        return found
    for entry in names:
        match = _INFO_FOLDER.fullmatch(entry)
        if match:
            found[_normalize(match["name"])] = Path(folder, entry)
    return found


@functools.lru_cache(maxsize=4096)
def _owns(info: Path, module: str) -> bool:
    """Say whether the distribution installs the top-level ``module``."""
    try:
        if (info / "top_level.txt").is_file():
            return module in (info / "top_level.txt").read_text(encoding="utf-8").split()
        record = (info / "RECORD").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return f"\n{module}/" in f"\n{record}" or f"\n{module}.py," in f"\n{record}"


@functools.lru_cache(maxsize=1024)
def _read(info: Path) -> Distribution | None:
    """Read the header of the metadata; its body, a long description, is left alone."""
    metadata = info / ("METADATA" if info.name.endswith(".dist-info") else "PKG-INFO")
    name = version = ""
    dependencies: list[str] = []
    try:
        with metadata.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                key, _, value = line.rstrip("\n").partition(": ")
                if not line.strip():
                    break
                if key == "Name":
                    name = value.strip()
                elif key == "Version":
                    version = value.strip()
                elif key == "Requires-Dist" and not re.search(r"\bextra\s*==", value):
                    match = _REQUIREMENT_NAME.match(value)
                    dependencies += [_normalize(match[0])] if match else []
    except OSError:
        return None
    return Distribution(name, version, info, tuple(dependencies)) if name and version else None


def _module_name(distribution: str) -> str:
    """Return the top-level module that stands for a distribution: loaded or not, it tells whether that one is."""
    if distribution in _KNOWN_MODULES:
        return _KNOWN_MODULES[distribution]
    plain = distribution.replace("-", "_")
    if plain in sys.modules:
        return plain
    for name in (distribution.removeprefix("python-"), plain.lower()):
        if name in sys.modules:
            return name
    return plain


def _normalize(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
