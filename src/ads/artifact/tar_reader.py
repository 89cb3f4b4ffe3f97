"""The strict reader of tar files, plain or compressed with gzip: the rules for names and sizes are those of zip files.

Members are read in the order of the file, counted and checked while they are written, and nothing but regular files
and folders is taken. :class:`~ads.errors.ArchiveError` is what a damaged or forged archive raises.
"""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path
from typing import Any, BinaryIO

from ads.artifact import layout, manifest
from ads.artifact.fresh_folder import fresh_folder
from ads.artifact.limits import DEFAULT_LIMITS, Limits
from ads.artifact.member_names import check_name, check_together, shown
from ads.artifact.tar_stream import LARGEST_READ, BoundedStream, Refusals, readable, tar_members, write_member
from ads.errors import ArchiveError

__all__ = ["extract_tar", "is_tar"]

_BLOCK = 512
_MAGIC_AT = 257
_GZIP = b"\x1f\x8b"
_MAX_MANIFEST_BYTES = 32 * 1024**2
_REFUSALS = Refusals(
    "archive",
    pack_again="Pack the artifact folder again, and send the file in binary mode.",
    leave_out="Leave out what the model doesn't need.",
)


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
        with readable(_REFUSALS):
            names = _extract_all(_bounded(file, limits), fresh, limits)
        check_together(names)
        _check_manifest(fresh, names)
    return sorted(name for name in names if not name.endswith("/") and name != layout.MANIFEST)


def _bounded(file: BinaryIO, limits: Limits) -> BoundedStream:
    packed = file.seek(0, 2)
    if packed > limits.max_bytes:
        raise _REFUSALS.too_large(f"it has {packed:,} bytes, {limits.max_bytes:,} are allowed")
    file.seek(0)
    compressed = file.read(2) == _GZIP
    file.seek(0)
    expanded: Any = gzip.GzipFile(fileobj=file, mode="rb") if compressed else file
    return BoundedStream(expanded, packed, limits, _REFUSALS)


def _extract_all(source: BoundedStream, folder: Path, limits: Limits) -> list[str]:
    names: list[str] = []
    end = 0
    for tar, member in tar_members(source, limits, _REFUSALS):
        end = tar.offset
        name = _name_of(member)
        if not name:
            continue
        names.append(name)
        if member.isdir():
            _make_folder(folder / name)
        else:
            _write(tar, member, folder / name)
    _check_rest(source, end)
    if not any(not name.endswith("/") for name in names):
        raise _REFUSALS.damaged("it has no files")
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
    try:
        write_member(tar, member, path, _REFUSALS)
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        raise _clash(path, error) from None


def _clash(path: Path, error: OSError) -> Exception:
    if not isinstance(error, (FileExistsError, IsADirectoryError, NotADirectoryError)):
        return error
    return ArchiveError(
        f"The archive has two members for the place of {shown(path.name)}.",
        hint="Keep one of them and pack the folder again.",
    )


def _check_rest(source: BoundedStream, end: int) -> None:
    """After the members come only zeros: at least the first of the two blocks that mark the end."""
    source.seek(end)
    found = 0
    while content := source.read(LARGEST_READ):
        if content.strip(b"\0"):
            raise _REFUSALS.damaged("bytes follow its end")
        found += len(content)
    if found < _BLOCK:
        raise _REFUSALS.damaged("it ends too early")


def _check_manifest(folder: Path, names: list[str]) -> None:
    path = folder / layout.MANIFEST
    if not path.is_file():
        return
    if path.stat().st_size > _MAX_MANIFEST_BYTES:
        raise _REFUSALS.damaged("its manifest is too long")
    files = [name for name in names if not name.endswith("/") and name != layout.MANIFEST]
    manifest.check(manifest.parse(path.read_bytes()), {name: manifest.entry_of(folder / name) for name in files})
    path.unlink()
