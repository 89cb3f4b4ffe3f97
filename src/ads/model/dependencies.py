"""``requirements.txt`` of an artifact: what its model and its scripts need to run, read from this interpreter."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ads.model.generic_model import GenericModel

__all__ = ["add_missing", "write"]

_OURS = "# python:"
"""The first line of a file that was written here; any other one is the user's and stays as it is."""
_PICKLE_SUFFIXES = {".joblib", ".pkl", ".pickle"}
_SEARCHED_BYTES = 64 * 1024 * 1024
"""How much of a user's own model file is searched for the libraries it needs."""


def write(model: GenericModel, folder: Path, modules: Sequence[str] = ()) -> None:
    """Write what the model needs, and ``modules`` besides, unless the folder of a user's own model says it itself."""
    from ads.artifact import requirements
    from ads.artifact.environment import capture_requirements

    if not model.serialize and _is_users(folder):
        return
    runs_with = getattr(model.model_save_serializer, "runs_with", "")
    if model.serialize and runs_with:
        requirements.write(folder, capture_requirements(None, extra=[runs_with, *modules]))
        return
    if model.serialize and model.estimator is not None:
        serializer = model.model_save_serializer
        extra = [getattr(serializer, "name", ""), *getattr(serializer, "needs", ()), *model.needs]
    else:
        extra = _needed_by_files(folder)
    requirements.write(folder, capture_requirements(model.estimator, extra=[*extra, *modules]))


def add_missing(folder: Path) -> None:
    """Add what scripts that were edited and models that were written since ``prepare()`` need; pins stay."""
    from ads.artifact import requirements
    from ads.artifact.environment import capture_requirements

    known = None if _is_users(folder) else requirements.read(folder)
    if known is None:
        return
    names = {line.partition("==")[0].lower() for line in known.lines}
    found = capture_requirements(None, extra=_needed_by_files(folder))
    added = [line for line in found.lines if line.partition("==")[0].lower() not in names]
    if added:
        lines = tuple(sorted([*known.lines, *added], key=str.lower))
        requirements.write(folder, requirements.Requirements(lines, known.python))


def _is_users(folder: Path) -> bool:
    from ads.artifact.layout import REQUIREMENTS

    path = folder / REQUIREMENTS
    return path.is_file() and not path.read_text(encoding="utf-8").startswith(_OURS)


def _needed_by_files(folder: Path) -> list[str]:
    return sorted({*_imports_of(folder), *_pickled_libraries(folder)})


def _imports_of(folder: Path) -> set[str]:
    """Return the top-level packages that the Python files of the folder import; none for files that don't parse."""
    names: set[str] = set()
    for path in folder.glob("*.py"):
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names - {path.stem for path in folder.glob("*.py")}


def _pickled_libraries(folder: Path) -> set[str]:
    """Return the known libraries whose classes the user's own pickles name; nothing is unpickled to find out."""
    names: set[str] = set()
    for path in folder.iterdir():
        if path.suffix in _PICKLE_SUFFIXES and path.is_file():
            with path.open("rb") as file:
                content = file.read(_SEARCHED_BYTES)
            found = re.findall(rb"\b(sklearn|xgboost|lightgbm|catboost|scipy|statsmodels|torch)[.\n]", content)
            names.update(name.decode() for name in found)
    return names
