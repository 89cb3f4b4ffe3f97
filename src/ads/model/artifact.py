"""The artifact folder that belongs to a model object."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ads.errors import ArtifactFolderStructureError, ArtifactNestedFolderError, ArtifactRequiredFilesError

__all__ = [
    "ArtifactFolderStructureError",
    "ArtifactNestedFolderError",
    "ArtifactRequiredFilesError",
    "ModelArtifact",
]


@dataclass
class ModelArtifact:
    """Where the files of a model lie, and what its model file is called."""

    artifact_dir: str
    model_file_name: str | None = None

    def files(self) -> list[str]:
        """Return the files that belong to the artifact, as paths relative to its folder."""
        from ads.artifact.layout import list_files

        if not Path(self.artifact_dir).is_dir():
            return []
        return list_files(self.artifact_dir, keep=[self.model_file_name] if self.model_file_name else [])
