"""``ads events``: the past, and what happens from now on, over broken connections."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from ads.cli.events import COLUMNS
from ads.cli.output import plain
from ads.client import Service
from ads.client.event_stream import parse_events
from tests.own_service import OwnService, eventually

CHANGE = next(column for column in COLUMNS if column.header == "CHANGE")


def make_set(name: str) -> None:
    service = Service.find()
    body = {"name": name, "compartmentId": service.compartment_id, "projectId": service.project_id}
    service.request("POST", "/20190101/modelVersionSets", json=body, retry_token=True)


def ads(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ads.cli", "events", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)


def test_the_past_and_what_follows_over_a_gateway_that_dies(own_service: OwnService, tmp_path: Path) -> None:
    own_service.start()
    make_set("one")
    make_set("two")
    action = ("--action", "version-set.create")
    listed = [json.loads(ads(*action, *more, "--format", "json").stdout) for more in ((), ("-n", "1"))]
    assert [row["resourceName"] for row in listed[0]] == ["one", "two"]
    assert [row["resourceName"] for row in listed[1]] == ["two"]
    assert ads("ls", *action, "-q").stdout.split() == [str(row["seq"]) for row in listed[0]]
    assert "two" in ads("--after", str(listed[0][0]["seq"])).stdout

    said = tmp_path / "said"
    with said.open("w") as out, (tmp_path / "errors").open("w") as errors:
        command = [sys.executable, "-m", "ads.cli", "events", "-f", "-n", "1", *action, "--format", "json"]
        follower = subprocess.Popen(command, stdout=out, stderr=errors)
        try:
            eventually(lambda: len(said.read_text().splitlines()) == 1, 30, "the last event")
            for number, name in enumerate(("three", "four", "five"), start=2):
                make_set(name)
                eventually(lambda n=number: len(said.read_text().splitlines()) == n, 30, f"the event of {name}")
                own_service.kill("gateway")
        finally:
            follower.send_signal(signal.SIGINT)
            assert follower.wait(20) == 130
    names = [json.loads(line)["resourceName"] for line in said.read_text().splitlines()]
    assert names == ["two", "three", "four", "five"]
    assert "Traceback" not in (tmp_path / "errors").read_text()


def test_a_change_is_told_shortly() -> None:
    row = {"from": {"state": "ACTIVE", "a": 1}, "to": {"state": "DELETED", "a": 1}}
    assert plain(CHANGE.value(row)) == "state ACTIVE → DELETED"
    many = {"from": {}, "to": {str(number): "x" * 100 for number in range(5)}}
    assert plain(CHANGE.value(many)).endswith("; and 2 more")
    assert CHANGE.value({"from": None, "to": {"a": 1}}) is None


def test_a_stream_is_read_as_the_standard_says() -> None:
    lines = ["retry: 1000", "", "id: 3", 'data: {"seq": 3,', 'data: "a": 1}', "", ": still here", "", "data: {}", ""]
    assert list(parse_events(iter(lines))) == [{"seq": 3, "a": 1}]
