"""``docs/cli.md`` names every command, with the words of its summary."""

from __future__ import annotations

from pathlib import Path

import pytest

from ads.cli.commands import LazyCommand, LazyGroup
from ads.cli.main import cli

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


def leaves(group: LazyGroup = cli, path: str = "ads") -> list[tuple[str, LazyCommand]]:
    found: list[tuple[str, LazyCommand]] = []
    for name, lazy in group.lazy.items():
        command = lazy.load()
        inside = leaves(command, f"{path} {name}") if isinstance(command, LazyGroup) else [(f"{path} {name}", lazy)]
        found += inside
    return found


@pytest.mark.parametrize(("path", "lazy"), leaves(), ids=[path for path, _ in leaves()])
def test_the_page_names_the_command(path: str, lazy: LazyCommand) -> None:
    row = f"| `{path}` | {lazy.summary} |"
    assert row in PAGE, f"docs/cli.md lacks this line: {row}"


def test_the_page_names_no_command_that_is_not_there() -> None:
    written = {line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `ads ")}
    assert written == {path for path, _ in leaves()}
