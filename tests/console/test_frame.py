"""The frame of the console: who gets in, what every answer carries, pages and their twins."""

from __future__ import annotations

import httpx
import pytest

from tests.api.conftest import Running

from .conftest import Browser, Reader


def test_a_browser_is_led_to_the_login_and_from_there_to_its_page(stranger: Browser, token: str) -> None:
    answer = stranger.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/")
    answer = stranger.get("/console/models")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/login?next=/console/models")
    login = answer.headers["location"]
    sent = stranger.send(login, "/console/login", token=token)
    assert (sent.status_code, sent.headers["location"]) == (303, "/console/models")
    assert "Log out" in stranger.page("/console/").text


def test_a_client_without_a_credential_gets_401_as_everywhere(service: Running, stranger: Browser) -> None:
    for path in ("/", "/console/", "/console/models"):
        answer = httpx.get(service.url + path)
        assert (answer.status_code, answer.json()["code"]) == (401, "NotAuthenticated")


def test_a_wrong_token_says_so_and_opens_nothing(stranger: Browser) -> None:
    answer = stranger.log_in("wrong")
    assert answer.status_code == 401
    assert "not accepted" in Reader(answer.text).text
    assert stranger.get("/console/").status_code == 303


def test_a_page_has_a_twin_in_json_at_its_address(service: Running, browser: Browser) -> None:
    by_accept = browser.twin("/console/")
    by_name = browser.get("/console/.json").json()
    by_token = service.client.get("/console/").json()
    assert by_accept["title"] == by_name["title"] == by_token["title"] == "Overview"


def test_every_page_forbids_scripts_of_others_and_framing(browser: Browser) -> None:
    for path in ("/console/", "/console/login", "/console/nothing"):
        headers = browser.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_styles_and_scripts_are_kept_for_ever_under_their_digest(browser: Browser) -> None:
    shown = browser.page("/console/")
    files = [attrs.get("href") or attrs.get("src") for tag, attrs in shown.tags if tag in {"link", "script"}]
    assert len(files) >= 4
    for file in files:
        assert file is not None
        answer = browser.get(file)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


def test_a_link_logs_in_once(service: Running, stranger: Browser) -> None:
    made = service.client.post("/openads/v1/consoleLinks", json={"place": "/console/models?q=churn"}).json()
    assert stranger.http.head(made["path"]).status_code == 404  # looking doesn't use it up
    answer = stranger.get(made["path"])
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/models?q=churn")
    assert stranger.get("/console/").status_code == 200
    other = Browser(service.url)
    assert other.get(made["path"]).status_code == 401
    assert other.get("/console/").status_code == 303


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "/console//evil", "/other", "/consoles"])
def test_a_link_leads_nowhere_else(service: Running, place: str) -> None:
    assert service.client.post("/openads/v1/consoleLinks", json={"place": place}).status_code == 400


def test_a_revoked_token_ends_the_sessions_that_it_opened(service: Running, stranger: Browser) -> None:
    made = service.client.post("/openads/v1/tokens", json={"name": "mine"}).json()
    stranger.log_in(made["token"])
    assert stranger.get("/console/").status_code == 200
    assert service.client.delete(f"/openads/v1/tokens/{made['id']}").status_code == 204
    assert stranger.get("/console/").status_code == 303


def test_a_page_that_is_not_there_says_so(browser: Browser) -> None:
    answer = browser.get("/console/nothing")
    assert answer.status_code == 404
    assert "Not found" in Reader(answer.text).text


def test_modules_read_the_api_with_the_session_and_change_nothing_with_it(service: Running, browser: Browser) -> None:
    assert browser.get("/console/api/openads/v1/service").json()["compartmentId"] == service.compartment
    assert browser.http.post("/console/api/openads/v1/tokens", json={"name": "x"}).status_code == 401
    assert browser.http.post("/openads/v1/tokens", json={"name": "x"}).status_code == 401
    assert browser.get("/console/api/n").status_code == 404
