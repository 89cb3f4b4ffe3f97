"""The artifact as one file: a zip, written deterministically, read strictly; tar files are read as well."""

from __future__ import annotations

from pathlib import Path

from ads.artifact.limits import DEFAULT_LIMITS, Limits
from ads.artifact.zip_reader import ArchiveInfo, check_zip, extract_zip, read_member
from ads.artifact.zip_writer import write_zip
from ads.errors import InvalidArtifactType

__all__ = [
    "DEFAULT_LIMITS",
    "ArchiveInfo",
    "Limits",
    "check_zip",
    "extract",
    "extract_zip",
    "read_member",
    "write_zip",
]


def extract(
    archive: Path | str, target: Path | str, limits: Limits = DEFAULT_LIMITS, *, replace: bool = False
) -> list[str]:
    """Unpack a zip, tar or tar.gz file, known by its content, into ``target``; return the files in it, sorted.

    Raises :class:`~ads.errors.InvalidArtifactType` for a file that is neither, otherwise what
    :func:`~ads.artifact.zip_reader.extract_zip` raises.
    """
    from ads.artifact.tar_reader import extract_tar, is_tar

    archive = Path(archive)
    with archive.open("rb") as file:
        start = file.read(4)
    if start[:2] == b"PK":
        return extract_zip(archive, target, limits, replace=replace)
    if is_tar(archive):
        return extract_tar(archive, target, limits, replace=replace)
    raise InvalidArtifactType(
        f"{archive.name} is neither a zip archive nor a tar file.",
        hint="Pack the artifact folder as .zip or .tar.gz, or name the folder itself.",
    )
