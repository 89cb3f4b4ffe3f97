"""The byte layout of zip files: signatures, records, the fields that we use."""

from __future__ import annotations

import struct
from typing import Final

__all__ = [
    "CENTRAL",
    "CENTRAL_SIGNATURE",
    "DEFLATED",
    "DESCRIPTOR_SIGNATURE",
    "END",
    "END64",
    "END64_LOCATOR",
    "END64_LOCATOR_SIGNATURE",
    "END64_SIGNATURE",
    "END_SIGNATURE",
    "FLAG_DEFLATE_HINT",
    "FLAG_DESCRIPTOR",
    "FLAG_UTF8",
    "LOCAL",
    "LOCAL_SIGNATURE",
    "MAX16",
    "MAX32",
    "STORED",
    "UNICODE_PATH_EXTRA",
    "ZIP64_EXTRA",
]

LOCAL_SIGNATURE: Final = b"PK\x03\x04"
CENTRAL_SIGNATURE: Final = b"PK\x01\x02"
DESCRIPTOR_SIGNATURE: Final = b"PK\x07\x08"
END_SIGNATURE: Final = b"PK\x05\x06"
END64_SIGNATURE: Final = b"PK\x06\x06"
END64_LOCATOR_SIGNATURE: Final = b"PK\x06\x07"

LOCAL: Final = struct.Struct("<4sHHHHHLLLHH")
"""signature, version needed, flags, method, time, date, crc, packed size, size, name length, extra length"""
CENTRAL: Final = struct.Struct("<4sHHHHHHLLLHHHHHLL")
"""signature, made by, version needed, flags, method, time, date, crc, packed size, size, name length, extra length,
comment length, disk, internal attributes, external attributes, offset"""
END: Final = struct.Struct("<4sHHHHLLH")
"""signature, disk, disk of directory, entries here, entries, directory size, directory offset, comment length"""
END64: Final = struct.Struct("<4sQHHLLQQQQ")
"""signature, size of the rest, made by, version needed, disk, disk of directory, entries here, entries, directory
size, directory offset"""
END64_LOCATOR: Final = struct.Struct("<4sLQL")
"""signature, disk of the record, its offset, number of disks"""

STORED: Final = 0
DEFLATED: Final = 8

FLAG_DEFLATE_HINT: Final = 0x0006
FLAG_DESCRIPTOR: Final = 0x0008
FLAG_UTF8: Final = 0x0800

ZIP64_EXTRA: Final = 0x0001
UNICODE_PATH_EXTRA: Final = 0x7075

MAX16: Final = 0xFFFF
MAX32: Final = 0xFFFFFFFF
