"""Which files an artifact folder holds, and which of them go into the archive."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from ads.artifact import ignore
from ads.errors import ArtifactNestedFolderError, ArtifactRequiredFilesError

__all__ = [
    "ARTIFACT_FILES",
    "INPUT_SCHEMA",
    "MANIFEST",
    "MODEL_IGNORE",
    "OUTPUT_SCHEMA",
    "RECIPE",
    "REQUIRED_FILES",
    "REQUIREMENTS",
    "RUNTIME_YAML",
    "SAMPLE",
    "SCORE_PAYLOAD_PY",
    "SCORE_PY",
    "SIGNATURE",
    "TEST_RESULTS",
    "list_files",
    "model_file_name",
    "require_files",
]

SCORE_PY = "score.py"
SCORE_PAYLOAD_PY = "score_payload.py"
RUNTIME_YAML = "runtime.yaml"
INPUT_SCHEMA = "input_schema.json"
OUTPUT_SCHEMA = "output_schema.json"
MODEL_IGNORE = ".model-ignore"
REQUIREMENTS = "requirements.txt"
SAMPLE = "sample.json"
RECIPE = "score_recipe.json"
MANIFEST = "model_artifact_manifest.json"
SIGNATURE = "model.sig"
TEST_RESULTS = "test_json_output.json"

REQUIRED_FILES = (RUNTIME_YAML, SCORE_PY)
"""Without these nothing can be deployed."""

ARTIFACT_FILES = (
    SCORE_PY,
    SCORE_PAYLOAD_PY,
    RUNTIME_YAML,
    INPUT_SCHEMA,
    OUTPUT_SCHEMA,
    MODEL_IGNORE,
    REQUIREMENTS,
    SAMPLE,
    RECIPE,
    SIGNATURE,
)
"""What ``prepare()`` and signing write next to the model file. No ignore rule applies to them."""


def list_files(folder: Path | str, keep: Iterable[str] = ()) -> list[str]:
    """Return the files that belong to the artifact: sorted paths relative to ``folder``, with ``/``.

    What ``.model-ignore`` names is left out, except the artifact's own files, the model file, and those in ``keep``.
    The manifest is left out as well: it exists inside archives only, and a copy that lies in the folder is out of date
    as soon as a file changes. Links to files and folders are followed.
    """
    folder = Path(folder)
    rules = ignore.read(folder / MODEL_IGNORE)
    found: list[str] = []
    _walk(str(folder), "", rules, found, ())
    wanted = {*found, *_kept(folder, keep)}
    wanted.discard(MANIFEST)
    return sorted(wanted)


def model_file_name(folder: Path | str) -> str:
    """Return the name of the model file as the recipe records it, or ``""`` when there is none."""
    try:
        record = json.loads((Path(folder) / RECIPE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return ""
    recipe = record.get("recipe", record) if isinstance(record, dict) else None
    name = recipe.get("model_file_name") if isinstance(recipe, dict) else None
    return name if isinstance(name, str) else ""


def require_files(files: Iterable[str]) -> None:
    """Raise when ``files`` (relative paths) miss ``score.py`` or ``runtime.yaml`` at the top.

    :class:`~ads.errors.ArtifactNestedFolderError` when they lie one folder too deep, else
    :class:`~ads.errors.ArtifactRequiredFilesError`.
    """
    names = set(files)
    missing = [name for name in REQUIRED_FILES if name not in names]
    if not missing:
        return
    tops = {name.split("/", 1)[0] for name in names if "/" in name}
    for top in sorted(tops):
        if all(f"{top}/{name}" in names for name in REQUIRED_FILES):
            raise ArtifactNestedFolderError(top)
    raise ArtifactRequiredFilesError(missing)


def _kept(folder: Path, keep: Iterable[str]) -> Iterable[str]:
    for name in (*ARTIFACT_FILES, model_file_name(folder), *keep):
        parts = name.split("/")
        if not name or name.startswith("/") or ".." in parts:
            continue
        if (folder / name).is_file():
            yield name


def _walk(root: str, inside: str, rules: ignore.Rules, found: list[str], above: tuple[tuple[int, int], ...]) -> None:
    status = os.stat(os.path.join(root, inside) if inside else root)  # noqa: PTH116, PTH118 - a hot loop on text
    identity = (status.st_dev, status.st_ino)
    if identity in above:  # a link to a folder that holds it
        return
    with os.scandir(os.path.join(root, inside) if inside else root) as entries:  # noqa: PTH118
        for entry in entries:
            path = f"{inside}/{entry.name}" if inside else entry.name
            if entry.is_dir():
                if not rules.ignores(path, folder=True):
                    _walk(root, path, rules, found, (*above, identity))
            elif entry.is_file() and not rules.ignores(path, folder=False):
                found.append(path)
