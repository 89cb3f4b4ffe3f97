"""score.py and its recipe in an artifact folder; what the user edited there is never replaced silently."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ads.errors import ArtifactError
from ads.score.compose import compose
from ads.score.recipe import RECIPE_FILE, SCORE_FILE, Recipe

__all__ = ["WriteResult", "is_edited", "read_recipe", "write"]

_VERSION = 1


@dataclass(frozen=True)
class WriteResult:
    """What :func:`write` did: ``written``, ``unchanged``, or ``replaced`` (an edited file, ``diff`` shows what went).

    ``diff`` is a unified diff from the file that was there to the one that is there now.
    """

    path: Path
    outcome: str
    diff: str = ""

    def __str__(self) -> str:
        if self.outcome == "replaced":
            return f"{self.path.name} had been edited and was replaced:\n{self.diff}"
        return f"{self.path.name} was {self.outcome}."


def write(recipe: Recipe, folder: str | Path, force_overwrite: bool = False) -> WriteResult:
    """Write score.py and score_recipe.json for ``recipe`` into ``folder``.

    A score.py that is as it was last written here is renewed. One that was edited, or that somebody else made, is
    replaced only with ``force_overwrite``; otherwise :class:`~ads.errors.ArtifactError` says what would be lost.
    """
    folder = Path(folder)
    path = folder / SCORE_FILE
    text = compose(recipe)
    before = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
    edited = is_edited(folder)
    diff = _diff(before, text) if before is not None and edited and before != text else ""
    if diff and not force_overwrite:
        raise ArtifactError(
            f"{path} was edited, or was not made here, so it stays. A new one would change:\n{_shortened(diff)}",
            hint="Pass force_overwrite=True to replace it, or keep it and change it by hand.",
        )
    if before != text:
        _replace(path, text)
    record = {"version": _VERSION, "recipe": recipe.to_dict(), "score_py_sha256": _sha256(text)}
    _replace(folder / RECIPE_FILE, json.dumps(record, indent=2) + "\n")
    if diff:
        return WriteResult(path, "replaced", diff)
    return WriteResult(path, "unchanged" if before == text else "written")


def is_edited(folder: str | Path) -> bool:
    """Return whether ``folder`` has a score.py that differs from the one last written by :func:`write`."""
    path = Path(folder) / SCORE_FILE
    if not path.is_file():
        return False
    recorded = _record(Path(folder)).get("score_py_sha256")
    return hashlib.sha256(path.read_bytes()).hexdigest() != recorded


def read_recipe(folder: str | Path) -> Recipe | None:
    """Return the recipe that the folder's score.py was made from; ``None`` if it was not made here."""
    recipe = _record(Path(folder)).get("recipe")
    return Recipe.from_dict(recipe) if isinstance(recipe, dict) else None


def _record(folder: Path) -> dict[str, Any]:
    """Return score_recipe.json; an empty dictionary if it is absent or damaged, which counts as "not made here"."""
    try:
        found = json.loads((folder / RECIPE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _replace(path: Path, text: str) -> None:
    """Write the file whole or not at all."""
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_bytes(text.encode())
    unfinished.replace(path)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _diff(before: str, after: str) -> str:
    from difflib import unified_diff

    names = (f"{SCORE_FILE} (before)", f"{SCORE_FILE} (new)")
    return "\n".join(unified_diff(before.splitlines(), after.splitlines(), *names, lineterm=""))


def _shortened(diff: str, most: int = 20) -> str:
    lines = diff.splitlines()
    return "\n".join([*lines[:most], f"... and {len(lines) - most} more lines"] if len(lines) > most else lines)
