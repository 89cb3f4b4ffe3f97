"""The sink: the same data in three formats, safe for terminals and for pipes."""

from __future__ import annotations

import io
import json

import pytest

from ads.cli.output import Column, Output, plain

COLUMNS = (
    Column("NAME", lambda row: row["name"], foldable=True),
    Column("STATE", lambda row: row["state"], state=True),
    Column("ID", lambda row: row["id"], lambda value: value[-4:]),
)
ROWS = [
    {"name": "churn", "state": "ACTIVE", "id": "ocid1.x.aaaa1234"},
    {"name": "a\tb\n", "state": "FAILED", "id": "y5678"},
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def sink(format="human", terminal=False):  # noqa: A002
    stream = Terminal if terminal else io.StringIO
    return Output(format, stream(), stream())


def test_a_pipe_gets_tab_separated_lines_with_whole_values():
    output = sink()
    assert output.table(ROWS, COLUMNS) == 2
    assert output.stdout.getvalue() == "NAME\tSTATE\tID\nchurn\tACTIVE\tocid1.x.aaaa1234\na b \tFAILED\ty5678\n"


def test_programs_get_everything_as_json_also_when_there_is_nothing():
    output = sink("json")
    output.table(ROWS, COLUMNS)
    assert json.loads(output.stdout.getvalue()) == ROWS
    empty = sink("json")
    empty.table([], COLUMNS)
    assert json.loads(empty.stdout.getvalue()) == []


def test_quiet_is_ids_only():
    output = sink("quiet")
    output.table(ROWS, COLUMNS)
    output.success("done")
    output.hint("next")
    output.warn("careful")
    assert output.stdout.getvalue() == "ocid1.x.aaaa1234\ny5678\n"
    assert output.stderr.getvalue() == ""


def test_people_get_a_table_with_short_values_and_colours(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    output = sink(terminal=True)
    output.table(ROWS, COLUMNS)
    text = output.stdout.getvalue()
    assert "1234" in text
    assert "ocid1" not in text
    assert "\x1b[" in text


def test_no_color_is_respected(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    output = sink(terminal=True)
    output.table(ROWS, COLUMNS)
    output.success("done")
    output.error("bad", hint="do this")
    assert "\x1b[3" not in output.stdout.getvalue()
    assert "\x1b" not in output.stderr.getvalue()


@pytest.mark.parametrize("name", ["[red]x[/red]", "\x1b[2Jgone", "a\x07b"])
def test_a_name_can_not_steer_the_terminal(monkeypatch, name):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    output = sink(terminal=True)
    output.table([{"name": name, "state": "ACTIVE", "id": "x"}], COLUMNS)
    output.error(name)
    for text in (output.stdout.getvalue(), output.stderr.getvalue()):
        assert "\x1b" not in text
        assert "\x07" not in text
    if "red" in name:
        assert name in output.stdout.getvalue()


def test_a_narrow_terminal_keeps_every_row_readable(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "30")
    output = sink(terminal=True)
    output.table([{"name": "a-very-long-name-of-a-model-in-production", "state": "ACTIVE", "id": "12345678"}], COLUMNS)
    assert all(len(line.rstrip()) <= 30 for line in output.stdout.getvalue().splitlines())


def test_a_record_leaves_out_what_has_no_value():
    output = sink()
    output.record({"name": "", "state": "ACTIVE", "id": "x"}, COLUMNS)
    assert output.stdout.getvalue() == "STATE\tACTIVE\nID\tx\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), ({"a": "ä"}, '{"a": "ä"}'), ("x\r\ny", "x  y"), (1.5, "1.5")],
)
def test_plain_values_stay_on_one_line(value, text):
    assert plain(value) == text


def test_a_record_for_people_can_be_copied_and_keeps_its_lines(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    output = sink(terminal=True)
    columns = (Column("details", lambda row: row["details"]), Column("model id", lambda row: row["id"]))
    output.record({"details": "It failed.\nDo this.", "id": "ocid1." + "a" * 80}, columns)
    assert output.stdout.getvalue() == f"Details   It failed.\n          Do this.\nModel ID  ocid1.{'a' * 80}\n"
