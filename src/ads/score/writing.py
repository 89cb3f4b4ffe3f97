"""score.py, score_payload.py and their recipe in a folder; what the user edited there is never replaced silently."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ads.errors import ArtifactError
from ads.score.compose import compose, compose_payload
from ads.score.recipe import PAYLOAD_FILE, RECIPE_FILE, SCORE_FILE, Recipe

__all__ = ["WriteResult", "generated_model", "is_edited", "read_recipe", "remove_generated", "write"]

_VERSION = 1
_RECORDED = {SCORE_FILE: "score_py_sha256", PAYLOAD_FILE: "score_payload_py_sha256"}
"""The generated files, and the key under which the recipe file has what they were when they were written."""


@dataclass(frozen=True)
class WriteResult:
    """What :func:`write` did: ``written``, ``unchanged``, or ``replaced`` (an edited file, ``diff`` shows what went).

    ``diff`` is a unified diff from the files that were there to those that are there now.
    """

    path: Path
    outcome: str
    diff: str = ""

    def __str__(self) -> str:
        if self.outcome == "replaced":
            return f"{self.path.name} had been edited and was replaced:\n{self.diff}"
        return f"{self.path.name} was {self.outcome}."


def write(
    recipe: Recipe, folder: str | Path, force_overwrite: bool = False, *, model_generated: bool = False
) -> WriteResult:
    """Write score.py, score_payload.py and score_recipe.json for ``recipe`` into ``folder``.

    ``model_generated``: the model file was written along with them, it isn't the user's own; it is recorded.
    A file that is as it was last written here is renewed. One that was edited, or that somebody else made, is
    replaced only with ``force_overwrite``; otherwise :class:`~ads.errors.ArtifactError` says what would be lost.
    """
    folder = Path(folder)
    path = folder / SCORE_FILE
    texts = {name: text for name, text in _texts(recipe).items() if text}
    before = {name: _read(folder / name) for name in _RECORDED}
    edited = [name for name in texts if _is_edited(folder, name) and before[name] != texts[name]]
    diff = "\n".join(_diff(name, before[name] or "", texts[name]) for name in edited)
    if edited and not force_overwrite:
        raise ArtifactError(
            f"{folder / edited[0]} was edited, or was not made here, so it stays. A new one would change:\n"
            f"{_shortened(diff)}",
            hint="Pass force_overwrite=True to replace it, or keep it and change it by hand.",
        )
    if PAYLOAD_FILE not in texts and not _is_edited(folder, PAYLOAD_FILE):
        (folder / PAYLOAD_FILE).unlink(missing_ok=True)
    for name in reversed(texts):  # score.py last: it is of no use without the other
        if before[name] != texts[name]:
            _replace(folder / name, texts[name])
    generated = model_generated or (bool(recipe.serializer) and generated_model(folder) == recipe.model_file_name)
    record = {"version": _VERSION, "recipe": recipe.to_dict(), "model_generated": generated}
    record |= {_RECORDED[name]: _sha256(text.encode()) for name, text in texts.items()}
    _replace(folder / RECIPE_FILE, json.dumps(record, indent=2) + "\n")
    if edited:
        return WriteResult(path, "replaced", diff)
    return WriteResult(path, "unchanged" if all(before[name] == texts[name] for name in texts) else "written")


def is_edited(folder: str | Path) -> bool:
    """Return whether ``folder`` has a score.py or score_payload.py that differs from what :func:`write` wrote last."""
    folder = Path(folder)
    recorded = _record(folder)
    return _is_edited(folder, SCORE_FILE) or (_RECORDED[PAYLOAD_FILE] in recorded and _is_edited(folder, PAYLOAD_FILE))


def remove_generated(folder: str | Path) -> None:
    """Remove what :func:`write` put beside score.py, for a script that does without; an edited file stays."""
    folder = Path(folder)
    if not _is_edited(folder, PAYLOAD_FILE):
        (folder / PAYLOAD_FILE).unlink(missing_ok=True)
    (folder / RECIPE_FILE).unlink(missing_ok=True)


def read_recipe(folder: str | Path) -> Recipe | None:
    """Return the recipe that the folder's score.py was made from; ``None`` if it was not made here."""
    recipe = _record(Path(folder)).get("recipe")
    return Recipe.from_dict(recipe) if isinstance(recipe, dict) else None


def generated_model(folder: str | Path) -> str | None:
    """Return the name of the model file that was written along with score.py; ``None`` if it is the user's own."""
    record = _record(Path(folder))
    recipe = record.get("recipe")
    name = recipe.get("model_file_name") if isinstance(recipe, dict) else None
    return name if record.get("model_generated") is True and isinstance(name, str) else None


def _record(folder: Path) -> dict[str, Any]:
    """Return score_recipe.json; an empty dictionary if it is absent or damaged, which counts as "not made here"."""
    try:
        found = json.loads((folder / RECIPE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _texts(recipe: Recipe) -> dict[str, str]:
    return {SCORE_FILE: compose(recipe), PAYLOAD_FILE: compose_payload(recipe)}


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def _is_edited(folder: Path, name: str) -> bool:
    """Return whether the file is there and differs from what is recorded of it."""
    path = folder / name
    return path.is_file() and _sha256(path.read_bytes()) != _record(folder).get(_RECORDED[name])


def _replace(path: Path, text: str) -> None:
    """Write the file whole or not at all."""
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_bytes(text.encode())
    unfinished.replace(path)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _diff(name: str, before: str, after: str) -> str:
    from difflib import unified_diff

    names = (f"{name} (before)", f"{name} (new)")
    return "\n".join(unified_diff(before.splitlines(), after.splitlines(), *names, lineterm=""))


def _shortened(diff: str, most: int = 20) -> str:
    lines = diff.splitlines()
    return "\n".join([*lines[:most], f"... and {len(lines) - most} more lines"] if len(lines) > most else lines)
