"""The strict reader of conda packs: tar files, plain or compressed, that unlike artifacts may hold links.

Nothing is written through a link, no link leads out of the folder, and there are regular files, folders and links only.
:class:`~ads.errors.ArchiveError` is what a damaged or forged pack raises.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import os
import posixpath
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ads.artifact.limits import Limits
from ads.artifact.member_names import check_name, shown
from ads.errors import ArchiveError

__all__ = ["PACK_LIMITS", "extract_pack"]

PACK_LIMITS = Limits(max_bytes=64 * 1024**3, max_files=1_000_000, ratio_from=64 * 1024**2)
"""A conda environment has tens of thousands of files; its largest ones, with CUDA's libraries, a dozen GiB."""

_CHUNK = 1024**2
_LONGEST_LINK = 1024
_COMPRESSIONS: Mapping[bytes, Any] = {b"\x1f\x8b": gzip, b"BZh": bz2, b"\xfd7zXZ\0": lzma}


def extract_pack(archive: Path, target: Path, limits: Limits = PACK_LIMITS) -> None:
    """Unpack the pack into the new folder ``target``, which is left in part after an error.

    Modes are 755 for what may be run, and for folders, else 644. Raises :class:`~ads.errors.ArchiveError`.
    """
    target.mkdir(mode=0o755)
    with archive.open("rb") as file, _readable(), _expanded(file) as content:
        _Extraction(_Bounded(content, archive.stat().st_size, limits), target, limits).run()


class _Bounded:
    """The expanded bytes of a pack, never more of them than the limits allow, and never many at once."""

    def __init__(self, file: BinaryIO, packed: int, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._most = min(limits.max_bytes, max(limits.ratio_from, packed * limits.max_ratio))

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > _CHUNK:
            raise _damaged("it has a header of unusual length")
        content = self._file.read(size)
        self._check(self.tell())
        return content

    def seek(self, offset: int) -> int:
        self._check(offset)
        return self._file.seek(offset)

    def tell(self) -> int:
        return self._file.tell()

    def _check(self, position: int) -> None:
        if position > self._most:
            raise _too_large(f"it expands to more than the {self._most:,} bytes that are allowed for its size")


class _Extraction:
    """One pack on its way into one folder."""

    def __init__(self, source: _Bounded, target: Path, limits: Limits) -> None:
        self._source = source
        self._target = target
        self._limits = limits
        self._folders = {""}
        self._links: list[str] = []

    def run(self) -> None:
        count = 0
        with tarfile.open(fileobj=self._source, mode="r:", errorlevel=2) as tar:  # type: ignore[call-overload]  # read and seek are all it uses
            while (member := tar.next()) is not None:
                tar.members.clear()  # they would only fill the memory
                count += 1
                if count > self._limits.max_files:
                    raise _too_large(f"it has more than {self._limits.max_files:,} members")
                name = member.name.removeprefix("./").rstrip("/")
                if name not in {"", "."}:
                    self._take(tar, member, name)
        if not count:
            raise _damaged("it has no members")
        self._check_links()

    def _take(self, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        check_name(name)
        if member.isdir():
            self._make_folder(name)
            return
        self._make_folder(posixpath.dirname(name))
        try:
            if member.isreg() and not member.issparse():
                self._write(tar, member, name)
            elif member.issym():
                self._link(name, member.linkname)
            elif member.islnk():
                self._same_file(name, member.linkname)
            else:
                raise ArchiveError(
                    f"The pack's member {shown(name)} is neither a file, a folder nor a link.",
                    hint="Pack the environment again with conda-pack.",
                )
        except (FileExistsError, IsADirectoryError, NotADirectoryError):
            raise _clash(name) from None

    def _make_folder(self, name: str) -> None:
        """Make a folder and those above it; none of them may be a link."""
        if name in self._folders:
            return
        self._make_folder(posixpath.dirname(name))
        try:
            (self._target / name).mkdir(mode=0o755)
        except FileExistsError:  # what this reader has made as a folder is in the set
            raise _clash(name) from None
        self._folders.add(name)

    def _write(self, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        content = tar.extractfile(member)
        assert content is not None  # regular files have content
        descriptor = os.open(self._target / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        size = 0
        with os.fdopen(descriptor, "wb") as out:
            while chunk := content.read(_CHUNK):
                size += len(chunk)
                out.write(chunk)
            os.fchmod(out.fileno(), 0o755 if member.mode & 0o100 else 0o644)
        if size != member.size:
            raise _damaged(f"{shown(name)} holds {size:,} bytes, it declares {member.size:,}")

    def _link(self, name: str, to: str) -> None:
        place = posixpath.normpath(posixpath.join(posixpath.dirname(name), to))
        if not to or to.startswith("/") or place.split("/")[0] == ".." or len(to) > _LONGEST_LINK or "\0" in to:
            raise _leads_out(name)
        (self._target / name).symlink_to(to)
        self._links.append(name)

    def _same_file(self, name: str, to: str) -> None:
        source = to.removeprefix("./")
        check_name(source)
        path = self._target / source
        if posixpath.dirname(source) not in self._folders or path.is_symlink() or not path.is_file():
            raise _leads_out(name)
        os.link(path, self._target / name, follow_symlinks=False)

    def _check_links(self) -> None:
        """Where links lead is known once all of them are there: one may lead on through another one."""
        root = os.path.realpath(self._target)
        for name in self._links:
            if not os.path.realpath(self._target / name).startswith(f"{root}{os.sep}"):
                raise _leads_out(name)


@contextlib.contextmanager
def _expanded(file: BinaryIO) -> Iterator[BinaryIO]:
    start = file.read(6)
    file.seek(0)
    for magic, module in _COMPRESSIONS.items():
        if start.startswith(magic):
            with module.open(file, "rb") as content:
                yield content
            return
    yield file


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Turn what the standard library raises for damaged bytes into the one error for them."""
    try:
        yield
    except ArchiveError:
        raise
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, RecursionError) as error:
        raise _damaged(str(error) or type(error).__name__) from None
    except ValueError as error:  # also of names that no file system takes
        raise _damaged(str(error)) from None


def _damaged(what: str) -> ArchiveError:
    return ArchiveError(
        f"The pack is damaged or not a tar file: {what}.", hint="Pack the environment again with conda-pack."
    )


def _too_large(what: str) -> ArchiveError:
    return ArchiveError(f"The pack is too large: {what}.", hint="Leave out packages that the model doesn't need.")


def _leads_out(name: str) -> ArchiveError:
    return ArchiveError(
        f"The pack's link {shown(name)} leads out of the pack, or nowhere it may.",
        hint="Pack the environment again with conda-pack, without links to other folders.",
    )


def _clash(name: str) -> ArchiveError:
    return ArchiveError(
        f"The pack has two members for the place of {shown(name)}.", hint="Pack the environment again with conda-pack."
    )
