from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from ads.client import finder
from ads.client.finder import Address, find, is_alive
from ads.errors import ServiceUnreachable
from ads.home import Home, ServiceFile
from ads.settings import load_settings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    return home


def alive(server: Any) -> None:
    server.on("GET", "/health/live", server.reply(content={"status": "live"}))


def test_a_url_that_was_set_wins_and_gets_the_token_of_the_service_it_belongs_to(home: Home) -> None:
    home.write_service_file(ServiceFile("http://127.0.0.1:1", "from-file", 1, "0"))
    given = find(load_settings(home=home.root, url="http://127.0.0.1:1/", token="mine"))
    assert given == Address("http://127.0.0.1:1", "mine")
    assert find(load_settings(home=home.root, url="http://127.0.0.1:1")).token == "from-file"
    assert find(load_settings(home=home.root, url="http://other:1")).token == ""


def test_an_address_without_scheme_is_explained(home: Home) -> None:
    with pytest.raises(ServiceUnreachable, match="http://host:8900"):
        find(load_settings(home=home.root, url="host:8900"))


def test_the_running_service_is_found(server: Any, home: Home) -> None:
    alive(server)
    home.write_service_file(ServiceFile(server.url, "t", 1, "0"))
    assert find(load_settings(home=home.root), start=False) == Address(server.url, "t", local=True)


def test_a_service_file_that_nobody_answers_for_counts_as_none(server: Any, home: Home) -> None:
    home.write_service_file(ServiceFile(server.url, "t", 1, "0"))
    assert not is_alive(server.url)
    with pytest.raises(ServiceUnreachable, match="ads serve"):
        find(load_settings(home=home.root), start=False)


def test_the_file_of_a_killed_service_is_not_believed_when_another_answers_there(server: Any, home: Home) -> None:
    import subprocess

    alive(server)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    home.write_service_file(ServiceFile(server.url, "t", ended.pid, "0"))
    with pytest.raises(ServiceUnreachable):
        find(load_settings(home=home.root), start=False)


def test_a_service_is_started_when_there_is_none(
    server: Any, home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The starter here is a small program that writes the service file, as the real one does at the end."""
    starter = tmp_path / "starter"
    starter.write_text(
        f"#!{sys.executable}\n"
        "import os, sys; from pathlib import Path\n"
        "from ads.home import Home, ServiceFile\n"
        "assert sys.argv[1:] == ['-m', 'ads.service', '--detached', '--home', os.environ['OPENADS_HOME']]\n"
        f"Home(Path(os.environ['OPENADS_HOME'])).write_service_file(ServiceFile({server.url!r}, 't', 1, '0'))\n"
    )
    starter.chmod(0o755)
    alive(server)
    monkeypatch.setattr(finder.sys, "executable", str(starter))
    assert find(load_settings(home=home.root)) == Address(server.url, "t", local=True)


def test_a_start_that_fails_says_why(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    starter = tmp_path / "starter"
    starter.write_text("#!/bin/sh\necho 'the disk is full' >&2\nexit 1\n")
    starter.chmod(0o755)
    monkeypatch.setattr(finder.sys, "executable", str(starter))
    with pytest.raises(ServiceUnreachable, match="the disk is full"):
        find(load_settings(home=home.root))


def test_a_member_of_a_cluster_without_a_gateway_is_no_service_for_clients(home: Home) -> None:
    home.write_service_file(ServiceFile("", "token", os.getpid(), "0"))
    assert not home.service_file.exists()
    with pytest.raises(ServiceUnreachable, match="without a gateway") as caught:
        find(load_settings(home=home.root))
    assert "OPENADS_URL" in caught.value.hint
    home.remove_service_file()
    assert not home.member_file.exists()
