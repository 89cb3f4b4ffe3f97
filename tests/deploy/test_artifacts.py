from __future__ import annotations

import hashlib
import threading
import zipfile
from pathlib import Path

import pytest

from ads.deploy.artifacts import unpack
from ads.errors import ArchiveError, ServiceUnavailable
from ads.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "h")
    home.create()
    return home


def blob(path: Path, **files: str) -> tuple[str, Path]:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return hashlib.sha256(path.read_bytes()).hexdigest(), path


def test_an_archive_is_unpacked_once_and_read_only(home: Home, tmp_path: Path) -> None:
    sha256, path = blob(tmp_path / "a.zip", score__py="x = 1")
    calls: list[int] = []

    def archive() -> Path:
        calls.append(1)
        return path

    results: list[Path] = []
    threads = [threading.Thread(target=lambda: results.append(unpack(home, sha256, archive))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {home.artifacts / sha256}
    assert calls == [1]
    assert (results[0] / "score.py").read_text() == "x = 1"
    assert (results[0] / "score.py").stat().st_mode & 0o222 == 0
    assert results[0].stat().st_mode & 0o222 == 0


def test_what_a_crash_left_behind_is_done_again(home: Home, tmp_path: Path) -> None:
    sha256, path = blob(tmp_path / "a.zip", score__py="x = 1")
    left = home.artifacts / f".{sha256}.unpacking"
    (left / "inner").mkdir(parents=True)
    (left / "inner" / "half").write_text("")
    (left / "inner").chmod(0o555)
    assert [entry.name for entry in unpack(home, sha256, lambda: path).iterdir()] == ["score.py"]
    assert not left.exists()


def test_a_bad_archive_leaves_nothing(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "bad.zip"
    path.write_bytes(b"not a zip")
    with pytest.raises(ArchiveError):
        unpack(home, "0" * 64, lambda: path)
    assert [entry for entry in home.artifacts.iterdir() if entry.is_dir()] == []


def test_what_the_disk_damaged_is_unpacked_again(home: Home, tmp_path: Path) -> None:
    sha256, path = blob(tmp_path / "a.zip", score__py="x = 1", model__bin="m" * 1000)
    calls: list[int] = []

    def archive() -> Path:
        calls.append(1)
        return path

    folder = unpack(home, sha256, archive)
    for damage in (
        lambda: (folder / "model.bin").write_text("m" * 999 + "n"),
        lambda: (folder / "model.bin").write_text("m"),
        (folder / "score.py").unlink,
    ):
        folder.chmod(0o755)
        (folder / "model.bin").chmod(0o644)
        damage()
        before = len(calls)
        assert unpack(home, sha256, archive) == folder
        assert len(calls) == before + 1
        assert (folder / "model.bin").read_text() == "m" * 1000
        assert (folder / "score.py").read_text() == "x = 1"
        unpack(home, sha256, archive)
        assert len(calls) == before + 1
    (home.artifacts / f".{sha256}.files").unlink()
    unpack(home, sha256, archive)
    assert len(calls) == 5
    assert [entry.name for entry in home.artifacts.iterdir() if entry.is_dir()] == [sha256]


def test_a_damaged_folder_stays_while_its_archive_is_out_of_reach(home: Home, tmp_path: Path) -> None:
    sha256, path = blob(tmp_path / "a.zip", score__py="x = 1")
    folder = unpack(home, sha256, lambda: path)
    (folder / "score.py").chmod(0o644)
    (folder / "score.py").write_text("x = 2")

    def lost() -> Path:
        raise ServiceUnavailable("The store can't be reached.")

    with pytest.raises(ServiceUnavailable):
        unpack(home, sha256, lost)
    assert (unpack(home, sha256, lambda: path) / "score.py").read_text() == "x = 1"


def test_an_artifact_that_was_put_together_is_compared_as_well(home: Home, tmp_path: Path) -> None:
    def together() -> Path:
        made = home.artifacts / ".objects"
        (made / "sub").mkdir(parents=True)
        (made / "sub" / "a").write_text("a")
        return made

    folder = unpack(home, "1" * 64, together)
    (folder / "sub" / "a").chmod(0o644)
    (folder / "sub" / "a").write_text("b")
    assert (unpack(home, "1" * 64, together) / "sub" / "a").read_text() == "a"
