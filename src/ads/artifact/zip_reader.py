"""The strict reader, second part: the members' data, counted and checked while it is read.

Nothing but :class:`~ads.errors.ArchiveError` is raised for a damaged archive. ``OSError`` is left for what it means:
a file that can't be opened, a disk that is full.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ads.artifact import layout, manifest
from ads.artifact import zip_format as z
from ads.artifact.fresh_folder import fresh_folder
from ads.artifact.limits import DEFAULT_LIMITS, Limits
from ads.artifact.member_names import shown
from ads.artifact.stored_members import StoredMember
from ads.artifact.zip_directory import Member, damaged, read_directory
from ads.errors import ArchiveError

__all__ = ["ArchiveInfo", "check_zip", "extract_entries", "extract_zip", "read_member", "verify_zip"]

_CHUNK = 1024**2
_MAX_MANIFEST_BYTES = 32 * 1024**2


@dataclass(frozen=True)
class ArchiveInfo:
    """An archive as a whole. ``size`` is in bytes; ``files`` are the paths in it, sorted, without manifest."""

    sha256: str
    size: int
    files: tuple[str, ...]


def check_zip(archive: Path | str, limits: Limits = DEFAULT_LIMITS) -> ArchiveInfo:
    """Read the whole archive and return what it is.

    Raises :class:`~ads.errors.ArchiveError` when it breaks a rule, and its manifest, if it has one, must hold
    (:class:`~ads.errors.ManifestError`).
    """
    files = verify_zip(archive, limits)
    whole, size = hashlib.sha256(), 0
    with Path(archive).open("rb") as file:
        while chunk := file.read(_CHUNK):
            whole.update(chunk)
            size += len(chunk)
    return ArchiveInfo(whole.hexdigest(), size, files)


def verify_zip(
    archive: Path | str, limits: Limits = DEFAULT_LIMITS, known: Mapping[int, StoredMember] | None = None
) -> tuple[str, ...]:
    """Check the archive as :func:`check_zip` does, without hashing it as a whole; return the files in it.

    ``known``: what is known of members' bytes already, by where they begin; those are not read again.
    """
    with Path(archive).open("rb") as file:
        members = read_directory(file, limits)
        found = {}
        for member in members:
            sha256 = _known_digest(member, known or {}) or _digest(file, member)
            if not member.is_folder:
                found[member.name] = manifest.FileEntry(sha256, member.size)
        _check_manifest(file, members, found)
    return _names(members)


def read_member(
    archive: Path | str, name: str, limits: Limits = DEFAULT_LIMITS, *, max_bytes: int = 4 * 1024**2
) -> bytes | None:
    """Return the content of one file of the archive, ``None`` when it isn't there.

    Raises :class:`~ads.errors.ArchiveError` when the archive breaks a rule or the file is longer than ``max_bytes``.
    """
    with Path(archive).open("rb") as file:
        for member in read_directory(file, limits):
            if member.name == name:
                return _read_small(file, member, max_bytes)
    return None


def extract_zip(
    archive: Path | str, target: Path | str, limits: Limits = DEFAULT_LIMITS, *, replace: bool = False
) -> list[str]:
    """Unpack the archive into the new folder ``target``; return the files in it, sorted.

    Everything goes to a fresh folder next to ``target`` first and is renamed at the end, so ``target`` is never there
    in part. An existing folder that isn't empty is refused, unless ``replace`` is true: then it is exchanged as a
    whole. Files get mode 644 (755 when they are executable). The manifest is checked and left out: it would be out of
    date with the first change. Raises :class:`~ads.errors.ArchiveError`, :class:`~ads.errors.ManifestError`.
    """
    return sorted(extract_entries(archive, target, limits, replace=replace))


def extract_entries(
    archive: Path | str, target: Path | str, limits: Limits = DEFAULT_LIMITS, *, replace: bool = False
) -> dict[str, manifest.FileEntry]:
    """Unpack as :func:`extract_zip` does; return size and hash of each file as they were in the archive."""
    with Path(archive).open("rb") as file:
        members = read_directory(file, limits)
        with fresh_folder(Path(target), replace=replace) as fresh:
            found = {member.name: _extract(file, member, fresh) for member in members if not member.is_folder}
            for member in members:
                if member.is_folder:
                    _extract_folder(file, member, fresh)
            _check_manifest(file, members, found)
            (fresh / layout.MANIFEST).unlink(missing_ok=True)
    found.pop(layout.MANIFEST, None)
    return found


def _names(members: list[Member]) -> tuple[str, ...]:
    return tuple(sorted(m.name for m in members if not m.is_folder and m.name != layout.MANIFEST))


def _known_digest(member: Member, known: Mapping[int, StoredMember]) -> str:
    """Return the digest of the member's bytes where they are known, empty where they aren't."""
    found = known.get(member.start)
    if found is None or member.method != z.STORED or found.size != member.size:
        return ""
    if found.crc != member.crc:
        raise damaged(f"the checksum of {shown(member.name)} is wrong")
    return found.sha256


def _digest(file: BinaryIO, member: Member) -> str:
    digest = hashlib.sha256()
    for chunk in _data(file, member):
        digest.update(chunk)
    return digest.hexdigest()


def _data(file: BinaryIO, member: Member) -> Iterator[bytes]:
    """Yield the member's content; raise when its size or CRC differ from what the directory says."""
    size = crc = 0
    for chunk in _expanded(file, member):
        size += len(chunk)
        if size > member.size:
            raise damaged(f"{shown(member.name)} holds more than the {member.size:,} bytes it declares")
        crc = zlib.crc32(chunk, crc)
        yield chunk
    if size != member.size:
        raise damaged(f"{shown(member.name)} holds {size:,} bytes, it declares {member.size:,}")
    if crc != member.crc:
        raise damaged(f"the checksum of {shown(member.name)} is wrong")


