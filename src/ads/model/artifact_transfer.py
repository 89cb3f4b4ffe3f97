"""Artifact folders into the catalog and back: packed to a temporary file, checked, unpacked into place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ads.errors import ArtifactsNotAvailableError, InputError, InvalidArtifactType

if TYPE_CHECKING:
    from ads.client import Service

__all__ = ["fetch_artifact", "packed", "prepare_target"]


@contextmanager
def packed(artifact: object) -> Iterator[Path]:
    """Yield the artifact as one checked zip file; what was packed for this is removed afterwards.

    Raises :class:`~ads.errors.ArtifactError` for something that is no folder or zip, or one that breaks the rules.
    """
    from ads.artifact.archive import check_zip, write_zip

    if not artifact:
        raise ArtifactsNotAvailableError(
            "The catalog entry has no artifact to upload.", hint="Set a folder or a zip file with with_artifact()."
        )
    if not isinstance(artifact, (str, Path)):
        raise InvalidArtifactType(
            "Several artifacts are for a model by reference only.", hint="Pass one folder or one zip file."
        )
    path = Path(artifact).expanduser()
    if path.is_file():
        if path.suffix != ".zip":
            raise InvalidArtifactType(f"{path} is neither a folder nor a zip file.", hint="Pass the artifact's folder.")
        check_zip(path)
        yield path
        return
    if not path.is_dir():
        raise InvalidArtifactType(f"There is no artifact at {path}.", hint="Pass the artifact's folder or zip file.")
    folder = Path(tempfile.mkdtemp(prefix="openads-"))
    try:
        target = folder / "artifact.zip"
        write_zip(path, target)
        yield target
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def prepare_target(target_dir: str | Path, *, force_overwrite: bool) -> Path:
    """Return the folder to unpack into. Raises InputError when it holds something and may not be replaced."""
    target = Path(target_dir).expanduser().absolute()
    if target.is_file():
        raise InputError(f"{target} is a file, not a folder.", hint="Name a folder to download into.")
    if target.is_dir() and any(target.iterdir()) and not force_overwrite:
        raise InputError(f"The folder {target} is not empty.", hint="Pass force_overwrite=True to replace it.")
    return target


def fetch_artifact(service: Service, model_id: str, target: Path) -> None:
    """Replace the folder ``target`` with the model's artifact. An existing one stays whole until the new one is.

    The objects of a model by reference are put below ``<bucket>/<object name>``. Raises
    :class:`~ads.errors.NotFound` when the model has no artifact.
    """
    from ads.artifact.archive import extract_zip
    from ads.model.by_reference import description_in, fetch_described

    with tempfile.TemporaryDirectory(prefix="openads-") as folder:
        archive = Path(folder) / "artifact.zip"
        service.download_artifact(model_id, archive)
        description = description_in(archive)
        if description is not None:
            fetch_described(service, description, target)
        else:
            extract_zip(archive, target, replace=True)
