"""Logs over HTTP as they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from . import people
from .conftest import Running, archive, expect
from .test_deployments import create

OWN = "/openads/v1/deployments"


@pytest.fixture
def deployed(service: Running) -> str:
    model_id: str = service.create_model(displayName="m")["id"]
    assert service.upload(model_id, archive()).status_code in (200, 204)
    return str(create(service, model_id)["id"])


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
