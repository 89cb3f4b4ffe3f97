"""The control plane's process: its socket, its end, its refusal of a newer catalog."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ads.api import server
from ads.errors import Conflict
from ads.home import Home


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ads-") as folder:  # short enough for a Unix socket
        yield Path(folder)


def launch(home: Path, lifeline: int | None = None) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OPENADS_HOME": str(home)}
    passed = ()
    if lifeline is not None:
        environment["OPENADS_LIFELINE"] = str(lifeline)
        passed = (lifeline,)
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "ads.api"],
        env=environment,
        pass_fds=passed,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def ask(home: Path, path: str = "/openads/v1/service") -> httpx.Response:
    """Ask over the Unix socket as soon as somebody answers there."""
    deadline = time.monotonic() + 60
    while (answer := ask_once(home, path)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer


def ask_once(home: Path, path: str) -> httpx.Response | None:
    try:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(home / "run" / "control.sock"))) as client:
            token = (home / "admin-token").read_text()
            return client.get(f"http://control{path}", headers={"authorization": f"Bearer {token}"})
    except (httpx.TransportError, FileNotFoundError):
        return None


def test_it_serves_a_private_socket_and_ends_on_sigterm(home: Path) -> None:
    process = launch(home)
    first = ask(home).json()
    assert stat.S_IMODE((home / "run" / "control.sock").stat().st_mode) == 0o600
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    assert not (home / "run" / "control.sock").exists()

    again = launch(home)
    assert ask(home).json() == first
    again.kill()
    again.communicate()
    third = launch(home)  # a socket file that was left behind is no obstacle
    assert ask(home).json() == first
    third.terminate()
    third.communicate()
    assert third.returncode == 0


def test_it_ends_with_its_parent(home: Path) -> None:
    reading, writing = os.pipe()
    process = launch(home, reading)
    os.close(reading)
    ask(home)
    os.close(writing)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_second_one_waits_for_the_first_to_end(home: Path) -> None:
    first = launch(home)
    before = ask(home).json()
    second = launch(home)
    first.terminate()
    first.communicate(timeout=60)
    assert ask(home).json() == before
    assert second.poll() is None
    second.terminate()
    second.communicate(timeout=60)
    assert second.returncode == 0


def test_two_never_work_on_one_folder(home: Path, monkeypatch) -> None:
    monkeypatch.setattr(server, "_LAST_GRACE", 0.1)
    with server._lock(Home(home)), pytest.raises(Conflict, match="Another control plane"):
        server._lock(Home(home))
    server._lock(Home(home)).close()


def test_a_newer_catalog_is_refused_with_a_message(home: Path) -> None:
    process = launch(home)
    ask(home)
    process.terminate()
    process.communicate()
    with sqlite3.connect(home / "catalog.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    refused = launch(home)
    _, text = refused.communicate(timeout=60)
    assert refused.returncode == 78
    assert b"newer" in text
    assert b"Traceback" not in text


def test_a_damaged_catalog_is_refused_with_a_message(home: Path) -> None:
    (home / "catalog.db").write_bytes(b"not a database" * 1000)
    refused = launch(home)
    _, text = refused.communicate(timeout=60)
    assert refused.returncode == 78
    assert b"catalog.db can't be opened: file is not a database" in text
    assert b"Traceback" not in text


def test_an_acknowledged_model_survives_a_kill(home: Path) -> None:
    process = launch(home)
    defaults = ask(home).json()
    token = (home / "admin-token").read_text()
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(home / "run" / "control.sock"))) as client:
        body = {"compartmentId": defaults["compartmentId"], "projectId": defaults["projectId"]}
        made = client.post("http://c/20190101/models", json=body, headers={"authorization": f"Bearer {token}"}).json()
    process.kill()
    process.communicate()
    again = launch(home)
    assert ask(home, f"/20190101/models/{made['id']}").json() == made
    again.terminate()
    again.communicate()
