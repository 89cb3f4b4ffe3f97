from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import pytest

from ads.deploy.routes import ReplicaRoute, Route, Routes
from ads.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "h")
    home.create()
    return home


def route(*replicas: str, serving: bool = True) -> Route:
    return Route("d", "name", "ACTIVE", serving, 60.0, 100, tuple(ReplicaRoute(r, f"/s/{r}") for r in replicas))


def test_a_change_is_written_once_and_counted(home: Home) -> None:
    routes = Routes(home)
    assert routes.publish([route("a")])
    assert not routes.publish([route("a")])
    assert routes.publish([route("a", "b")])
    table = json.loads(home.routes_file.read_text())
    assert table["generation"] == 2
    listed = [(entry["id"], entry["socket"]) for entry in table["deployments"][0]["replicas"]]
    assert listed == [("a", "/s/a"), ("b", "/s/b")]
    assert table["deployments"][0]["timeout_seconds"] == 60.0


def test_the_count_goes_on_after_a_restart(home: Home) -> None:
    Routes(home).publish([route("a")])
    again = Routes(home)
    assert not again.publish([route("a")])
    assert again.publish([])
    assert json.loads(home.routes_file.read_text())["generation"] == 2


def test_gateways_have_read_the_table_when_publish_returns(home: Home) -> None:
    heard: list[int] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home.gateways / "g.sock"))
        listener.listen()

        def gateway() -> None:
            connection, _ = listener.accept()
            with connection:
                assert connection.recv(64) == b"reload\n"
                heard.append(json.loads(home.routes_file.read_text())["generation"])
                connection.sendall(b"ok\n")

        thread = threading.Thread(target=gateway)
        thread.start()
        Routes(home).publish([route("a")])
        assert heard == [1]
        thread.join(5)