def _expanded(file: BinaryIO, member: Member) -> Iterator[bytes]:
    packed = _packed(file, member)
    if member.method == z.STORED:
        yield from packed
        return
    inflater = zlib.decompressobj(-15)
    try:
        for chunk in packed:
            if inflater.eof:
                raise damaged(f"bytes follow the data of {shown(member.name)}")
            yield inflater.decompress(chunk, _CHUNK)
            while inflater.unconsumed_tail:
                yield inflater.decompress(inflater.unconsumed_tail, _CHUNK)
        while not inflater.eof:
            rest = inflater.decompress(b"", _CHUNK)
            if not rest:
                break
            yield rest
    except zlib.error as error:
        raise damaged(f"{shown(member.name)} can't be expanded ({error})") from None
    if not inflater.eof or inflater.unused_data:
        raise damaged(f"the data of {shown(member.name)} doesn't end where it should")


def _packed(file: BinaryIO, member: Member) -> Iterator[bytes]:
    position, left = member.start, member.packed_size
    while left:
        file.seek(position)
        chunk = file.read(min(left, _CHUNK))
        if not chunk:
            raise damaged("it ends too early")
        yield chunk
        position += len(chunk)
        left -= len(chunk)


def _read_small(file: BinaryIO, member: Member, max_bytes: int) -> bytes:
    if member.size > max_bytes:
        raise ArchiveError(
            f"{shown(member.name)} in the archive has {member.size:,} bytes, {max_bytes:,} are allowed.",
            hint="Shorten the file.",
        )
    return b"".join(_data(file, member))


def _check_manifest(file: BinaryIO, members: list[Member], found: dict[str, manifest.FileEntry]) -> None:
    stated = next((member for member in members if member.name == layout.MANIFEST), None)
    if stated is not None:
        others = {name: entry for name, entry in found.items() if name != layout.MANIFEST}
        manifest.check(manifest.parse(_read_small(file, stated, _MAX_MANIFEST_BYTES)), others)


def _extract(file: BinaryIO, member: Member, folder: Path) -> manifest.FileEntry:
    path = folder / member.name
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(descriptor, "wb") as out:
        for chunk in _data(file, member):
            digest.update(chunk)
            out.write(chunk)
        os.fchmod(out.fileno(), 0o755 if member.executable else 0o644)
    return manifest.FileEntry(digest.hexdigest(), member.size)


def _extract_folder(file: BinaryIO, member: Member, folder: Path) -> None:
    for _ in _data(file, member):
        pass
    (folder / member.name).mkdir(mode=0o755, parents=True, exist_ok=True)
