"""The strict reader of tar files, plain or compressed with gzip: the rules for names and sizes are those of zip files.

Members are read in the order of the file, counted and checked while they are written, and nothing but regular files
and folders is taken. :class:`~ads.errors.ArchiveError` is what a damaged or forged archive raises.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ads.artifact import layout, manifest
from ads.artifact.fresh_folder import fresh_folder
from ads.artifact.limits import DEFAULT_LIMITS, Limits
from ads.artifact.member_names import check_name, check_together, shown
from ads.errors import ArchiveError

__all__ = ["extract_tar", "is_tar"]

_CHUNK = 1024**2
_BLOCK = 512
_MAGIC_AT = 257
_GZIP = b"\x1f\x8b"
_MAX_MANIFEST_BYTES = 32 * 1024**2


def is_tar(archive: Path | str) -> bool:
    """Return whether the file starts like a tar file, or like a compressed one."""
    with Path(archive).open("rb") as file:
        start = file.read(_BLOCK)
    return start[:2] == _GZIP or start[_MAGIC_AT : _MAGIC_AT + 5] == b"ustar"


def extract_tar(
    archive: Path | str, target: Path | str, limits: Limits = DEFAULT_LIMITS, *, replace: bool = False
) -> list[str]:
    """Unpack the archive into the new folder ``target``; return the files in it, sorted.

    As with :func:`~ads.artifact.archive.extract_zip`, ``target`` is never there in part, one that isn't empty needs
    ``replace``, and a manifest must hold and is left out. Raises :class:`~ads.errors.ArchiveError`,
    :class:`~ads.errors.ManifestError`.
    """
    with Path(archive).open("rb") as file, fresh_folder(Path(target), replace=replace) as fresh:
        with _readable():
            names = _extract_all(_Counted(file, limits), fresh, limits)
        check_together(names)
        _check_manifest(fresh, names)
    return sorted(name for name in names if not name.endswith("/") and name != layout.MANIFEST)


class _Counted:
    """The expanded bytes of a tar file, never more of them than the limits allow, and never many at once."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._packed = file.seek(0, 2)
        file.seek(0)
        compressed = file.read(2) == _GZIP
        file.seek(0)
        self._file: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=file, mode="rb") if compressed else file
        self._limits = limits
        if self._packed > limits.max_bytes:
            raise _too_large(f"it has {self._packed:,} bytes, {limits.max_bytes:,} are allowed")

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes; headers that ask for very many at once belong to no artifact."""
        if size < 0 or size > _CHUNK:
            raise damaged("it has a header of unusual length")
        content = self._file.read(size)
        self._check(self.tell())
        return content

    def seek(self, offset: int) -> int:
        """Go to ``offset``, which is never far behind."""
        self._check(offset)
        return self._file.seek(offset)

    def tell(self) -> int:
        """Return how many bytes lie before the next one."""
        return self._file.tell()

    def _check(self, position: int) -> None:
        if position > self._limits.max_bytes:
            raise _too_large(f"it holds more than the {self._limits.max_bytes:,} bytes that are allowed")
        if position > self._limits.ratio_from and position > self._packed * self._limits.max_ratio:
            raise _too_large(f"it expands to more than {self._limits.max_ratio} times its size")


def damaged(what: str) -> ArchiveError:
    """Return the error for bytes that break the format."""
    return ArchiveError(
        f"The archive is damaged or not a tar file: {what}.",
        hint="Pack the artifact folder again, and send the file in binary mode.",
    )


def _too_large(what: str) -> ArchiveError:
    return ArchiveError(f"The archive is too large: {what}.", hint="Leave out what the model doesn't need.")


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Turn what the standard library raises for damaged bytes into the one error for them."""
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, RecursionError, ValueError) as error:
        if isinstance(error, ArchiveError):
            raise
        raise damaged(str(error) or type(error).__name__) from None


def _extract_all(source: _Counted, folder: Path, limits: Limits) -> list[str]:
    names: list[str] = []
    with tarfile.open(fileobj=source, mode="r:", errorlevel=2) as tar:  # type: ignore[call-overload]  # read and seek are all it uses
        while (member := tar.next()) is not None:
            tar.members.clear()  # they would only fill the memory
            name = _name_of(member)
            if not name:
                continue
            names.append(name)
            if len(names) > limits.max_files:
                raise _too_large(f"it has more than {limits.max_files:,} members")
            if member.isdir():
                _make_folder(folder / name)
            else:
                _write(tar, member, folder / name)
        _check_rest(source, tar.offset)
    if not any(not name.endswith("/") for name in names):
        raise damaged("it has no files")
    return names


def _name_of(member: tarfile.TarInfo) -> str:
    """Return the member's name, a folder's with a slash at its end; the folder itself (``./``) has none."""
    name = member.name.removeprefix("./")
    if member.isdir() and name in {"", "."}:
        return ""
    label = shown(member.name)
    if not (member.isdir() or (member.isreg() and not member.issparse())):
        raise ArchiveError(
            f"The archive's member {label} is neither a regular file nor a folder.",
            hint="Replace links and special files by regular files.",
        )
    name = f"{name.rstrip('/')}/" if member.isdir() else name
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ArchiveError(
            f"The archive's member {label} has a name that is not UTF-8.",
            hint="Pack the artifact folder again with a tool that writes UTF-8 names.",
        ) from None
    check_name(name)
    return name


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise _clash(path, error) from None


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    _make_folder(path.parent)
    content = tar.extractfile(member)
    assert content is not None  # regular files have content
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        raise _clash(path, error) from None
    size = 0
    with os.fdopen(descriptor, "wb") as out:
        while chunk := content.read(_CHUNK):
            size += len(chunk)
            out.write(chunk)
        os.fchmod(out.fileno(), 0o755 if member.mode & 0o100 else 0o644)
    if size != member.size:
        raise damaged(f"{shown(member.name)} holds {size:,} bytes, it declares {member.size:,}")


def _clash(path: Path, error: OSError) -> Exception:
    if not isinstance(error, (FileExistsError, IsADirectoryError, NotADirectoryError)):
        return error
    return ArchiveError(
        f"The archive has two members for the place of {shown(path.name)}.",
        hint="Keep one of them and pack the folder again.",
    )


def _check_rest(source: _Counted, end: int) -> None:
    """After the members come only zeros: at least the first of the two blocks that mark the end."""
    source.seek(end)
    found = 0
    while content := source.read(_CHUNK):
        if content.strip(b"\0"):
            raise damaged("bytes follow its end")
        found += len(content)
    if found < _BLOCK:
        raise damaged("it ends too early")


def _check_manifest(folder: Path, names: list[str]) -> None:
    path = folder / layout.MANIFEST
    if not path.is_file():
        return
    if path.stat().st_size > _MAX_MANIFEST_BYTES:
        raise damaged("its manifest is too long")
    files = [name for name in names if not name.endswith("/") and name != layout.MANIFEST]
    manifest.check(manifest.parse(path.read_bytes()), {name: manifest.entry_of(folder / name) for name in files})
    path.unlink()
