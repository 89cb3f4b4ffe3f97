"""Making the archive: the same content gives the same bytes, in constant memory, at any size."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ads.artifact import layout, manifest
from ads.artifact import zip_format as z
from ads.artifact.limits import DEFAULT_LIMITS
from ads.artifact.member_names import check_name, check_together
from ads.artifact.zip_reader import ArchiveInfo
from ads.errors import ArtifactError

__all__ = ["write_zip"]

_CHUNK = 1024**2
_TRIAL = 16 * 1024
_TRIALS = 8
_LEVEL = 6
_DATE = (1 << 5) | 1
"""1 January 1980, the first day that zip files know."""
_MADE_BY = (3 << 8) | 45
_MAX_RATIO = DEFAULT_LIMITS.max_ratio // 2
"""What packs better than this is stored: readers take such files for bombs."""

Progress = Callable[[int], None]


@dataclass(frozen=True)
class _Written:
    name: bytes
    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    offset: int
    mode: int


def write_zip(
    folder: Path | str, target: Path | str, *, keep: Iterable[str] = (), progress: Progress | None = None
) -> ArchiveInfo:
    """Pack the artifact in ``folder`` into the file ``target`` and return what was written.

    Names, order, time stamps, modes and compression depend on nothing but the content, so the same content gives the
    same bytes. A manifest is added. ``keep`` names files that no ignore rule may leave out; ``progress`` is called with
    the number of bytes read since its last call. ``target`` is only there once it is complete.

    Raises :class:`~ads.errors.ArtifactError` when there is nothing to pack, a name can't be in an archive, or a file
    changes while it is read.
    """
    folder, target = Path(folder), Path(target)
    names = layout.list_files(folder, keep)
    if not names:
        raise ArtifactError(f"There is no file to pack in {folder}.", hint="Call prepare() first.")
    for name in names:
        check_name(name)
    check_together([*names, layout.MANIFEST])
    temporary = target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with temporary.open("w+b") as out:
            _write(folder, names, out, progress or (lambda _: None))
            out.flush()
            sha256, size = _hash(out)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return ArchiveInfo(sha256, size, tuple(names))


def _write(folder: Path, names: list[str], out: BinaryIO, progress: Progress) -> None:
    written: list[_Written] = []
    entries: dict[str, manifest.FileEntry] = {}
    for name in names:
        with (folder / name).open("rb") as source:
            status = os.fstat(source.fileno())
            mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
            member, sha256 = _write_member(out, name, source, status.st_size, mode, progress)
        written.append(member)
        entries[name] = manifest.FileEntry(sha256, member.size)
    content = manifest.text(entries)
    member, _ = _write_member(out, layout.MANIFEST, io.BytesIO(content), len(content), 0o644, lambda _: None)
    written.append(member)
    _write_directory(out, written)


def _write_member(
    out: BinaryIO, name: str, source: BinaryIO, size: int, mode: int, progress: Progress
) -> tuple[_Written, str]:
    raw_name = name.encode()
    flags = 0 if name.isascii() else z.FLAG_UTF8
    offset = out.tell()
    wide = size >= z.MAX32 // 2  # leaves room for data that grows when it is packed
    header_size = z.LOCAL.size + len(raw_name) + (20 if wide else 0)
    method = z.DEFLATED if _packs_well(source, size) else z.STORED
    out.seek(offset + header_size)
    crc, packed, read, sha256 = _copy(source, out, method, progress)
    if method == z.DEFLATED and (read > packed * _MAX_RATIO or packed >= read):
        method = z.STORED
        source.seek(0)
        out.seek(offset + header_size)
        out.truncate()
        crc, packed, read, sha256 = _copy(source, out, method, lambda _: None)
    if read != size:
        raise ArtifactError(
            f"{name} changed while it was packed: it had {size:,} bytes, {read:,} were read.",
            hint="Wait until the file is complete and try again.",
        )
    end = out.tell()
    member = _Written(raw_name, flags, method, crc, packed, read, offset, mode)
    out.seek(offset)
    out.write(_local_header(member, wide=wide))
    out.seek(end)
    return member, sha256


def _packs_well(source: BinaryIO, size: int) -> bool:
    """Say whether samples from all over the file shrink by a seventh; dense files (weights, images) aren't worth it."""
    packed = read = 0
    last = max(size - _TRIAL, 0)
    for position in sorted({last * number // (_TRIALS - 1) for number in range(_TRIALS)}):
        source.seek(position)
        sample = source.read(_TRIAL)
        packed += len(zlib.compress(sample, 1))
        read += len(sample)
    source.seek(0)
    return packed < read * 0.85


def _copy(source: BinaryIO, out: BinaryIO, method: int, progress: Progress) -> tuple[int, int, int, str]:
    """Return CRC, packed size, size and SHA-256 of what was copied."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15, 8) if method == z.DEFLATED else None
    digest = hashlib.sha256()
    crc = packed = size = 0
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        crc = zlib.crc32(chunk, crc)
        size += len(chunk)
        packed += out.write(packer.compress(chunk) if packer else chunk)
        progress(len(chunk))
    if packer:
        packed += out.write(packer.flush())
    return crc, packed, size, digest.hexdigest()


def _local_header(member: _Written, *, wide: bool) -> bytes:
    sizes = (z.MAX32, z.MAX32) if wide else (member.packed_size, member.size)
    extra = _zip64_extra(member.size, member.packed_size) if wide else b""
    return (
        z.LOCAL.pack(
            z.LOCAL_SIGNATURE,
            45 if wide else 20,
            member.flags,
            member.method,
            0,
            _DATE,
            member.crc,
            *sizes,
            len(member.name),
            len(extra),
        )
        + member.name
        + extra
    )


def _zip64_extra(*values: int) -> bytes:
    content = b"".join(value.to_bytes(8, "little") for value in values)
    return z.ZIP64_EXTRA.to_bytes(2, "little") + len(content).to_bytes(2, "little") + content


def _write_directory(out: BinaryIO, members: list[_Written]) -> None:
    start = out.tell()
    out.writelines(_central_header(member) for member in members)
    end = out.tell()
    size = end - start
    if len(members) >= z.MAX16 or start >= z.MAX32 or size >= z.MAX32:
        out.write(
            z.END64.pack(
                z.END64_SIGNATURE, z.END64.size - 12, _MADE_BY, 45, 0, 0, len(members), len(members), size, start
            )
        )
        out.write(z.END64_LOCATOR.pack(z.END64_LOCATOR_SIGNATURE, 0, end, 1))
    count = min(len(members), z.MAX16)
    out.write(z.END.pack(z.END_SIGNATURE, 0, 0, count, count, min(size, z.MAX32), min(start, z.MAX32), 0))


def _central_header(member: _Written) -> bytes:
    fields = (member.size, member.packed_size, member.offset)
    extra = _zip64_extra(*(value for value in fields if value >= z.MAX32))
    if len(extra) == 4:
        extra = b""
    size, packed, offset = (min(value, z.MAX32) for value in fields)
    return (
        z.CENTRAL.pack(
            z.CENTRAL_SIGNATURE,
            _MADE_BY,
            45 if extra else 20,
            member.flags,
            member.method,
            0,
            _DATE,
            member.crc,
            packed,
            size,
            len(member.name),
            len(extra),
            0,
            0,
            0,
            (stat.S_IFREG | member.mode) << 16,
            offset,
        )
        + member.name
        + extra
    )


def _hash(out: BinaryIO) -> tuple[str, int]:
    """Hash the finished archive: its headers were filled in after the data, so it can't be hashed on the way."""
    digest = hashlib.sha256()
    size = out.seek(0)
    while chunk := out.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size
