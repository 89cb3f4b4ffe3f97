"""Logs over HTTP as they are written."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ads.client import Service
from ads.client.log_stream import follow_lines
from ads.client.retries import Retries
from ads.model.deployment.deployment_log import DeploymentLog

from . import people
from .conftest import Running, archive, expect, start
from .test_deployments import create

OWN = "/openads/v1/deployments"


@pytest.fixture
def folder(service: Running, deployed: str) -> Path:
    folder = service.context.home.deployment(deployed)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def events(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    """Yield (id, content) of each event."""
    id_ = ""
    for line in answer.iter_lines():
        if line.startswith("id: "):
            id_ = line[4:]
        elif line.startswith("data: "):
            yield id_, json.loads(line[6:])


def test_lines_come_as_they_are_written_and_a_reader_goes_on_where_it_was(
    service: Running, deployed: str, folder: Path
) -> None:
    path = folder / "predict.log"
    path.write_text("older\nold\n")
    with service.client.stream("GET", f"{OWN}/{deployed}/logs/stream", params={"limit": 1}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = events(answer)
        assert next(lines)[1]["message"] == "old"
        with path.open("a") as file:
            file.write("new\n")
        position, line = next(lines)
        assert (line["message"], line["type"]) == ("new", "predict")
        assert line["time"].endswith("Z")
    path.rename(folder / "predict.log.1")
    path.write_text("after the rotation\n")
    headers = {"last-event-id": position}
    with service.client.stream("GET", f"{OWN}/{deployed}/logs/stream", headers=headers) as answer:
        assert next(events(answer))[1]["message"] == "after the rotation"


def test_the_access_log_is_streamed_too(service: Running, deployed: str, folder: Path) -> None:
    text = '{"time": "2026-01-01T00:00:00Z", "status": 200}'
    (folder / "access.log").write_text(f"{text}\n")
    query = {"type": "access", "limit": 5}
    with service.client.stream("GET", f"{OWN}/{deployed}/logs/stream", params=query) as answer:
        assert next(events(answer))[1] == {"time": "2026-01-01T00:00:00Z", "type": "access", "message": text}


def test_the_last_lines_reach_into_the_file_put_aside(service: Running, deployed: str, folder: Path) -> None:
    (folder / "predict.log.1").write_text("one\ntwo\n")
    (folder / "predict.log").write_text("three\n")
    found = service.client.get(f"{OWN}/{deployed}/logs", params={"limit": 2}).json()["lines"]
    assert [line["message"] for line in found] == ["two", "three"]


def test_what_makes_no_sense_is_refused_and_strangers_see_nothing(service: Running, deployed: str) -> None:
    path = f"{OWN}/{deployed}/logs/stream"
    expect(service.client.get(path, params={"type": "secret"}), 400, "InvalidParameter")
    expect(service.client.get(path, params={"limit": "0"}), 400, "InvalidParameter")
    stranger = people.user(service)
    with people.token(service, stranger) as theirs:
        assert theirs.get(path).status_code == 404


def test_both_logs_are_followed_at_once_by_the_sdk(
    service: Running, deployed: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "predict.log").write_text("one\n")
    (folder / "access.log").write_text('{"time": "2026-01-01T00:00:00Z", "status": 200}\n')
    asked = []

    def stop() -> bool:
        asked.append(True)
        if len(asked) == 2:
            with (folder / "predict.log").open("a") as file:
                file.write("two\n")
        return len(asked) >= 3

    token = service.context.home.token_file.read_text()
    with contextlib.closing(Service(service.url, token)) as client:
        DeploymentLog(client, deployed).stream(interval=0.6, stop_condition=stop)
    lines = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == ["[A]", "[P]", "[P]"]
    assert [line[2] for line in lines[1:]] == ["one", "two"]


def test_a_reader_notices_that_the_service_is_away(tmp_path: Path) -> None:
    running, stop = start(tmp_path)
    model_id = running.create_model(displayName="m")["id"]
    assert running.upload(model_id, archive()).status_code in (200, 204)
    deployed = str(create(running, model_id)["id"])
    folder = running.context.home.deployment(deployed)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "predict.log").write_text("one\n")
    gone: list[bool] = []
    token = running.context.home.token_file.read_text()
    with contextlib.closing(Service(running.url, token, retries=Retries(attempts=1))) as client:
        lines = follow_lines(
            client, deployed, "predict", 5, silent=0.5, over=lambda: len(gone) > 1, lost=lambda: gone.append(True)
        )
        assert next(lines)["message"] == "one"
        stop()
        assert list(lines) == []
    assert len(gone) > 1
