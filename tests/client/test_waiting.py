from __future__ import annotations

import io
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.client import Service, wait_for_work_request
from ads.client.waiting import next_look
from ads.errors import ServiceTimeout

PATH = "/20190101/workRequests/w"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def state(server: Any, status: str, percent: int) -> Any:
    content = {"id": "w", "status": status, "percentComplete": percent, "operationType": "X"}
    return server.reply(content=content)


def test_a_quick_order_is_not_kept_waiting_for_the_poll_interval(server: Any) -> None:
    server.on("GET", PATH, [state(server, "IN_PROGRESS", 10), state(server, "SUCCEEDED", 100)])
    request = wait_for_work_request(Service(server.url), "w", label="Deploying x", poll_interval=600)
    assert (request.status, request.failed, request.operation) == ("SUCCEEDED", False, "X")


def test_a_failure_comes_back_with_its_messages(server: Any) -> None:
    server.on("GET", PATH, state(server, "FAILED", 100))
    errors = [{"code": "c", "message": "no such file", "timestamp": "2026-01-31T10:15:30Z"}]
    server.on("GET", f"{PATH}/errors", server.reply(content=errors))
    request = wait_for_work_request(Service(server.url), "w", label="Deploying x")
    assert request.failed
    assert request.errors == ("no such file",)


def test_the_time_limit_is_kept(server: Any) -> None:
    server.on("GET", PATH, state(server, "IN_PROGRESS", 10))
    with pytest.raises(ServiceTimeout, match=r"0\.2 s"):
        wait_for_work_request(Service(server.url), "w", label="Deploying x", max_wait_time=0.2)


ENTRIES = [
    {"message": "environment: 0.9 s", "timestamp": "2026-01-31T10:15:30.000Z"},
    {"message": "load: 0.4 s", "timestamp": "2026-01-31T10:15:30.900Z"},
]


def tells_of_stages(server: Any) -> None:
    server.on("GET", f"{PATH}/logs", [server.reply(content=ENTRIES[:1]), server.reply(content=ENTRIES)])
    server.on("GET", PATH, [state(server, "IN_PROGRESS", 10), state(server, "SUCCEEDED", 100)])


def test_a_log_file_gets_one_line_for_each_stage(server: Any, capsys: Any) -> None:
    tells_of_stages(server)
    wait_for_work_request(Service(server.url), "w", label="Deploying x")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == ["Deploying x: environment: 0.9 s", "Deploying x: load: 0.4 s"]


def test_work_without_stages_that_is_quick_shows_nothing(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server.on("GET", PATH, state(server, "SUCCEEDED", 100))
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    wait_for_work_request(Service(server.url), "w", label="Deploying x")
    assert terminal.getvalue() == ""


def test_nothing_is_shown_to_who_wants_no_progress(server: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("OPENADS_NO_PROGRESS", "1")
    tells_of_stages(server)
    wait_for_work_request(Service(server.url), "w", label="Deploying x")
    assert capsys.readouterr().err == ""
    assert not server.requests("GET", f"{PATH}/logs")


def test_a_terminal_shows_each_stage_with_its_seconds(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tells_of_stages(server)
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    wait_for_work_request(Service(server.url), "w", label="Deploying x")
    *stages, in_all = terminal.getvalue().splitlines()
    assert stages == ["Deploying x", "  ✓ environment: 0.9 s", "  ✓ load: 0.4 s"]
    assert re.fullmatch(r"  \d+\.\d s in all", in_all)


def test_ctrl_c_leaves_the_work_alone_and_says_so(server: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    server.on("GET", PATH, state(server, "IN_PROGRESS", 10))
    monkeypatch.setattr("ads.client.waiting.time.sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        wait_for_work_request(Service(server.url), "w", label="x", interrupted="The deployment d goes on.")
    assert "The deployment d goes on." in capsys.readouterr().err


@given(waited=st.floats(0, 1e5), interval=st.floats(0, 60))
def test_pauses_grow_with_the_wait_and_never_exceed_the_interval(waited: float, interval: float) -> None:
    pause = next_look(waited, interval)
    assert 0 <= pause <= interval
    assert pause <= max(0.05, waited / 10)
