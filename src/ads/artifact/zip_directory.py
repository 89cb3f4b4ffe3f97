"""The strict reader, first part: the archive's central directory, checked against everything else in the file.

Two readers must never see two different archives in the same bytes. So the directory drives, one end record lies at
the very end, and the members' data tiles the file from its first byte to the directory: nothing before, between,
behind or twice.
"""

from __future__ import annotations

import stat
import struct
from dataclasses import dataclass, replace
from typing import BinaryIO

from ads.artifact import zip_format as z
from ads.artifact.limits import Limits
from ads.artifact.member_names import check_name, check_together, shown
from ads.errors import ArchiveError

__all__ = ["Member", "damaged", "read_directory"]

_MAX_DIRECTORY_BYTES = 64 * 1024**2
_ALLOWED_FLAGS = z.FLAG_DEFLATE_HINT | z.FLAG_DESCRIPTOR | z.FLAG_UTF8
_UNIX = 3


@dataclass(frozen=True)
class Member:
    """One file or folder of an archive. ``start`` is where its packed data begins."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    offset: int
    executable: bool
    start: int = 0

    @property
    def is_folder(self) -> bool:
        """Whether this is a folder: its name ends with a slash."""
        return self.name.endswith("/")


def damaged(what: str) -> ArchiveError:
    """Return the error for bytes that break the format."""
    return ArchiveError(
        f"The archive is damaged or not a zip file: {what}.",
        hint="Pack the artifact folder again, and send the file in binary mode.",
    )


def read_directory(file: BinaryIO, limits: Limits) -> list[Member]:
    """Return the members of the archive in ``file``, in the order of their data.

    Raises :class:`~ads.errors.ArchiveError` when anything about them breaks a rule. Only headers are read, not data.
    """
    size = file.seek(0, 2)
    if size > limits.max_bytes:
        raise _too_large(f"it has {size:,} bytes, {limits.max_bytes:,} are allowed")
    count, directory_size, directory_start = _read_end(file, size)
    if count > limits.max_files:
        raise _too_large(f"it has {count:,} members, {limits.max_files:,} are allowed")
    if count == 0:
        raise damaged("it has no members")
    directory = _read_at(file, directory_start, directory_size)
    members = _parse_directory(directory, count)
    check_together(member.name for member in members)
    _check_sizes(members, limits)
    members.sort(key=lambda member: member.offset)
    return _place(file, members, directory_start)


def _read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    data = file.read(size)
    if len(data) != size:
        raise damaged("it ends too early")
    return data


def _read_end(file: BinaryIO, size: int) -> tuple[int, int, int]:
    """Return number of entries, size and offset of the directory, from the end record(s)."""
    if size < z.END.size:
        raise damaged("it is shorter than an empty archive")
    end_at = size - z.END.size
    signature, disk, directory_disk, here, count, length, start, comment = z.END.unpack(
        _read_at(file, end_at, z.END.size)
    )
    if signature != z.END_SIGNATURE or comment:
        raise damaged("its end record is not at the very end")
    wide = _read_end64(file, end_at)
    if wide is not None:
        end_at, wide_count, wide_length, wide_start = wide
        for narrow, value, top in ((count, wide_count, z.MAX16), (length, wide_length, z.MAX32)):
            if narrow not in (value, top):
                raise damaged("its two end records disagree")
        if start not in (wide_start, z.MAX32) or here not in (wide_count, z.MAX16):
            raise damaged("its two end records disagree")
        here, count, length, start = wide_count, wide_count, wide_length, wide_start
    if disk not in (0, z.MAX16) or directory_disk not in (0, z.MAX16) or here != count:
        raise damaged("it is one part of several")
    if wide is None and (disk or directory_disk):
        raise damaged("it is one part of several")
    if start + length != end_at or length > _MAX_DIRECTORY_BYTES:
        raise damaged("its directory is not where the end record says")
    return count, length, start


def _read_end64(file: BinaryIO, end_at: int) -> tuple[int, int, int, int] | None:
    """Return offset of the zip64 end record, number of entries, size and offset of the directory, if there is one."""
    locator_at = end_at - z.END64_LOCATOR.size
    if locator_at < 0:
        return None
    signature, disk, record_at, disks = z.END64_LOCATOR.unpack(_read_at(file, locator_at, z.END64_LOCATOR.size))
    if signature != z.END64_LOCATOR_SIGNATURE:
        return None
    if disk or disks != 1:
        raise damaged("it is one part of several")
    if record_at != locator_at - z.END64.size:
        raise damaged("its zip64 end record is not where the locator says")
    signature, rest, _, _, disk, directory_disk, here, count, length, start = z.END64.unpack(
        _read_at(file, record_at, z.END64.size)
    )
    if signature != z.END64_SIGNATURE or rest != z.END64.size - 12 or disk or directory_disk or here != count:
        raise damaged("its zip64 end record is broken")
    return record_at, count, length, start


def _parse_directory(directory: bytes, count: int) -> list[Member]:
    members: list[Member] = []
    position = 0
    while position < len(directory) and len(members) <= count:
        member, position = _parse_entry(directory, position)
        members.append(member)
    if len(members) != count:
        raise damaged(
            f"its end record counts {count} members, its directory has {'more' if len(members) > count else 'fewer'}"
        )
    return members


def _parse_entry(directory: bytes, position: int) -> tuple[Member, int]:
    try:
        fields = z.CENTRAL.unpack_from(directory, position)
    except struct.error:
        raise damaged("its directory ends in the middle of an entry") from None
    signature, made_by, _, flags, method, _, _, crc, packed, size = fields[:10]
    name_length, extra_length, comment_length, disk, _, external, offset = fields[10:]
    name_end = position + z.CENTRAL.size + name_length
    extra_end = name_end + extra_length
    end = extra_end + comment_length
    if signature != z.CENTRAL_SIGNATURE or end > len(directory):
        raise damaged("its directory is broken")
    raw_name = directory[name_end - name_length : name_end]
    # Info-ZIP on Unix leaves UTF-8 names unmarked in some locales; elsewhere unmarked names may have any encoding.
    name = _decode_name(raw_name, utf8=bool(flags & z.FLAG_UTF8) or made_by >> 8 == _UNIX)
    check_name(name)
    extras = _parse_extras(directory[name_end:extra_end], name)
    size, packed, offset, disk = _widen(extras, name, (size, packed, offset, disk))
    if disk:
        raise damaged("it is one part of several")
    _check_unicode_path(extras, name)
    member = Member(
        name=name,
        raw_name=raw_name,
        flags=flags,
        method=method,
        crc=crc,
        packed_size=packed,
        size=size,
        offset=offset,
        executable=made_by >> 8 == _UNIX and bool((external >> 16) & stat.S_IXUSR),
    )
    _check_kind(member, external)
    return member, end


def _decode_name(raw: bytes, *, utf8: bool) -> str:
    try:
        return raw.decode("utf-8" if utf8 else "ascii")
    except UnicodeDecodeError:
        raise ArchiveError(
            f"The archive's member {ascii(raw)[1:82]} has a name that is not UTF-8, or not marked as UTF-8.",
            hint="Pack the artifact folder again with a tool that writes UTF-8 names.",
        ) from None


def _parse_extras(extra: bytes, name: str) -> dict[int, bytes]:
    extras: dict[int, bytes] = {}
    position = 0
    while position < len(extra):
        if position + 4 > len(extra):
            raise damaged(f"an extra field of {shown(name)} is cut off")
        kind, length = struct.unpack_from("<HH", extra, position)
        content = extra[position + 4 : position + 4 + length]
        if len(content) != length or kind in extras:
            raise damaged(f"an extra field of {shown(name)} is cut off or there twice")
        extras[kind] = content
        position += 4 + length
    return extras


def _widen(extras: dict[int, bytes], name: str, values: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Return size, packed size, offset and disk with the zip64 values put in where the short fields are full."""
    content = extras.get(z.ZIP64_EXTRA, b"")
    result = list(values)
    position = 0
    for index, (width, full) in enumerate(((8, z.MAX32), (8, z.MAX32), (8, z.MAX32), (4, z.MAX16))):
        if result[index] != full:
            continue
        piece = content[position : position + width]
        if len(piece) != width:
            raise damaged(f"the zip64 sizes of {shown(name)} are missing or cut off")
        result[index] = int.from_bytes(piece, "little")
        position += width
    if position != len(content):
        raise damaged(f"the zip64 sizes of {shown(name)} don't fit its entry")
    return result[0], result[1], result[2], result[3]


