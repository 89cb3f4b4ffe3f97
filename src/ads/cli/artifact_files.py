"""The small files of an artifact, wherever it is: a folder, an archive, or the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.errors import ArtifactError, InputError

if TYPE_CHECKING:
    import zipfile

    from ads.client import Service

__all__ = ["ArtifactFiles", "checkable", "local", "registered"]

_LARGEST = 4 * 1024**2
_LOOKED_AT = ("score.py", "runtime.yaml", "requirements.txt", "score_recipe.json", "score_payload.py", "sample.json")


@dataclass(frozen=True)
class ArtifactFiles:
    """Reads text files at the top of an artifact. Files above 4 MiB are none of those."""

    path: Path | None = None
    archive: zipfile.ZipFile | None = None

    def read(self, name: str) -> str | None:
        """Return the text of a file, None when there is none. Raises :class:`~ads.errors.ArtifactError`."""
        content = self._bytes(name)
        if content is None:
            return None
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ArtifactError(f"{name} is not text in UTF-8.") from error

    def _bytes(self, name: str) -> bytes | None:
        if self.archive is not None:
            found = next((entry for entry in self.archive.infolist() if entry.filename == name), None)
            return self.archive.read(found) if found is not None and found.file_size <= _LARGEST else None
        assert self.path is not None
        if self.path.is_dir():
            file = self.path / name
            return file.read_bytes() if file.is_file() and file.stat().st_size <= _LARGEST else None
        from ads.artifact.archive import read_member

        return read_member(self.path, name)


def local(path: Path) -> ArtifactFiles:
    """Return the files of a folder or a zip file. Raises :class:`~ads.errors.InputError` when it is neither."""
    path = path.expanduser()
    if not path.exists():
        raise InputError(f"There is no artifact at {path}.", hint="Give the folder or the zip file of an artifact.")
    if path.is_file() and path.suffix.lower() != ".zip":
        raise InputError(
            f"{path} is neither a folder nor a zip file.", hint="Give the folder that holds score.py and runtime.yaml."
        )
    return ArtifactFiles(path=path)


@contextmanager
def registered(service: Service, model: dict[str, Any]) -> Iterator[ArtifactFiles]:
    """Yield the files of a registered model; only those that are read travel. A model may have no artifact."""
    import io
    import tempfile
    import zipfile

    from ads.client.ranged_file import RangedArtifact
    from ads.errors import NotFound

    with ExitStack() as stack:
        try:
            raw = RangedArtifact(service, str(model["id"]))
        except NotFound:
            yield ArtifactFiles(path=Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="openads-"))))
            return
        try:
            archive = stack.enter_context(zipfile.ZipFile(stack.enter_context(io.BufferedReader(raw))))
        except zipfile.BadZipFile as error:
            raise ArtifactError(f"The artifact of {model['id']} is no zip archive: {error}.") from error
        yield ArtifactFiles(archive=archive)


@contextmanager
def checkable(path: Path) -> Iterator[Path]:
    """Yield a folder that the checks can look at: the artifact's own, or one with the small files of an archive."""
    import tempfile

    files = local(path)
    if path.is_dir():
        yield path
        return
    from ads.artifact.archive import check_zip

    check_zip(path)
    with tempfile.TemporaryDirectory(prefix="openads-") as scratch:
        for name in _LOOKED_AT:
            content = files.read(name)
            if content is not None:
                (Path(scratch) / name).write_text(content, encoding="utf-8")
        yield Path(scratch)
