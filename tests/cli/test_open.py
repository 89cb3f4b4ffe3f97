"""``ads open``: a link that logs in once, and leads to what was named."""

from __future__ import annotations

import httpx
import pytest

from ads.cli.main import run
from tests.api.conftest import Running, start


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory):
    running, stop = start(tmp_path_factory.mktemp("home"))
    yield running
    stop()


@pytest.fixture
def link(service: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENADS_HOME", str(service.context.home.root))
    monkeypatch.setenv("OPENADS_URL", service.url)
    monkeypatch.setenv("OPENADS_TOKEN", service.context.home.token_file.read_text())

    def run_open(*arguments: str) -> tuple[int, str]:
        code = run(["open", "-q", *arguments])
        return code, capsys.readouterr().out.strip()

    return run_open


def test_the_link_logs_in_once(service: Running, link) -> None:
    code, url = link()
    assert code == 0
    with httpx.Client(headers={"accept": "text/html"}, follow_redirects=True) as browser:
        page = browser.get(url)
        assert page.status_code == 200
        assert "Needs attention" in page.text
    assert httpx.get(url, headers={"accept": "text/html"}).status_code == 401


def test_it_leads_to_the_page_of_a_model(service: Running, link) -> None:
    model = service.create_model(displayName="churn")
    _, url = link("churn")
    answer = httpx.get(url, headers={"accept": "text/html"})
    assert answer.headers["location"] == f"/console/versions/{model['id']}"


def test_what_is_not_there_is_said(link) -> None:
    code, url = link("nothing-of-that-name")
    assert (code, url) == (3, "")
