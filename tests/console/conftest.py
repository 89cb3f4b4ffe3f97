"""A running control plane, and a browser without scripts: it keeps cookies and sends forms as they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from tests.api.conftest import Running, start


class Reader(HTMLParser):
    """What a page shows: its forms with their fields, its links, its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "form":
            self.forms.append({"action": found.get("action", ""), "method": found.get("method", "get"), "fields": {}})
        elif tag in {"input", "textarea", "select", "button"} and found.get("name") and self.forms:
            self.forms[-1]["fields"].setdefault(found["name"], found.get("value") or "")
        elif tag == "a":
            self.links.append(found.get("href") or "")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


class Browser:
    """A browser of one person."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, headers={"accept": "text/html,*/*;q=0.8"}, timeout=30)

    def get(self, path: str, **named: Any) -> httpx.Response:
        return self.http.get(path, **named)

    def page(self, path: str) -> Reader:
        answer = self.http.get(path, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return Reader(answer.text)

    def twin(self, path: str) -> Any:
        answer = self.http.get(path, headers={"accept": "application/json"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, path: str, action: str, origin: str | None = None, **fields: Any) -> httpx.Response:
        """Fill in the form with this action on the page at this path, and send it."""
        shown = Reader(self.http.get(path, follow_redirects=True).text)
        form = next(form for form in shown.forms if form["action"] == action)
        return self.post(action, {**form["fields"], **fields}, origin)

    def post(self, action: str, fields: dict[str, Any], origin: str | None = None) -> httpx.Response:
        return self.http.post(action, data=fields, headers={"origin": origin or self.url})

    def log_in(self, token: str) -> httpx.Response:
        return self.send("/console/login", "/console/login", token=token)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, new_database: Callable[..., str]) -> Iterator[Running]:
    running, stop = start(tmp_path_factory.mktemp("home"), database_url=new_database())
    yield running
    stop()


@pytest.fixture
def token(service: Running) -> str:
    return service.context.home.token_file.read_text()


@pytest.fixture
def stranger(service: Running) -> Iterator[Browser]:
    """A browser that is not logged in."""
    browser = Browser(service.url)
    yield browser
    browser.http.close()


@pytest.fixture
def browser(stranger: Browser, token: str) -> Browser:
    """A browser that the administrator is logged in with."""
    answer = stranger.log_in(token)
    assert answer.status_code == 303, answer.text
    return stranger
