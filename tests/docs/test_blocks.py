"""Every block of code on every page: Python is run, commands exist with these options, data can be read."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.docs.pages import blocks_of, every_page
from tests.own_service import environment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGES = every_page()
BEFORE = Path(__file__).parent / "before"

RUN_ELSEWHERE = {
    "README.md": "tests/e2e/test_tutorial_page.py",
    "docs/tutorial.md": "tests/e2e/test_tutorial_page.py",
    "docs/rollouts.md": "tests/e2e/test_rollouts.py, with shorter times",
    "docs/large-models.md": "tests/model/catalog/test_bucket_transfer.py",
}
"""Pages whose Python a test of their subject runs; here it only has to be Python."""

NEEDS = {"docs/howto/gpu.md": "torch", "docs/howto/oci.md": "oci", "docs/howto/oci-clients.md": "oci",
         "docs/serving.md": "tritonclient"}  # fmt: skip
PYTHON = [
    pytest.param(page, marks=[pytest.mark.needs(NEEDS[page])] if page in NEEDS else [])
    for page, text in PAGES.items()
    if page not in RUN_ELSEWHERE and any(block.language == "python" for block in blocks_of(text))
]
SHELL = frozenset({"", "sh", "bash", "console"})


@pytest.mark.parametrize("page", PYTHON)
def test_python_runs_as_it_stands(page: str, local_service: Path, tmp_path: Path) -> None:
    first = BEFORE / Path(page).relative_to("docs").with_suffix(".py")
    parts = [first.read_text()] if first.exists() else []
    parts += [block.text for block in blocks_of(PAGES[page]) if block.language == "python"]
    program = "\n".join(parts).replace('"127.0.0.1:8900"', '__import__("ads.client").client.Service.find().url[7:]')
    script = tmp_path / "page.py"
    script.write_text(program)
    clean = {**environment(local_service), "HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def service_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A service for these pages, which use names that other tests may use as well."""
    home = tmp_path_factory.mktemp("pages") / "home"
    yield home
    subprocess.run([sys.executable, "-m", "ads.service", "stop", "--home", str(home)], timeout=60, check=True)


@pytest.mark.parametrize("page", sorted(RUN_ELSEWHERE))
def test_python_that_other_tests_run_is_python(page: str) -> None:
    for block in blocks_of(PAGES[page]):
        if block.language == "python":
            compile(block.text, f"{page}:{block.line}", "exec")


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist_and_have_these_options(page: str) -> None:
    for block in blocks_of(PAGES[page]):
        if block.language in SHELL:
            for words in commands_in(block.text):
                require_command(words, f"{page}:{block.line}: ads {' '.join(words)}")


@pytest.mark.parametrize("page", PAGES)
def test_data_can_be_read(page: str) -> None:
    readers = {"json": json.loads, "toml": tomllib.loads}
    for block in blocks_of(PAGES[page]):
        if block.language in readers:
            readers[block.language](block.text)


def commands_in(text: str) -> list[list[str]]:
    """Return the words after ``ads`` of every command of ours in a block."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        if not (line := line.removeprefix("$ ")).startswith("ads ") and " ads " not in line:
            continue
        words = shlex.split(line, comments=True)
        while words:
            ends = [words.index(mark) for mark in ("&&", "|", ";", ">", "||") if mark in words]
            command, words = words[: min(ends)] if ends else words, words[min(ends) + 1 :] if ends else []
            if command[:1] == ["ads"]:
                found.append(command[1:])
    return found


def require_command(words: list[str], where: str) -> None:
    from ads.cli.main import cli

    command: click.Command = cli
    context = click.Context(cli, info_name="ads")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        inner = command.get_command(context, words[0])
        assert inner is not None, f"{where}: there is no such command"
        command, words = inner, words[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    try:
        command.make_parser(context).parse_args(list(words))
    except click.UsageError as error:
        pytest.fail(f"{where}: {error.format_message()}")
