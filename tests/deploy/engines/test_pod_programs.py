"""What runs in a replica's pod, as the processes that they are: preparing a model, and running it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ads.deploy.engines.pod_replica import status_pass
from ads.deploy.engines.pod_words import read_words, write_words
from ads.identity.replica_keys import archive_pass, instance_of, read_archive_pass, replica_key
from tests.http_server import FakeServer, Reply, Seen
from tests.own_service import eventually

SECRET = "5e" * 32
KEY = replica_key(SECRET, "abcdefghijkl-1-0", "s1")
SCRIPT = "def load_model():\n    return 1\n\ndef predict(data, model=None):\n    return {'prediction': [1]}\n"


def archive(script: str = SCRIPT, **more: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        for name, text in {"score.py": script, "runtime.yaml": "{}", **more}.items():
            target.writestr(name, text)
    return made.getvalue()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    folder = tmp_path / "secret"
    folder.mkdir()
    (folder / "key").write_text(KEY)
    (folder / "environment.json").write_text('{"SHOP": "berlin"}')
    return folder


def prepare(url: str, content: bytes, folder: Path, secret: Path, **more: str) -> tuple[int, dict[str, Any]]:
    """Run the program to its end; return exit status and last words."""
    words = folder.with_name("words")
    words.write_text("")
    command = [sys.executable, "-m", "ads.deploy.engines.pod_preparation", "--url", url]
    command += ["--replica", "abcdefghijkl-1-0", "--start", "s1", "--sha256", hashlib.sha256(content).hexdigest()]
    command += ["--size", str(len(content)), "--secret", str(secret), "--folder", str(folder), "--words", str(words)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENADS_")}
    environment = {**clean, "OPENADS_HOME": str(folder), "HOME": str(folder), **more}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    return done.returncode, dict(read_words(words.read_text()))


def serving(server: FakeServer, content: bytes, cut_after: int = 0) -> list[Seen]:
    """Serve an archive as the service does; the first answer breaks off after so many bytes."""
    asked: list[Seen] = []

    def answer(seen: Seen) -> Reply:
        wanted = read_archive_pass(SECRET, seen.headers.get("authorization", "").removeprefix("Bearer "), time.time())
        assert wanted is not None
        asked.append(seen)
        start = int(seen.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        sent = content[start:]
        if cut_after and len(asked) == 1:
            return Reply(200, raw=sent[:cut_after], headers={"content-length": str(cut_after)})
        headers = {"content-length": str(len(sent))}
        return Reply(206 if start else 200, raw=sent, headers=headers)

    server.on("GET", f"/openads/v1/archives/{hashlib.sha256(content).hexdigest()}", answer)
    return asked


def test_it_fetches_unpacks_and_finds_an_environment_and_goes_on_where_it_was_cut(
    server: FakeServer, secret: Path, tmp_path: Path
) -> None:
    content = archive()
    asked = serving(server, content, cut_after=100)
    status, words = prepare(server.url, content, tmp_path / "model", secret)
    assert (status, words) == (0, {})
    assert [seen.headers.get("range") for seen in asked] == [None, "bytes=100-"]
    prepared = json.loads((tmp_path / "model" / "prepared.json").read_text())
    assert prepared["python"] == sys.executable
    assert (Path(prepared["artifact"]) / "score.py").read_text() == SCRIPT
    status, _ = prepare(server.url, content, tmp_path / "model", secret)  # the container was started again
    assert (status, len(asked)) == (0, 2)


def test_another_archive_than_the_registered_one_is_not_unpacked(
    server: FakeServer, secret: Path, tmp_path: Path
) -> None:
    content = archive()
    other = content[:-1] + bytes([content[-1] ^ 1])
    server.on("GET", f"/openads/v1/archives/{hashlib.sha256(content).hexdigest()}", Reply(200, raw=other))
    status, words = prepare(server.url, content, tmp_path / "model", secret)
    assert (status, words["final"]) == (78, True)
    assert "its SHA-256 differs" in words["message"]
    longer = content + b"more"
    server.on("GET", f"/openads/v1/archives/{hashlib.sha256(content).hexdigest()}", Reply(200, raw=longer))
    status, words = prepare(server.url, content, tmp_path / "model", secret)
    assert (status, words["final"]) == (78, True)
    assert "longer than the one" in words["message"]
    assert not list((tmp_path / "model" / "artifacts").glob("[0-9a-f]*"))


def test_an_archive_that_breaks_the_rules_is_refused_in_words(server: FakeServer, secret: Path, tmp_path: Path) -> None:
    content = archive(**{"../outside": "x"})
    serving(server, content)
    status, words = prepare(server.url, content, tmp_path / "model", secret)
    assert (status, words["final"]) == (78, True)
    assert "outside" in words["message"]
    assert not (tmp_path / "outside").exists()


def test_a_refused_pass_and_packages_that_are_nowhere_end_for_good(
    server: FakeServer, secret: Path, tmp_path: Path
) -> None:
    content = archive()
    server.on("GET", f"/openads/v1/archives/{hashlib.sha256(content).hexdigest()}", Reply(401, content={}))
    status, words = prepare(server.url, content, tmp_path / "model", secret)
    assert (status, words["final"]) == (78, True)
    assert "refused the model's archive (401)" in words["message"]
    assert "clocks" in words["hint"]
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    content = archive(**{"requirements.txt": "no-such-package-at-all==1.0\n"})
    serving(server, content)
    status, words = prepare(server.url, content, tmp_path / "other", secret, OPENADS_WHEELS=str(wheels))
    assert (status, words["final"]) == (78, True)
    assert "no-such-package-at-all" in words["message"]


@pytest.fixture
def address() -> str:
    return f"127.77.{os.getpid() % 250}.{os.getpid() // 250 % 250 + 1}"


class _Pod:
    def __init__(self, folder: Path, secret: Path, address: str, script: str) -> None:
        artifact = folder / "artifact"
        artifact.mkdir(parents=True)
        (artifact / "score.py").write_text(script)
        (artifact / "runtime.yaml").write_text("{}")
        prepared = {"python": sys.executable, "artifact": str(artifact), "own": True}
        (folder / "prepared.json").write_text(json.dumps(prepared))
        (folder / "work").mkdir()
        self.words = folder / "words"
        command = [sys.executable, "-m", "ads.deploy.engines.pod_replica", "--folder", str(folder)]
        command += ["--work", str(folder / "work"), "--secret", str(secret), "--port", "7070", "--status-port", "7071"]
        command += ["--words", str(self.words)]
        self.process = subprocess.Popen(command, env={**os.environ, "POD_IP": address})
        self.url = f"http://{address}:7071"

    def ask(self, path: str, key: str = KEY, method: str = "GET") -> httpx.Response | None:
        headers = {"authorization": f"Bearer {status_pass(key)}"}
        try:
            return httpx.request(method, f"{self.url}{path}", headers=headers, trust_env=False, timeout=10)
        except httpx.HTTPError:
            return None

    def state(self) -> str:
        answer = self.ask("/status")
        return str(answer.json().get("state")) if answer is not None and answer.is_success else ""


@pytest.fixture
def pods(tmp_path: Path, secret: Path, address: str) -> Iterator[Any]:
    started: list[_Pod] = []

    def start(script: str = SCRIPT) -> _Pod:
        started.append(_Pod(tmp_path / "model", secret, address, script))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.terminate()
        each.process.wait(60)


def test_a_replica_tells_how_it_is_to_whom_knows_its_key(pods: Any) -> None:
    pod = pods("import os\nassert os.environ['SHOP'] == 'berlin'\nassert 'POD_IP' not in os.environ\n" + SCRIPT)
    eventually(lambda: pod.state() == "ready", 60, "the replica")
    assert pod.ask("/live").status_code == pod.ask("/ready").status_code == 200
    assert pod.ask("/status", "00" * 32).status_code == 404
    assert pod.ask("/kill", "00" * 32, "POST").status_code == 404
    assert pod.ask("/secrets").status_code == 404
    assert pod.ask("/kill", KEY, "POST").status_code == 202
    assert pod.process.wait(60) == 137
    assert read_words(pod.words.read_text())["state"] == "ready"


def test_a_replica_that_fails_goes_on_telling_why_and_ends_when_asked(pods: Any) -> None:
    pod = pods(SCRIPT.replace("return 1\n", "return None\n", 1))
    eventually(lambda: pod.state() == "failed", 60, "the failure")
    assert "returned None" in pod.ask("/status").json()["error"]["message"]
    assert (pod.ask("/live").status_code, pod.ask("/ready").status_code) == (200, 503)
    pod.process.send_signal(signal.SIGTERM)
    assert pod.process.wait(60) == 0


def test_last_words_fit_and_strangers_words_are_none(tmp_path: Path) -> None:
    path = tmp_path / "words"
    write_words(path, message="ü" * 9000, hint="do", final=True)
    assert path.stat().st_size <= 4096
    assert read_words(path.read_text())["hint"] == "do"
    for strange in (None, "", "[1]", "Killed", "{"):
        assert read_words(strange) == {}
    write_words(tmp_path / "no" / "place", message="")


def test_passes_and_keys_depend_on_everything_that_they_are_for() -> None:
    from ads.identity.replica_keys import ArchiveWanted

    other = "5f" * 32
    keys = {
        replica_key(*each) for each in ((SECRET, "a", "s"), (SECRET, "b", "s"), (SECRET, "a", "t"), (other, "a", "s"))
    }
    assert len(keys) == 4
    assert instance_of(SECRET) != instance_of(other)
    wanted = ArchiveWanted("abcdefghijkl-1-0", "s1", "00" * 32)
    token = archive_pass(KEY, wanted, 1000.0)
    assert read_archive_pass(SECRET, token, 1100.0) == wanted
    assert read_archive_pass(other, token, 1100.0) is None
    assert read_archive_pass(SECRET, token, 1400.0) is None
    assert read_archive_pass(SECRET, token, 600.0) is None
    for broken in (
        token[:-1],
        token.replace(".", "", 1),
        "archive.",
        "archive.e30.00",
        "archive.W10.00",
        "archive.ü.00",
    ):
        assert read_archive_pass(SECRET, broken, 1100.0) is None
