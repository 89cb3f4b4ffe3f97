"""Artifacts as tar files: what people pack is read, and what no artifact holds is refused without a trace."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import subprocess
import tarfile
from pathlib import Path

import pytest

from ads.artifact.archive import Limits, extract, write_zip
from ads.artifact.tar_reader import extract_tar
from ads.errors import ArchiveError, ArtifactError, InvalidArtifactType, ManifestError


def packed(*members: tuple[str, bytes] | tarfile.TarInfo, mode: str = "w:gz", **keywords: int) -> bytes:
    """Return a tar file; a TarInfo stands for a member without content."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode, **keywords) as tar:  # type: ignore[call-overload]
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                tar.addfile(info, io.BytesIO(member[1]))
    return stream.getvalue()


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def refused(tmp_path: Path, content: bytes, limits: Limits | None = None) -> ArchiveError:
    """Assert that nothing of ``content`` gets anywhere, and return the error."""
    archive, target = tmp_path / "a.tar.gz", tmp_path / "place" / "target"
    archive.write_bytes(content)
    with pytest.raises(ArchiveError) as caught:
        extract_tar(archive, target, limits or Limits())
    assert not target.exists()
    assert not (tmp_path / "place").exists() or list((tmp_path / "place").iterdir()) == []
    return caught.value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "score.py").write_text("x = 1\n")
    (folder / "sub" / "grün 猫.bin").write_bytes(bytes(range(256)) * 300)
    (folder / "empty").mkdir()
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    return folder


@pytest.mark.parametrize("form", ["ustar", "gnu", "posix"])
@pytest.mark.parametrize("suffix", ["tar", "tar.gz"])
def test_what_the_tar_command_packs_comes_back(folder: Path, tmp_path: Path, form: str, suffix: str) -> None:
    archive, target = tmp_path / f"a.{suffix}", tmp_path / "target"
    options = f"--format={form}", "-czf" if suffix == "tar.gz" else "-cf"
    subprocess.run(["tar", *options, str(archive), "-C", str(folder), "."], check=True, timeout=30)
    assert extract(archive, target) == ["run.sh", "score.py", "sub/grün 猫.bin"]
    assert (target / "sub" / "grün 猫.bin").read_bytes() == (folder / "sub" / "grün 猫.bin").read_bytes()
    assert (target / "empty").is_dir()
    assert (target / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (target / "score.py").stat().st_mode & 0o777 == 0o644


def test_the_kind_is_known_by_content_not_by_name(folder: Path, tmp_path: Path) -> None:
    write_zip(folder, tmp_path / "a.tar.gz")
    assert "score.py" in extract(tmp_path / "a.tar.gz", tmp_path / "one")
    (tmp_path / "b.zip").write_bytes(packed(("score.py", b"x")))
    assert extract(tmp_path / "b.zip", tmp_path / "two") == ["score.py"]
    (tmp_path / "c.zip").write_text("hello" * 200)
    with pytest.raises(InvalidArtifactType, match="neither a zip archive nor a tar"):
        extract(tmp_path / "c.zip", tmp_path / "three")


def test_long_names_and_many_files(tmp_path: Path) -> None:
    names = [f"{'d' * 120}/{'e' * 120}/{index:04}.txt" for index in range(300)]
    archive = tmp_path / "a.tar"
    archive.write_bytes(packed(*((name, name.encode()) for name in names), mode="w"))
    assert extract_tar(archive, tmp_path / "target") == names


def test_a_folder_that_holds_something_needs_replace(tmp_path: Path) -> None:
    archive, target = tmp_path / "a.tgz", tmp_path / "target"
    archive.write_bytes(packed(("score.py", b"new")))
    target.mkdir()
    (target / "mine").write_text("x")
    with pytest.raises(ArtifactError, match="not empty"):
        extract_tar(archive, target)
    extract_tar(archive, target, replace=True)
    assert [path.name for path in target.iterdir()] == ["score.py"]


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/../../x",
        "/tmp/x",
        "a\\b",
        "C:/x",
        "a/./b",
        "a//b",
        "a\nb",
        "a\x1b[31m",
        "x" * 300,
        "/".join("d" * 40),
    ],
)
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    refused(tmp_path, packed(("score.py", b""), (name, b"x"), format=tarfile.PAX_FORMAT))
    assert not (tmp_path.parent / "x").exists()


