"""The data directory."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ads.home import Home, ServiceFile, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_folder_is_this_users_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    folders = [home.root, *(path for path in home.root.rglob("*") if path.is_dir()), home.run]
    assert {mode(folder) for folder in folders} == {0o700}


def test_the_service_file_is_read_as_it_was_written_and_private(tmp_path: Path) -> None:
    home = Home(tmp_path)
    content = ServiceFile(url="http://127.0.0.1:1", token="secret", pid=1, version="0")
    home.write_service_file(content)
    assert home.read_service_file() == content
    assert mode(home.service_file) == 0o600
    home.remove_service_file()
    home.remove_service_file()
    assert home.read_service_file() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": "x"}', '{"url":"x","token":"y","pid":"no","version":"1"}'])
def test_a_damaged_service_file_counts_as_none(tmp_path: Path, text: str) -> None:
    Home(tmp_path).service_file.write_text(text)
    assert Home(tmp_path).read_service_file() is None


def test_sockets_fit_into_an_address_however_long_the_home_is(tmp_path: Path) -> None:
    home = Home(tmp_path / ("long" * 40))
    assert len(str(home.replica_socket("a" * 20))) < 104
    assert home.run != Home(tmp_path / ("long" * 41)).run


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_private(path, b"old")
    with pytest.raises(TypeError):
        write_private(path, "new")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
