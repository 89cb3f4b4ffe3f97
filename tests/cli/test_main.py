"""The boundary: help, exit statuses, errors in two or three lines, never a traceback unless asked."""

from __future__ import annotations

import json

import click
import pytest

from ads.cli import main
from ads.cli.commands import Command, LazyGroup
from ads.errors import ServiceTimeout


def all_commands(
    group: LazyGroup = main.cli, path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], click.Command]]:
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name, lazy in group.lazy.items():
        command = lazy.load()
        found.append(((*path, name), command))
        if isinstance(command, LazyGroup):
            found += all_commands(command, (*path, name))
    return found


@pytest.mark.parametrize("path", [path for path, _ in all_commands()], ids=" ".join)
def test_help_of_every_command_shows_an_example_first(ads, path):
    result = ads(*path, "--help")
    assert result.code == 0
    assert result.out.startswith("Example:\n  ")
    assert " ".join(("ads", *path)) in result.out.splitlines()[1] or len(path) == 1
    assert f"Usage: {' '.join(('ads', *path))}" in result.out
    assert "--format" in result.out
    assert all(len(line) <= 110 for line in result.out.splitlines())


def test_the_list_of_commands_says_what_their_help_says():
    for path, command in all_commands():
        assert isinstance(command, Command | LazyGroup), path
        assert command.name == path[-1]
        assert command.help, path


def test_ads_alone_shows_what_there_is(ads):
    result = ads()
    assert result.code == 0
    for name in ("serve", "stop", "status", "doctor", "models", "deployments", "predict", "config"):
        assert f"\n  {name} " in result.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["modles", "ls"], "There is no command 'ads modles'. Did you mean 'ads models'?"),
        (["models", "lss"], "There is no command 'ads models lss'. Did you mean 'ads models ls'?"),
        (["models", "ls", "--formt", "json"], "No such option"),
        (["models", "info"], "Missing argument 'REF'"),
        (["models", "ls", "--format", "xml"], "'xml' is not one of 'human', 'json', 'quiet'"),
    ],
)
def test_wrong_usage_is_two_lines_and_status_2(ads, arguments, expected):
    result = ads(*arguments)
    assert result.code == 2
    assert result.out == ""
    lines = result.err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("Error: ")
    assert expected in lines[0]
    assert lines[1].startswith("See how it is used: ads")


def test_shared_options_stand_before_or_after_the_command(ads, service):
    before = ads("--format", "json", "models", "ls")
    between = ads("models", "--format", "json", "ls")
    after = ads("models", "ls", "--format", "json")
    assert json.loads(before.out) == json.loads(between.out) == json.loads(after.out) == service.models


def test_nothing_runs(ads, home):
    result = ads("models", "ls")
    assert result.code == 6
    assert result.out == ""
    assert f"No service is running for the data directory {home.root}" in result.err
    assert "ads serve" in result.err
    assert not home.root.exists(), "a command that only looks must not make a data directory"


def test_an_error_is_one_json_object_for_programs(ads):
    result = ads("models", "ls", "--format", "json")
    assert result.out == ""
    assert json.loads(result.err)["error"]["code"] == "service-unreachable"


def test_errors_of_the_service_are_short_and_name_the_request_where_it_helps(ads, service):
    answers = service.answers
    answers["GET", "/openads/v1/models/search"] = (401, {"code": "NotAuthenticated", "message": "The token is wrong."})
    refused = ads("models", "ls")
    assert refused.code == 4
    assert refused.err.splitlines()[0] == "Error: The token is wrong."
    assert len(refused.err.splitlines()) == 2
    assert "GET /openads/v1/models/search answered 401" in ads("models", "ls", "--debug").err
    assert json.loads(ads("models", "ls", "--format", "json").err)["error"]["requestId"] == "REQ1"
    answers["GET", "/openads/v1/models/search"] = (500, {"code": "InternalServerError", "message": "It broke (badly)."})
    broken = ads("models", "ls")
    assert broken.code == 1
    assert broken.err.splitlines() == ["Error: It broke (badly).", "Request id: REQ1"]


def test_a_broken_setting_is_a_usage_error(ads, monkeypatch):
    monkeypatch.setenv("OPENADS_PORT", "eighty")
    result = ads("config", "show")
    assert result.code == 2
    assert "'eighty'" in result.err


def test_a_defect_says_so_and_shows_the_traceback_on_demand(ads, monkeypatch):
    monkeypatch.setattr("ads.settings.setting_names", lambda: 1 / 0)
    plain = ads("config", "show")
    assert plain.code == 1
    assert "ZeroDivisionError" in plain.err
    assert "Traceback" not in plain.err
    assert "--debug" in plain.err
    assert "Traceback" in ads("config", "show", "--debug").err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyboardInterrupt(), 130),
        (PermissionError(13, "Permission denied", "/some/file"), 4),
        (OSError(28, "No space left on device"), 1),
        (ServiceTimeout("It takes too long."), 7),
    ],
)
def test_other_failures_become_lines_too(ads, monkeypatch, error, code):
    def fail() -> None:
        raise error

    monkeypatch.setattr("ads.settings.setting_names", fail)
    result = ads("config", "show")
    assert result.code == code
    assert "Traceback" not in result.err
    assert result.err
