"""The same content gives the same bytes, and any reader can read them."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from ads.artifact.archive import check_zip, extract_zip, write_zip
from ads.artifact.layout import MANIFEST
from ads.errors import ArtifactError


def test_same_content_same_bytes(tmp_path, artifact):
    first = write_zip(artifact, tmp_path / "a.zip")
    copy = tmp_path / "elsewhere" / "var" / "env"
    shutil.copytree(artifact, copy)
    for path in copy.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        if path.is_file():
            path.chmod(0o600)
    assert write_zip(copy, tmp_path / "b.zip") == first
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    (copy / "score.py").write_text("other")
    assert write_zip(copy, tmp_path / "c.zip").sha256 != first.sha256


def test_info_tells_the_archive(tmp_path, artifact):
    info = write_zip(artifact, tmp_path / "a.zip")
    assert info.files == ("lib/größe.txt", "model.joblib", "runtime.yaml", "score.py")
    assert info.size == (tmp_path / "a.zip").stat().st_size
    assert info == check_zip(tmp_path / "a.zip")


def test_manifest_is_in_the_archive_only(tmp_path, artifact):
    (artifact / MANIFEST).write_text('{"version": 1, "files": {"old": {}}}')
    info = write_zip(artifact, tmp_path / "a.zip")
    assert MANIFEST not in info.files
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        stated = json.loads(archive.read(MANIFEST))
    assert stated["version"] == 1
    assert stated["generated_by"] == "openads"
    assert "generated_at" not in stated
    assert sorted(stated["files"]) == list(info.files)
    assert stated["files"]["score.py"]["size"] == (artifact / "score.py").stat().st_size
    assert MANIFEST not in extract_zip(tmp_path / "a.zip", tmp_path / "out")


def test_other_readers_agree(tmp_path, artifact):
    write_zip(artifact, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert archive.read("lib/größe.txt") == (artifact / "lib/größe.txt").read_bytes()


@pytest.mark.needs("unzip")
@pytest.mark.skipif(shutil.which("unzip") is None, reason="Info-ZIP is not installed")
def test_info_zip_reads_it(tmp_path, artifact):
    write_zip(artifact, tmp_path / "a.zip")
    assert subprocess.run(["unzip", "-tqq", str(tmp_path / "a.zip")], check=False).returncode == 0


def test_dense_files_are_stored_others_packed(tmp_path, artifact):
    (artifact / "weights.bin").write_bytes(os.urandom(200_000))
    (artifact / "zeros.bin").write_bytes(bytes(5_000_000))
    (artifact / "text.csv").write_text("\n".join(f"{n},{n * n}" for n in range(20_000)))
    write_zip(artifact, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        kinds = {entry.filename: entry.compress_type for entry in archive.infolist()}
    assert kinds["weights.bin"] == zipfile.ZIP_STORED
    assert kinds["text.csv"] == zipfile.ZIP_DEFLATED
    # Packed, it would look like a bomb to a reader.
    assert kinds["zeros.bin"] == zipfile.ZIP_STORED
    check_zip(tmp_path / "a.zip")


def test_executables_stay_executable(tmp_path, artifact):
    (artifact / "score.py").chmod(0o700)
    write_zip(artifact, tmp_path / "a.zip")
    extract_zip(tmp_path / "a.zip", tmp_path / "out")
    assert stat.S_IMODE((tmp_path / "out/score.py").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "out/model.joblib").stat().st_mode) == 0o644


def test_memory_is_constant(tmp_path, artifact):
    with (artifact / "big.bin").open("wb") as file:
        for _ in range(40):
            file.write(os.urandom(1024**2))
    tracemalloc.start()
    write_zip(artifact, tmp_path / "a.zip")
    extract_zip(tmp_path / "a.zip", tmp_path / "out")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * 1024**2


def test_progress_adds_up(tmp_path, artifact):
    steps: list[int] = []
    write_zip(artifact, tmp_path / "a.zip", progress=steps.append)
    assert sum(steps) == sum(path.stat().st_size for path in artifact.rglob("*") if path.is_file())


def test_more_than_four_gib_gets_zip64(tmp_path, monkeypatch):
    from ads.artifact import zip_format

    monkeypatch.setattr(zip_format, "MAX32", 1000)  # as if four GiB were a kilobyte
    monkeypatch.setattr(zip_format, "MAX16", 3)
    folder = tmp_path / "in"
    folder.mkdir()
    for name in "abcd":
        (folder / name).write_bytes(os.urandom(1500))
    write_zip(folder, tmp_path / "a.zip")
    content = (tmp_path / "a.zip").read_bytes()
    assert content.count(b"PK\6\6") == content.count(b"PK\6\7") == 1
    assert extract_zip(tmp_path / "a.zip", tmp_path / "out") == ["a", "b", "c", "d"]


@pytest.mark.parametrize("name", ["back\\slash", "new\nline", "C:x"])
def test_name_that_no_archive_may_have(tmp_path, artifact, name):
    (artifact / name).write_text("")
    with pytest.raises(ArtifactError, match=r"name|drive"):
        write_zip(artifact, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_names_that_mean_the_same_place(tmp_path, artifact):
    (artifact / "SCORE.py").write_text("")
    if len(list(artifact.iterdir())) < 5:
        pytest.skip("this file system folds case")
    with pytest.raises(ArtifactError, match="same place"):
        write_zip(artifact, tmp_path / "a.zip")


def test_empty_folder(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(ArtifactError, match="no file to pack"):
        write_zip(tmp_path / "in", tmp_path / "a.zip")


def test_nothing_is_left_behind_on_failure(tmp_path, artifact, monkeypatch):
    def fail(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_zip(artifact, tmp_path / "a.zip", progress=fail)
    assert [path.name for path in tmp_path.iterdir()] == ["artifact"]


def test_links_are_followed(tmp_path, artifact):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/blob").write_bytes(b"weights")
    (artifact / "linked.bin").symlink_to(tmp_path / "cache/blob")
    (artifact / "folder").symlink_to(tmp_path / "cache")
    (artifact / "loop").symlink_to(artifact)
    write_zip(artifact, tmp_path / "a.zip")
    extract_zip(tmp_path / "a.zip", tmp_path / "out")
    for name in ("linked.bin", "folder/blob"):
        found = Path(tmp_path / "out" / name)
        assert found.read_bytes() == b"weights"
        assert not found.is_symlink()
    assert not (tmp_path / "out/loop").exists()


@pytest.mark.parametrize(
    ("content", "method"),
    [
        (b"\0" * 100_000 + os.urandom(1_000_000), zipfile.ZIP_STORED),  # weights behind a header
        (os.urandom(1_000_000), zipfile.ZIP_STORED),
        (b"".join(b"%d,%d\n" % (n * n, n) for n in range(50_000)), zipfile.ZIP_DEFLATED),
        (b"", zipfile.ZIP_STORED),
    ],
    ids=["dense after a header", "dense", "text", "empty"],
)
def test_dense_files_are_stored_whatever_their_name(tmp_path: Path, content: bytes, method: int) -> None:
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "file.txt").write_bytes(content)
    write_zip(folder, tmp_path / "one.zip")
    write_zip(folder, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.getinfo("file.txt").compress_type == method
        assert archive.read("file.txt") == content
