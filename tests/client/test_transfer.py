from __future__ import annotations

import base64
import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ads.client import Service
from ads.errors import ArchiveError, NotFound

UPLOAD = "/20190101/models/m/artifact"
CONTENT = f"{UPLOAD}/content"


def test_what_is_uploaded_arrives_whole(server: Any, tmp_path: Path) -> None:
    server.on("POST", UPLOAD, server.reply(204))
    archive = tmp_path / "a.zip"
    archive.write_bytes(os.urandom(3 * 1024 * 1024 + 17))
    Service(server.url).upload_artifact("m", archive)
    (seen,) = server.seen
    assert seen.body == archive.read_bytes()
    assert seen.headers["content-length"] == str(archive.stat().st_size)


def test_an_upload_whose_connection_broke_is_sent_again_whole(server: Any, tmp_path: Path) -> None:
    server.on("POST", UPLOAD, [server.reply(drop=True), server.reply(204)])
    archive = tmp_path / "a.zip"
    archive.write_bytes(b"x" * 100_000)
    Service(server.url).upload_artifact("m", archive)
    assert [len(seen.body) for seen in server.seen] == [100_000, 100_000]
    assert len({seen.headers["opc-retry-token"] for seen in server.seen}) == 1


def test_a_download_is_written_and_described(server: Any, tmp_path: Path) -> None:
    content = os.urandom(2_000_000)
    headers = {
        "content-md5": base64.b64encode(hashlib.md5(content).digest()).decode(),
        "content-disposition": "attachment; filename=../../evil.zip",
    }
    server.on("GET", CONTENT, server.reply(raw=content, headers=headers))
    found = Service(server.url).download_artifact("m", tmp_path / "got.zip")
    assert found.path.read_bytes() == content
    assert (found.name, found.size) == ("evil.zip", 2_000_000)
    assert found.sha256 == hashlib.sha256(content).hexdigest()


def test_a_download_with_another_digest_is_removed(server: Any, tmp_path: Path) -> None:
    digest = base64.b64encode(b"0" * 16).decode()
    server.on("GET", CONTENT, server.reply(raw=b"abc", headers={"content-md5": digest}))
    with pytest.raises(ArchiveError, match="damaged"):
        Service(server.url).download_artifact("m", tmp_path / "got.zip")
    assert not (tmp_path / "got.zip").exists()


def test_a_missing_artifact_is_not_found(server: Any, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Service(server.url).download_artifact("m", tmp_path / "got.zip")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("quick", "stream", "drawn"), [
    (0.0, Terminal(), True), (0.0, io.StringIO(), False), (60.0, Terminal(), False),
])  # fmt: skip
def test_a_bar_is_shown_on_a_terminal_only_and_not_of_what_is_quick(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: float, stream: io.StringIO, drawn: bool
) -> None:
    server.on("POST", UPLOAD, server.reply(204))
    archive = tmp_path / "a.zip"
    archive.write_bytes(b"x" * 1000)
    monkeypatch.setattr("ads.client.progress._QUICK", quick)
    monkeypatch.setattr("sys.stderr", stream)
    Service(server.url).upload_artifact("m", archive)
    assert ("Uploading" in stream.getvalue()) is drawn


def test_memory_does_not_grow_with_the_artifact(server: Any, tmp_path: Path) -> None:
    server.on("POST", UPLOAD, server.reply(204))
    archive = tmp_path / "a.zip"
    with archive.open("wb") as file:
        file.truncate(96 * 1024 * 1024)
    code = (
        "import resource, sys; from pathlib import Path; from ads.client import Service\n"
        "import httpx, tqdm; s = Service(sys.argv[1]); b = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "s.upload_artifact('m', Path(sys.argv[2]))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - b)"
    )
    command = [sys.executable, "-c", code, server.url, str(archive)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    unit = 1024 if sys.platform != "darwin" else 1
    assert int(done.stdout) * unit < 32 * 1024 * 1024
