"""Digests of an archive's large members that are stored as they are, taken while the archive comes in.

Only a saving: the strict reader decides what the members are, and takes a digest from here where it would otherwise
read the very same bytes again.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass

from ads.artifact import zip_format as z

__all__ = ["LEAST_SIZE", "StoredMember", "StoredMembers"]

LEAST_SIZE = 1024 * 1024
"""Bytes of the smallest member that is worth it."""

_LONGEST_HEADER = z.LOCAL.size + 2 * z.MAX16


@dataclass(frozen=True)
class StoredMember:
    """What the bytes of a member are: how many, their CRC-32, their SHA-256 in hexadecimal."""

    size: int
    crc: int
    sha256: str


class StoredMembers:
    """Follows the local headers of an archive from its first byte. ``found``: the members by where their data begins.

    It stops where a header doesn't say how long its member is, and where the directory begins.
    """

    def __init__(self) -> None:
        self.found: dict[int, StoredMember] = {}
        self._position = 0
        self._header = b""
        self._left = 0
        self._digest = hashlib.sha256()
        self._crc = 0
        self._size = 0
        self._hashing = False
        self._over = False

    def copy(self) -> StoredMembers:
        """Return one that goes on from here by itself."""
        other = StoredMembers()
        other.__dict__.update(self.__dict__)
        other.found = dict(self.found)
        other._digest = self._digest.copy()
        return other

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes of the archive."""
        rest = memoryview(data)
        while rest and not self._over:
            count = self._take(rest[: self._left]) if self._left else self._read_header(rest)
            rest = rest[count:]

    def _take(self, data: memoryview) -> int:
        if self._hashing:
            self._digest.update(data)
            self._crc = zlib.crc32(data, self._crc)
        self._position += len(data)
        self._left -= len(data)
        if self._hashing and not self._left:
            member = StoredMember(self._size, self._crc, self._digest.hexdigest())
            self.found[self._position - self._size] = member
        return len(data)

    def _read_header(self, data: memoryview) -> int:
        """Read on in a local header; return how many bytes belong to it."""
        before = len(self._header)
        header = self._header + bytes(data[: _LONGEST_HEADER - before])
        length = z.LOCAL.size
        if len(header) >= length:
            fields = z.LOCAL.unpack_from(header)
            length += fields[9] + fields[10]
            if fields[0] != z.LOCAL_SIGNATURE or fields[2] & z.FLAG_DESCRIPTOR:
                self._over = True
                return len(data)
        if len(header) < length:
            self._header = header
            self._position += len(header) - before
            return len(header) - before
        self._position += length - before
        self._header = b""
        self._begin(header[:length])
        return length - before

    def _begin(self, header: bytes) -> None:
        fields = z.LOCAL.unpack_from(header)
        method, packed, size, name_length = fields[3], fields[7], fields[8], fields[9]
        if z.MAX32 in (packed, size):
            packed, size = _wide(header[z.LOCAL.size + name_length :], packed, size)
        self._hashing = method == z.STORED and packed == size >= LEAST_SIZE
        self._left = self._size = packed
        self._over = packed == z.MAX32
        if self._hashing:
            self._digest, self._crc = hashlib.sha256(), 0


def _wide(extra: bytes, packed: int, size: int) -> tuple[int, int]:
    """Return both sizes from the zip64 field, unchanged where there is none."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = int.from_bytes(extra[position : position + 2], "little"), extra[position + 2 : position + 4]
        end = position + 4 + int.from_bytes(length, "little")
        if kind == z.ZIP64_EXTRA and end - position == 20:
            size = int.from_bytes(extra[position + 4 : position + 12], "little") if size == z.MAX32 else size
            packed = int.from_bytes(extra[position + 12 : end], "little") if packed == z.MAX32 else packed
        position = end
    return packed, size
