"""Files and folders wherever fsspec reaches: what is read, and what appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ads.errors import InputError
from ads.registry.incoming import sync_folder

__all__ = ["SUFFIXES", "Place"]

SUFFIXES = (".csv", ".jsonl", ".ndjson", ".parquet")
"""How the names of files end that batch scoring reads and writes."""

_DONE = "_SUCCESS"


@dataclass(frozen=True)
class Place:
    """A file or folder: ``path`` as its file system ``files`` calls it. ``local``: on this machine's disk."""

    files: Any
    path: str
    local: bool

    @classmethod
    def of(cls, text: str) -> Place:
        """Return the place that a path or URL names. Raises :class:`~ads.errors.InputError` for unknown kinds."""
        from fsspec.core import url_to_fs

        try:
            files, path = url_to_fs(text)
        except ImportError as error:
            raise InputError(
                f"{text} can't be reached: {error}.", hint="Install what its kind of address needs, such as s3fs."
            ) from error
        except ValueError as error:
            raise InputError(f"{text} is no path or address: {error}.", hint="Write s3://bucket/name.") from error
        local = "file" in ([files.protocol] if isinstance(files.protocol, str) else files.protocol)
        return cls(files, str(path).rstrip("/") or "/", local)

    def __str__(self) -> str:
        return self.path if self.local else str(self.files.unstrip_protocol(self.path))

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def suffix(self) -> str:
        """How the name ends, such as ``.csv``; empty where it says no format that is known."""
        ending = Path(self.name).suffix.lower()
        return ending if ending in SUFFIXES else ""

    def beside(self, ending: str) -> Place:
        """Return the place whose name has ``ending`` added."""
        return Place(self.files, self.path + ending, self.local)

    def below(self, *names: str) -> Place:
        """Return a place in this folder."""
        return Place(self.files, "/".join([self.path, *names]), self.local)

    def exists(self) -> bool:
        """Return whether something is there."""
        return bool(self.files.exists(self.path))

    def is_folder(self) -> bool:
        """Return whether it is a folder, or the beginning of objects' names."""
        return bool(self.files.isdir(self.path))

    def inputs(self) -> list[Place]:
        """Return the file, or the folder's files whose names end in a format, in the order of their names.

        Names that begin with a dot or an underscore are nobody's data. Raises :class:`~ads.errors.InputError`.
        """
        if not self.exists():
            raise InputError(f"There is nothing at {self}.", hint="Give a file, a folder, or an address of either.")
        if not self.is_folder():
            if not self.suffix:
                raise InputError(f"{self} is not a kind of file that is read.", hint=f"Known: {', '.join(SUFFIXES)}.")
            return [self]
        found = [Place(self.files, path, self.local) for path in sorted(self.files.find(self.path))]
        files = [place for place in found if place.suffix and not _is_hidden(place.path[len(self.path) :])]
        if not files:
            raise InputError(f"The folder {self} has no files to read.", hint=f"Known: {', '.join(SUFFIXES)}.")
        return files

    def mark(self) -> list[str]:
        """Return what changes when somebody writes the file: its path, size, and time or tag."""
        about = self.files.info(self.path)
        when = next((about[key] for key in ("ETag", "etag", "mtime", "LastModified", "created") if key in about), "")
        return [str(self), str(about.get("size", "")), str(when)]

    @contextmanager
    def reading(self) -> Iterator[BinaryIO]:
        """Yield the file, to be read from anywhere."""
        with self.files.open(self.path, "rb") as file:
            yield file

    @contextmanager
    def writing(self) -> Iterator[BinaryIO]:
        """Yield a file that is here once all of it is written, and not at all after an error."""
        if self.local:
            with self._writing_here() as file:
                yield file
            return
        remote = self.files.open(self.path, "wb", autocommit=False)
        try:
            yield remote
            remote.close()
        except BaseException:
            remote.discard()
            raise
        remote.commit()

    @contextmanager
    def _writing_here(self) -> Iterator[BinaryIO]:
        target = Path(self.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        try:
            with partial.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        sync_folder(target.parent)

    def read(self) -> bytes | None:
        """Return what is in the file, None without one."""
        try:
            content: bytes = self.files.cat_file(self.path)
        except FileNotFoundError:
            return None
        return content

    def remove(self) -> None:
        """Remove the file or folder with all in it, if it is there."""
        if self.exists():
            self.files.rm(self.path, recursive=True)

    def become(self, target: Place) -> None:
        """Let this folder appear as ``target``: by its name here, else file by file with ``_SUCCESS`` as the last."""
        if self.local:
            Path(self.path).replace(target.path)
            sync_folder(Path(target.path).parent)
            return
        for path in self.files.find(self.path):
            self.files.copy(path, target.path + path[len(self.path) :])
        self.files.pipe_file(f"{target.path}/{_DONE}", b"")


def _is_hidden(path: str) -> bool:
    return any(part.startswith((".", "_")) for part in path.strip("/").split("/"))