@pytest.mark.parametrize(
    "member",
    [
        special("l", tarfile.SYMTYPE, "/etc/passwd"),
        special("l", tarfile.LNKTYPE, "score.py"),
        special("p", tarfile.FIFOTYPE),
        special("c", tarfile.CHRTYPE),
        special("b", tarfile.BLKTYPE),
        special("s", tarfile.GNUTYPE_SPARSE),
    ],
    ids=["symlink", "hard link", "fifo", "character device", "block device", "sparse"],
)
def test_links_and_special_files(tmp_path: Path, member: tarfile.TarInfo) -> None:
    assert str(refused(tmp_path, packed(("score.py", b"x"), member)))


@pytest.mark.parametrize(
    "members",
    [
        (("a", b"1"), ("a", b"2")),
        (("a", b"1"), ("a/b", b"2")),
        (("a/b", b"1"), ("a", b"2")),
        (("A", b"1"), ("a", b"2")),
        (("gr\u00fcn", b"1"), ("gru\u0308n", b"2")),
    ],
    ids=["twice", "a folder in a file", "a file for a folder", "case", "normalization"],
)
def test_two_members_for_one_place(tmp_path: Path, members: tuple[tuple[str, bytes], ...]) -> None:
    refused(tmp_path, packed(*members))


def test_bombs_stop_early(tmp_path: Path) -> None:
    assert "allowed for its size" in str(refused(tmp_path, packed(("zeros", bytes(50 * 1024**2)))))
    assert "members" in str(refused(tmp_path, packed(*((str(i), b"") for i in range(20))), Limits(max_files=10)))
    noise = random.Random(1).randbytes(300_000)
    assert "allowed" in str(refused(tmp_path, packed(("a", noise)), Limits(max_bytes=200_000)))
    bomb = special("x", tarfile.XHDTYPE)
    bomb.size = 64 * 1024**2
    content = bomb.tobuf(tarfile.USTAR_FORMAT) + bytes(64 * 1024**2)
    assert "unusual length" in str(refused(tmp_path, gzip.compress(content)))


def test_every_truncation_and_trailing_bytes(tmp_path: Path) -> None:
    plain = packed(("score.py", b"x" * 700), ("b", b"y" * 10), mode="w")
    ends = len(plain.rstrip(b"\0")) // 512 * 512 + 512
    for length in range(1, ends + 511, 97):
        refused(tmp_path, plain[:length])
    assert "follow" in str(refused(tmp_path, plain + b"PK\3\4 a second archive"))
    compressed = packed(("score.py", random.Random(2).randbytes(5000)))
    for length in range(2, len(compressed), 331):
        refused(tmp_path, compressed[:length])
    refused(tmp_path, compressed + b"rubbish")


def test_flipped_bits_are_noticed_or_harmless(tmp_path: Path) -> None:
    content = packed(("score.py", random.Random(3).randbytes(4000)), ("runtime.yaml", b"a: 1\n"))
    dice = random.Random(4)
    for _ in range(200):
        broken = bytearray(content)
        broken[dice.randrange(10, len(broken))] ^= 1 << dice.randrange(8)
        refused(tmp_path, bytes(broken))


def test_no_files_at_all(tmp_path: Path) -> None:
    refused(tmp_path, packed())
    refused(tmp_path, packed(special("a", tarfile.DIRTYPE)))


def test_a_manifest_holds_or_the_archive_is_refused(tmp_path: Path) -> None:
    entry = {"sha256": hashlib.sha256(b"x").hexdigest(), "size": 1}
    stated = json.dumps({"version": 1, "files": {"score.py": entry}}).encode()
    archive = tmp_path / "a.tgz"
    archive.write_bytes(packed(("score.py", b"x"), ("model_artifact_manifest.json", stated)))
    assert extract_tar(archive, tmp_path / "good") == ["score.py"]
    assert not (tmp_path / "good" / "model_artifact_manifest.json").exists()
    archive.write_bytes(packed(("score.py", b"y"), ("model_artifact_manifest.json", stated)))
    with pytest.raises(ManifestError, match=r"score\.py"):
        extract_tar(archive, tmp_path / "bad")
    assert not (tmp_path / "bad").exists()
