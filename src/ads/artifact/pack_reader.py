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
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ads.artifact.limits import Limits
from ads.artifact.member_names import check_name, shown
from ads.artifact.tar_stream import BoundedStream, Refusals, readable, tar_members, write_member
from ads.errors import ArchiveError

__all__ = ["PACK_LIMITS", "extract_pack"]

PACK_LIMITS = Limits(max_bytes=64 * 1024**3, max_files=1_000_000, ratio_from=64 * 1024**2)
"""A conda environment has tens of thousands of files; its largest ones, with CUDA's libraries, a dozen GiB."""

_LONGEST_LINK = 1024
_REFUSALS = Refusals(
    "pack",
    pack_again="Pack the environment again with conda-pack.",
    leave_out="Leave out packages that the model doesn't need.",
)
_COMPRESSIONS: Mapping[bytes, Any] = {b"\x1f\x8b": gzip, b"BZh": bz2, b"\xfd7zXZ\0": lzma}


def extract_pack(archive: Path, target: Path, limits: Limits = PACK_LIMITS) -> None:
    """Unpack the pack into the new folder ``target``, which is left in part after an error.

    Modes are 755 for what may be run, and for folders, else 644. Raises :class:`~ads.errors.ArchiveError`.
    """
    target.mkdir(mode=0o755)
    with archive.open("rb") as file, readable(_REFUSALS), _expanded(file) as content:
        source = BoundedStream(content, archive.stat().st_size, limits, _REFUSALS)
        _Extraction(source, target, limits).run()


class _Extraction:
    """One pack on its way into one folder."""

    def __init__(self, source: BoundedStream, target: Path, limits: Limits) -> None:
        self._source = source
        self._target = target
        self._limits = limits
        self._folders = {""}
        self._links: list[str] = []

    def run(self) -> None:
        for tar, member in tar_members(self._source, self._limits, _REFUSALS):
            name = member.name.removeprefix("./").rstrip("/")
            if name not in {"", "."}:
                self._take(tar, member, name)
        self._check_links()

    def _take(self, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        check_name(name)
        if member.isdir():
            self._make_folder(name)
            return
        self._make_folder(posixpath.dirname(name))
        try:
            if member.isreg() and not member.issparse():
                write_member(tar, member, self._target / name, _REFUSALS)
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


def _leads_out(name: str) -> ArchiveError:
    return ArchiveError(
        f"The pack's link {shown(name)} leads out of the pack, or nowhere it may.",
        hint="Pack the environment again with conda-pack, without links to other folders.",
    )


def _clash(name: str) -> ArchiveError:
    return ArchiveError(
        f"The pack has two members for the place of {shown(name)}.", hint="Pack the environment again with conda-pack."
    )
