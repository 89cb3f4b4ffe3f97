"""What lies in a model's artifact, without unpacking it: the list of files, and the text of the small ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ads.artifact.layout import MANIFEST
from ads.artifact.limits import Limits
from ads.artifact.manifest import FileEntry, parse
from ads.artifact.zip_directory import read_directory
from ads.artifact.zip_reader import read_member
from ads.console.visit import Visit
from ads.console.words import plain
from ads.errors import AdsError
from ads.registry.artifacts import artifact_path, get_artifact
from ads.registry.references import is_description, read_description
from ads.registry.tables import Artifact

__all__ = ["Shelf", "shelf_of"]

LARGEST_LOOK = 512 * 1024**2
"""Bytes of the largest archive that a page looks into."""
_LARGEST_TEXT = 200_000
_MOST_FILES = 1000


class Shelf:
    """The files of one artifact. ``why`` says why there are none to see."""

    def __init__(self, artifact: Artifact | None, path: Path | None, why: str = "") -> None:
        self.artifact = artifact
        self.why = why
        self._path = path

    def listed(self) -> list[dict[str, Any]]:
        """Return name, size and SHA-256 of each file, in the order of their names."""
        if self._path is None or self.artifact is None:
            return []
        if is_description(self.artifact.file_name):
            found = read_description(self._path.read_bytes())
            return [{"name": item.place, "size": item.size, "sha256": ""} for item in found[:_MOST_FILES]]
        with self._path.open("rb") as file:
            members = [member for member in read_directory(file, Limits()) if not member.is_folder]
        hashes = self._hashes()
        return [
            {
                "name": member.name,
                "size": member.size,
                "sha256": hashes[member.name].sha256 if member.name in hashes else "",
            }
            for member in sorted(members, key=lambda member: (member.name.count("/"), member.name))[:_MOST_FILES]
        ]

    def text(self, name: str) -> str | None:
        """Return a small file as readable text, None when it isn't there, too large, or no text."""
        if self._path is None or self.artifact is None or is_description(self.artifact.file_name):
            return None
        try:
            content = read_member(self._path, name, max_bytes=_LARGEST_TEXT)
            return None if content is None or b"\0" in content else plain(content.decode("utf-8-sig"), _LARGEST_TEXT)
        except (AdsError, UnicodeDecodeError):
            return None

    def _hashes(self) -> dict[str, FileEntry]:
        assert self._path is not None
        try:
            content = read_member(self._path, MANIFEST, max_bytes=_LARGEST_TEXT * 10)
            return {} if content is None else parse(content)
        except AdsError:
            return {}


def shelf_of(visit: Visit, model_id: str) -> Shelf:
    """Return the files of a model that the visitor may read. Never raises: what can't be read says why."""
    try:
        with visit.read() as session:
            artifact = get_artifact(session, model_id)
    except AdsError:
        return Shelf(None, None, "No artifact was uploaded for this model yet.")
    if artifact.size > LARGEST_LOOK:
        return Shelf(artifact, None, "The artifact is too large to look into here; download it instead.")
    try:
        return Shelf(artifact, artifact_path(visit.context.blobs, artifact))
    except AdsError as error:
        return Shelf(artifact, None, f"{error.message} {error.hint}".strip())
