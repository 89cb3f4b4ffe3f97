"""An artifact read where it is needed, against a server that answers ranges."""

from __future__ import annotations

import io
import re
import secrets
import zipfile

import pytest

from ads.client import Service
from ads.client.ranged_file import RangedArtifact
from ads.errors import NotFound
from tests.http_server import FakeServer, Reply, Seen

PATH = "/20190101/models/m/artifact/content"


def serve(remote: FakeServer, content: bytes) -> None:
    def ranged(seen: Seen) -> Reply:
        headers = {name.lower(): value for name, value in seen.headers.items()}
        first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", headers["range"]).groups())  # type: ignore[union-attr]
        return Reply(206, raw=content[first : last + 1])

    remote.on("HEAD", PATH, Reply(200, headers={"content-length": str(len(content))}, raw=b""))
    remote.on("GET", PATH, ranged)


def test_a_small_file_of_a_large_archive_costs_few_bytes(remote: FakeServer) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("model.bin", secrets.token_bytes(5_000_000))
        file.writestr("score.py", "x = 1\n")
    serve(remote, archive.getvalue())
    raw = RangedArtifact(Service(remote.url), "m")
    with zipfile.ZipFile(io.BufferedReader(raw)) as file:
        assert file.read("score.py") == b"x = 1\n"
    asked = [seen for seen in remote.seen if seen.method == "GET"]
    assert len(asked) == 1
    with zipfile.ZipFile(io.BufferedReader(RangedArtifact(Service(remote.url), "m"))) as file:
        assert file.testzip() is None


def test_reading_and_seeking_is_that_of_a_file(remote: FakeServer) -> None:
    content = secrets.token_bytes(600_000)
    serve(remote, content)
    raw, known = io.BufferedReader(RangedArtifact(Service(remote.url), "m")), io.BytesIO(content)
    for offset, whence, length in ((0, 0, 10), (-20, 2, 100), (300_000, 0, 290_000), (5, 1, 7), (599_999, 0, 5)):
        assert raw.seek(offset, whence) == known.seek(offset, whence)
        assert raw.read(length) == known.read(length)


def test_a_model_without_an_artifact(remote: FakeServer) -> None:
    remote.on("HEAD", PATH, Reply(404, {"code": "NotAuthorizedOrNotFound", "message": "none"}))
    with pytest.raises(NotFound):
        RangedArtifact(Service(remote.url), "m")
