"""What is exported: an unpacked artifact, and what it is called elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ads.artifact import requirements
from ads.errors import ArtifactError

__all__ = ["Subject", "cluster_name", "subject_of"]

_LONGEST_NAME = 50  # leaves room for what is added to it: a label has at most 63 characters


@dataclass(frozen=True)
class Subject:
    """A model to export.

    ``name`` is valid in clusters and in images' names, ``version`` is what the image's tag says. ``python`` is the
    version that the model was made with (``3.11``), ``lines`` are its requirements.
    """

    name: str
    version: str
    artifact: Path
    python: str
    lines: tuple[str, ...]

    @property
    def image(self) -> str:
        """What the image is called where nobody says otherwise."""
        return f"{self.name}:{self.version}"


def subject_of(artifact: Path, name: str, version: str, default_python: str) -> Subject:
    """Return the subject. Raises :class:`~ads.errors.ArtifactError` for a folder that can't be served."""
    for file in ("score.py", "runtime.yaml"):
        if not (artifact / file).is_file():
            raise ArtifactError(f"{artifact} has no {file}.", hint=f"See what else: ads introspect {artifact}")
    found = requirements.read(artifact) or requirements.Requirements(())
    return Subject(cluster_name(name), _tag(version), artifact, found.python or default_python, found.lines)


def cluster_name(name: str) -> str:
    """Return a name as clusters take it: small letters, digits and hyphens, a letter first."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    plain = plain if plain[:1].isalpha() else f"model-{plain}".strip("-")
    return plain[:_LONGEST_NAME].rstrip("-")


def _tag(version: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", version).strip("-.")[:100] or "1"
