"""Conda packs: links within the folder are kept, whatever leads out of it, or is no file, is refused."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ads.artifact.limits import Limits
from ads.artifact.pack_reader import extract_pack
from ads.errors import ArchiveError

Member = tuple[str, bytes, str, bytes]
FILE, LINK, SAME, FOLDER = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE


def pack(path: Path, *members: Member, mode: str = "w:gz") -> Path:
    """Write a pack of (name, kind, link, content)."""
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, kind, link, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, link, len(content)
            info.mode = 0o6775 if name.startswith("bin/") else 0o664
            tar.addfile(info, io.BytesIO(content))
    return path


GOOD: tuple[Member, ...] = (
    ("./", FOLDER, "", b""),
    ("./bin", FOLDER, "", b""),
    ("bin/python3.11", FILE, "", b"program"),
    ("bin/python", LINK, "python3.11", b""),
    ("lib/a/b.so.1", FILE, "", b"library"),
    ("lib/b.so", LINK, "a/../a/b.so.1", b""),
    ("share/again", SAME, "bin/python3.11", b""),
)


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz", "w"])
def test_a_pack_is_unpacked_with_its_links(tmp_path: Path, mode: str) -> None:
    target = tmp_path / "env"
    extract_pack(pack(tmp_path / "p", *GOOD, mode=mode), target)
    assert (target / "bin/python").readlink() == Path("python3.11")
    assert (target / "bin/python").read_bytes() == (target / "share/again").read_bytes() == b"program"
    assert (target / "lib/b.so").read_bytes() == b"library"
    assert (target / "bin/python").stat().st_mode & 0o7777 == 0o755
    assert (target / "lib/a/b.so.1").stat().st_mode & 0o7777 == 0o644


HOSTILE: dict[str, tuple[Member, ...]] = {
    "an absolute name": (("/etc/x", FILE, "", b"x"),),
    "a name that climbs": (("a/../../x", FILE, "", b"x"),),
    "a link to an absolute path": (("a", LINK, "/etc/passwd", b""),),
    "a link that climbs out": (("d/a", LINK, "../../x", b""),),
    "a link that climbs out through another link": (
        ("d/e/f", FILE, "", b"x"),
        ("top", LINK, "d/e", b""),
        ("d/e/up", LINK, "../..", b""),
        ("out", LINK, "d/e/up/../secret", b""),
    ),
    "a file through a link": (("d", LINK, ".", b""), ("d/x", FILE, "", b"x")),
    "a link over a file": (("x", FILE, "", b"x"), ("x", LINK, "y", b"")),
    "a file over a link": (("x", LINK, "y", b""), ("x", FILE, "", b"x")),
    "the same file as one outside": (("x", SAME, "../../etc/passwd", b""),),
    "the same file as a link": (("l", LINK, "m", b""), ("m", FILE, "", b"m"), ("x", SAME, "l", b"")),
    "the same file as one through a link": (
        ("d/m", FILE, "", b"m"),
        ("l", LINK, "d", b""),
        ("x", SAME, "l/m", b""),
    ),
    "a device": (("null", tarfile.CHRTYPE, "", b""),),
    "a pipe": (("pipe", tarfile.FIFOTYPE, "", b""),),
    "a loop": (("a", LINK, "b", b""), ("b", LINK, "../env/../..", b"")),
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE)
def test_what_leads_out_of_a_pack_is_refused(tmp_path: Path, members: tuple[Member, ...]) -> None:
    with pytest.raises(ArchiveError):
        extract_pack(pack(tmp_path / "p", *members), tmp_path / "env")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["env", "p"]


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def turned(data: bytes) -> bytes:
    return data[:40] + bytes([data[40] ^ 255]) + data[41:]


@pytest.mark.parametrize("damage", [cut, turned, lambda _data: b"", lambda _data: b"no tar at all" * 100])
def test_a_damaged_pack_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = pack(tmp_path / "p", ("a", FILE, "", os.urandom(100_000)))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ArchiveError):
        extract_pack(path, tmp_path / "env")


@pytest.mark.parametrize(
    "limits",
    [
        Limits(max_bytes=100_000),
        Limits(max_files=1),
        Limits(max_ratio=2, ratio_from=10),
    ],
)
def test_a_pack_that_is_too_large_is_refused(tmp_path: Path, limits: Limits) -> None:
    path = pack(tmp_path / "p", ("a", FILE, "", bytes(200_000)), ("b", FILE, "", b""))
    with pytest.raises(ArchiveError, match="too large"):
        extract_pack(path, tmp_path / "env", limits)
