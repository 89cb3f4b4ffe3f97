"""What replicas tell of themselves and of their model is a stranger's word."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ads.console.payload_form import fields_of
from ads.console.replica_lines import description_of, replica_lines
from ads.home import Home

ID = "ocid1.datasciencemodeldeployment.oc1.local.abcdefabcdef"
REPLICA = "abcdefabcdef-2-0"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    (made.deployment(ID) / REPLICA).mkdir(parents=True)
    return made


def tell(home: Home, file: str, content: Any, replica: str = REPLICA) -> None:
    folder = home.deployment(ID) / replica
    folder.mkdir(exist_ok=True)
    (folder / file).write_text(json.dumps(content))


def test_a_replica_that_failed_says_why_as_long_as_it_is_the_newest(home: Home) -> None:
    failed = {"state": "failed", "error": {"message": "load_model() returned None.", "hint": "Return it."}}
    tell(home, "status.json", failed, "abcdefabcdef-1-0")
    (line,) = replica_lines(home, ID)
    assert (line["revision"], line["running"], line["error"]) == (1, False, "load_model() returned None.")
    tell(home, "status.json", failed)
    assert [line["revision"] for line in replica_lines(home, ID)] == [2]
    tell(home, "status.json", {"state": "ready"})  # its process ended
    assert [line["revision"] for line in replica_lines(home, ID)] == [1]


@pytest.mark.parametrize("content", [[], 1, {"inputs": 5, "example": [1]}, {"inputs": [1, "x"], "example": {"a": 1}}])
def test_a_description_of_another_form_is_left_out(home: Home, content: Any) -> None:
    tell(home, "description.json", content)
    found = description_of(home, ID)
    assert found == {"inputs": [], "example": None, "framework": ""}
    assert fields_of(found) == []


def test_a_pipe_or_a_link_is_not_read(home: Home, tmp_path: Path) -> None:
    folder = home.deployment(ID) / REPLICA
    os.mkfifo(folder / "description.json")
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"state": "failed", "error": {"message": "secret"}}))
    (folder / "status.json").symlink_to(secret)
    assert description_of(home, ID)["inputs"] == []
    assert replica_lines(home, ID) == []


def test_where_no_replica_ever_was_there_is_nothing(tmp_path: Path) -> None:
    assert replica_lines(Home(tmp_path), ID) == []
    assert description_of(Home(tmp_path), ID)["example"] is None
