"""Members' digests taken from a stream are those of the file, however the stream is cut."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
import zlib
from pathlib import Path

import pytest

from ads.artifact.archive import write_zip
from ads.artifact.stored_members import LEAST_SIZE, StoredMember, StoredMembers
from ads.artifact.zip_reader import verify_zip
from ads.errors import ArchiveError, ManifestError

LARGE = os.urandom(2 * LEAST_SIZE + 7)


def described(content: bytes) -> StoredMember:
    return StoredMember(len(content), zlib.crc32(content), hashlib.sha256(content).hexdigest())


def make(*, wide: bool = False, compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as target:
        target.writestr("small.txt", b"a" * 100)
        with target.open("large.bin", "w", force_zip64=wide) as file:
            file.write(LARGE)
        target.writestr("folder/", b"")
        target.writestr("last.bin", LARGE[1:])
    return buffer.getvalue()


@pytest.mark.parametrize("size", [1, 29, 4096, LEAST_SIZE - 1, 1 << 30])
@pytest.mark.parametrize("wide", [False, True])
def test_large_stored_members_are_found(size: int, wide: bool) -> None:
    archive = make(wide=wide)
    members = StoredMembers()
    step = max(size, 1)
    head = archive[: 4096 if size == 1 else len(archive)]
    for position in range(0, len(head), step):
        members.update(head[position : position + step])
    members.update(archive[len(head) :])
    assert sorted(members.found.values(), key=lambda member: -member.size) == [described(LARGE), described(LARGE[1:])]


def test_a_copy_goes_on_by_itself() -> None:
    archive = make()
    members = StoredMembers()
    members.update(archive[:LEAST_SIZE])
    other = members.copy()
    members.update(b"x" * len(archive))
    other.update(archive[LEAST_SIZE:])
    assert described(LARGE) in other.found.values()
    assert described(LARGE) not in members.found.values()


@pytest.mark.parametrize("archive", [make(compression=zipfile.ZIP_DEFLATED), b"", b"PK", os.urandom(3 * LEAST_SIZE)])
def test_what_is_packed_or_no_archive_has_none(archive: bytes) -> None:
    members = StoredMembers()
    members.update(archive)
    assert members.found == {}


def test_the_reader_takes_what_is_known_and_no_more(tmp_path: Path) -> None:
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "score.py").write_text("def load_model(): return 1\ndef predict(data, model=None): return {}\n")
    (folder / "runtime.yaml").write_text("{}")
    (folder / "weights.bin").write_bytes(LARGE)
    write_zip(folder, tmp_path / "a.zip")
    members = StoredMembers()
    members.update((tmp_path / "a.zip").read_bytes())
    ((start, found),) = members.found.items()
    assert found == described(LARGE)
    assert "weights.bin" in verify_zip(tmp_path / "a.zip", known=members.found)
    for wrong in (
        StoredMember(found.size, found.crc ^ 1, found.sha256),
        StoredMember(found.size, found.crc, "0" * 64),
    ):
        with pytest.raises((ArchiveError, ManifestError)):
            verify_zip(tmp_path / "a.zip", known={start: wrong})
    other_place = {start + 1: StoredMember(found.size, 0, ""), 0: StoredMember(1, 0, "")}
    assert "weights.bin" in verify_zip(tmp_path / "a.zip", known=other_place)