def _check_unicode_path(extras: dict[int, bytes], name: str) -> None:
    """Refuse a second name that some readers would prefer to the first."""
    content = extras.get(z.UNICODE_PATH_EXTRA)
    if content is not None and content[5:] != name.encode():
        raise damaged(f"{shown(name)} has a second, different name")


def _check_kind(member: Member, external: int) -> None:
    label = shown(member.name)
    if member.flags & ~_ALLOWED_FLAGS:
        raise ArchiveError(
            f"The archive's member {label} is encrypted or uses a feature that isn't allowed.",
            hint="Pack the artifact folder again without encryption.",
        )
    if member.method not in (z.STORED, z.DEFLATED):
        raise ArchiveError(
            f"The archive's member {label} is packed with method {member.method}.",
            hint="Use the methods stored or deflated.",
        )
    kind = stat.S_IFMT(external >> 16)
    wanted = (0, stat.S_IFDIR) if member.is_folder else (0, stat.S_IFREG)
    if kind not in wanted or (external & 0x10 and not member.is_folder):
        raise ArchiveError(
            f"The archive's member {label} is neither a regular file nor a folder.",
            hint="Replace links and special files by regular files.",
        )
    if member.is_folder and (member.size or member.crc):
        raise damaged(f"the folder {label} has content")
    if member.method == z.STORED and member.size != member.packed_size:
        raise damaged(f"the sizes of {label} disagree")


