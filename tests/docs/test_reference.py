"""What the program has, the reference has: commands, settings, metrics, errors, endpoints, verbs."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import click
import pytest

from ads import errors
from ads.api.rules import RULES
from ads.cli.main import cli
from tests.docs.pages import DOCS, REPOSITORY
from tests.own_service import OwnService

import generated_pages  # isort: skip - beside the pages, found by tests.docs.pages


def every_command(command: click.Command, context: click.Context) -> list[str]:
    paths = [context.command_path]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            paths += every_command(inner, click.Context(inner, info_name=name, parent=context))
    return paths


def test_every_command_has_its_help_on_the_page() -> None:
    page = generated_pages.commands_page()
    for path in every_command(cli, click.Context(cli, info_name="ads")):
        assert re.search(rf"^#+ {re.escape(path)}$", page, re.MULTILINE), path


def test_every_error_is_on_the_page_with_its_code() -> None:
    page = generated_pages.errors_page()
    kinds = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, errors.AdsError)]
    assert len(kinds) > 50
    for kind in kinds:
        assert f"| `{kind.__name__}` | `{kind.code}` |" in page
        assert kind.__doc__


def test_every_code_of_an_answer_is_on_the_page_of_the_api() -> None:
    page = (DOCS / "api.md").read_text()
    found = {"RequestEndsReplicas"}
    for package in ("api", "gateway", "registry"):
        for file in (REPOSITORY / "src" / "ads" / package).rglob("*.py"):
            found |= set(re.findall(r'(?:\b[45]\d\d, |service_code=)"([A-Z]\w*[a-z]\w*)"', file.read_text()))
    assert len(found) > 30
    for code in found:
        assert f"`{code}`" in page, code


def test_every_endpoint_is_on_the_page() -> None:
    page = generated_pages.rest_page().replace(":path}", "}")
    for method, path in RULES:
        assert f"`{method} {path.replace(':path}', '}')}`" in page, f"{method} {path}"


def test_every_metric_that_a_service_tells_is_on_the_page(own_service: OwnService) -> None:
    import httpx

    from ads.client import Service

    service = Service.find()
    told = httpx.get(f"{service.url}/metrics", headers={"Authorization": f"Bearer {own_service.token}"}).text
    names = re.findall(r"^# TYPE (\S+) (\w+)$", told, re.MULTILINE)
    page = generated_pages.metrics_page()
    assert len(names) > 10
    for name, kind in names:
        assert f"| `{name}` | {kind} |" in page


class Parts(HTMLParser):
    """What a page makes a browser fetch, and the ids that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids.add(values.get("id") or "")
        if tag in {"script", "img", "iframe"}:
            self.fetched.append(values.get("src") or "")
        if tag == "link" and values.get("rel") not in {"canonical", "next", "prev"}:
            self.fetched.append(values.get("href") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    # not --quiet: what it doesn't show, --strict doesn't count
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=REPOSITORY, env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "https_proxy": "http://127.0.0.1:1"},
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.needs("mkdocs")
def test_the_site_builds_without_a_warning_and_fetches_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        assert not [address for address in Parts(page.read_text()).fetched if "//" in address], page


@pytest.mark.needs("mkdocs")
@pytest.mark.parametrize("verb", ["prepare", "verify", "introspect", "save", "deploy", "predict", "summary_status"])
def test_every_verb_of_a_model_is_in_the_python_reference(site: Path, verb: str) -> None:
    ids = Parts((site / "reference" / "python.html").read_text()).ids
    assert any(each.startswith("ads.") and each.endswith(f".GenericModel.{verb}") for each in ids)


@pytest.mark.needs("mkdocs")
def test_every_page_can_be_found_from_the_first_one(site: Path) -> None:
    listed = (site / "index.html").read_text()
    for page in [*DOCS.rglob("*.md"), *(DOCS / name for name in generated_pages.PAGES)]:
        address = page.relative_to(DOCS).with_suffix(".html").as_posix()
        assert address == "index.html" or f'href="{address}"' in listed, address
