"""Uploads in parts whose service lost them on the way, as a cluster does whose machine with the parts is gone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ads.client import Service
from ads.client.part_upload import upload_in_parts
from ads.errors import NotFound

SIZE = 10 * 1024 * 1024
BEGIN = "/openads/v1/models/m/artifact/uploads"


class Bar:
    """What a user sees of the progress."""

    def __init__(self) -> None:
        self.shown = 0

    def update(self, count: int) -> None:
        self.shown += count

    def reset(self) -> None:
        self.shown = 0


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "large.zip"
    path.write_bytes(os.urandom(SIZE))
    return path


def answers(server: Any, lost: list[bool]) -> None:
    """Let the service lose as many uploads: when a part comes there is none any more."""
    gone = server.reply(404, {"code": "NoSuchUpload", "message": "There is no such upload."})
    for number, is_lost in enumerate(lost):
        path = f"{BEGIN}/upload{number}"
        for part in ("1", "2"):
            server.on("PUT", f"{path}/parts/{part}", gone if is_lost else server.reply(200, {}))
        server.on("POST", f"{path}/commit", server.reply(204))
    begun = [server.reply(200, {"uploadId": f"upload{n}", "partSize": 8 << 20, "parts": []}) for n in range(len(lost))]
    server.on("POST", BEGIN, begun)


def test_an_upload_that_was_lost_is_begun_again(server: Any, archive: Path) -> None:
    answers(server, [True, False])
    bar = Bar()
    assert upload_in_parts(Service(server.url), "m", archive, "0" * 64, "large.zip", bar)
    assert len(server.requests("POST", BEGIN)) == 2
    assert [len(seen.body) for seen in server.requests("PUT", f"{BEGIN}/upload1/parts/1")] == [8 << 20]
    assert len(server.requests("POST", f"{BEGIN}/upload1/commit")) == 1
    assert bar.shown == SIZE


def test_one_that_is_always_lost_ends(server: Any, archive: Path) -> None:
    answers(server, [True] * 3)
    with pytest.raises(NotFound, match="no such upload"):
        upload_in_parts(Service(server.url), "m", archive, "0" * 64, "large.zip", Bar())
    assert len(server.requests("POST", BEGIN)) == 3