def _check_sizes(members: list[Member], limits: Limits) -> None:
    total = sum(member.size for member in members)
    packed = sum(member.packed_size for member in members)
    if total > limits.max_bytes:
        raise _too_large(f"it holds {total:,} bytes, {limits.max_bytes:,} are allowed")
    if total > limits.ratio_from and total > packed * limits.max_ratio:
        raise _too_large(f"it expands to more than {limits.max_ratio} times its size")


def _too_large(what: str) -> ArchiveError:
    return ArchiveError(f"The archive is too large: {what}.", hint="Leave out what the model doesn't need.")


def _place(file: BinaryIO, members: list[Member], directory_start: int) -> list[Member]:
    """Return the members with ``start`` filled in. Their local headers must agree and leave no byte unexplained."""
    placed: list[Member] = []
    expected = 0
    ends = [member.offset for member in members[1:]] + [directory_start]
    for member, end in zip(members, ends, strict=True):
        if member.offset != expected or member.offset + member.packed_size > directory_start:
            raise damaged(f"{shown(member.name)} overlaps another member, or hidden bytes lie before it")
        start = _check_local(file, member)
        gap = end - start - member.packed_size
        _check_descriptor(file, member, start + member.packed_size, gap)
        placed.append(replace(member, start=start))
        expected = end
    return placed


def _check_local(file: BinaryIO, member: Member) -> int:
    """Return where the member's data starts."""
    fields = z.LOCAL.unpack(_read_at(file, member.offset, z.LOCAL.size))
    signature, _, flags, method, _, _, crc, packed, size, name_length, extra_length = fields
    label = shown(member.name)
    if signature != z.LOCAL_SIGNATURE:
        raise damaged(f"{label} has no local header")
    tail = _read_at(file, member.offset + z.LOCAL.size, name_length + extra_length)
    if tail[:name_length] != member.raw_name or flags != member.flags or method != member.method:
        raise damaged(f"the two headers of {label} disagree")
    extras = _parse_extras(tail[name_length:], member.name)
    _check_unicode_path(extras, member.name)
    wide = extras.get(z.ZIP64_EXTRA)
    if wide is not None:
        # In local headers the extra always has both sizes, the real one first.
        if len(wide) != 16:
            raise damaged(f"the zip64 sizes of {label} are cut off")
        size = int.from_bytes(wide[:8], "little") if size == z.MAX32 else size
        packed = int.from_bytes(wide[8:], "little") if packed == z.MAX32 else packed
    found = (crc, packed, size)
    known = (member.crc, member.packed_size, member.size)
    later = bool(flags & z.FLAG_DESCRIPTOR)
    if any(mine != theirs and not (later and mine == 0) for mine, theirs in zip(found, known, strict=True)):
        raise damaged(f"the two headers of {label} disagree")
    return member.offset + z.LOCAL.size + len(tail)


def _check_descriptor(file: BinaryIO, member: Member, offset: int, gap: int) -> None:
    """Whatever lies between a member's data and what follows must be its data descriptor."""
    if not member.flags & z.FLAG_DESCRIPTOR:
        if gap:
            raise damaged(f"{shown(member.name)} overlaps another member, or hidden bytes lie behind it")
        return
    layout = {12: "<LLL", 16: "<LLL", 20: "<LQQ", 24: "<LQQ"}.get(gap)
    if layout is None:
        raise damaged(f"{shown(member.name)} overlaps another member, or its data descriptor is missing")
    content = _read_at(file, offset, gap)
    if gap in (16, 24):
        if content[:4] != z.DESCRIPTOR_SIGNATURE:
            raise damaged(f"the data descriptor of {shown(member.name)} is broken")
        content = content[4:]
    if struct.unpack(layout, content) != (member.crc, member.packed_size, member.size):
        raise damaged(f"the data descriptor of {shown(member.name)} disagrees with the directory")
