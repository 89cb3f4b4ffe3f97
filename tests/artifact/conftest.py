"""Archives built byte by byte: what no well-behaved tool would write."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class Raw:
    """One member. Fields left None are what they should be."""

    name: bytes = b"score.py"
    data: bytes = b"x = 1\n"
    method: int = 0
    flags: int = 0
    crc: int | None = None
    size: int | None = None
    packed: bytes | None = None
    packed_size: int | None = None
    mode: int = 0o100644
    made_by: int = 3
    external: int | None = None
    disk: int = 0
    extra: bytes = b""
    local_extra: bytes = b""
    local_name: bytes | None = None
    local_flags: int | None = None
    local_method: int | None = None
    offset: int | None = None
    descriptor: bytes = b""
    in_directory: bool = True
    has_local: bool = True

    def content(self) -> bytes:
        if self.packed is not None:
            return self.packed
        if self.method != 8:
            return self.data
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(self.data) + packer.flush()


def _build(
    members: Sequence[Raw],
    *,
    prefix: bytes = b"",
    before_directory: bytes = b"",
    comment: bytes = b"",
    count: int | None = None,
    disk: int = 0,
    shift: int = 0,
    end64: bytes = b"",
) -> bytes:
    body = bytearray(prefix)
    directory = bytearray()
    for m in members:
        content = m.content()
        crc = zlib.crc32(m.data) if m.crc is None else m.crc
        size = len(m.data) if m.size is None else m.size
        packed_size = len(content) if m.packed_size is None else m.packed_size
        offset = len(body) if m.offset is None else m.offset
        if m.has_local:
            name = m.name if m.local_name is None else m.local_name
            flags = m.flags if m.local_flags is None else m.local_flags
            method = m.method if m.local_method is None else m.local_method
            later = bool(m.descriptor)
            sizes = (0, 0, 0) if later else (crc, packed_size, size)
            body += struct.pack(
                "<4sHHHHHLLLHH", b"PK\3\4", 20, flags, method, 0, 33, *sizes, len(name), len(m.local_extra)
            )
            body += name + m.local_extra + content + m.descriptor
        if m.in_directory:
            external = m.mode << 16 if m.external is None else m.external
            directory += struct.pack(
                "<4sHHHHHHLLLHHHHHLL",
                b"PK\1\2",
                m.made_by << 8 | 20,
                20,
                m.flags,
                m.method,
                0,
                33,
                crc,
                packed_size,
                size,
                len(m.name),
                len(m.extra),
                0,
                m.disk,
                0,
                external,
                offset,
            )
            directory += m.name + m.extra
    body += before_directory
    entries = sum(m.in_directory for m in members) if count is None else count
    start = len(body) + shift
    tail = end64 or b""
    end = struct.pack("<4sHHHHLLH", b"PK\5\6", disk, disk, entries, entries, len(directory), start, len(comment))
    return bytes(body + directory) + tail + end + comment


@pytest.fixture
def build() -> Callable[..., bytes]:
    """Return the function that makes an archive of :class:`Raw` members."""
    return _build


@pytest.fixture
def raw() -> type[Raw]:
    """Return the class of members for ``build``."""
    return Raw


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """Return a small artifact folder."""
    folder = tmp_path / "artifact"
    (folder / "lib").mkdir(parents=True)
    (folder / "score.py").write_text(
        "def load_model():\n    return 1\n\n\ndef predict(data, model=load_model()):\n    return data\n"
    )
    (folder / "runtime.yaml").write_text("\nMODEL_ARTIFACT_VERSION: '3.0'\n")
    (folder / "model.joblib").write_bytes(bytes(range(256)) * 40)
    (folder / "lib" / "größe.txt").write_text("ü" * 100)
    return folder
