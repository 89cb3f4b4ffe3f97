"""Comparing, what happened, settings: read and used without scripts."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.api.conftest import Running

from .conftest import Browser, Reader
from .shop import Shop, fill


@pytest.fixture(scope="module")
def shop(service: Running) -> Iterator[Shop]:
    return fill(service)


def test_the_first_page_counts_and_tells_what_happened(browser: Browser, shop: Shop) -> None:
    found = browser.twin("/console/")
    assert found["models"] == 4
    assert "alias.move" in {event["action"] for event in found["events"]}


def test_two_versions_beside_each_other_show_what_changed(browser: Browser, shop: Shop) -> None:
    first, _, third = shop.versions
    found = browser.twin(f"/console/compare?v={first}&v={third}")
    sections = {section["title"]: section for section in found["sections"]}
    assert sections["Metrics"]["rows"] == [{"key": "auc", "values": [0.81, 0.83]}]
    assert sections["Hyperparameters"]["rows"] == [{"key": "n_estimators", "values": [100, 300]}]
    assert sections["Environment"]["rows"] == [{"key": "scikit-learn", "values": ["1.1.0", "1.3.0"]}]
    assert sections["Environment"]["same"] == 1
    assert sections["Input schema"] == {"title": "Input schema", "rows": [], "same": 2}
    page = browser.page(f"/console/compare?v={first}&v={third}")
    assert '- return {"bias": 0.1}' in page.text.replace("-    ", "- ")
    assert browser.get(f"/console/compare?v={first}").status_code == 400


def test_changes_are_filtered_by_what_and_who(browser: Browser, shop: Shop) -> None:
    found = browser.twin("/console/activity?action=alias&principal=admin")["events"]
    assert {event["action"].partition(".")[0] for event in found} == {"alias"}
    assert browser.twin("/console/activity?principal=nobody")["events"] == []
    assert "churn@champion" in browser.page("/console/activity?action=alias").text


def test_a_token_is_shown_once_and_revoked(service: Running, browser: Browser) -> None:
    answer = browser.send("/console/settings", "/console/settings/tokens", name="laptop", verb="read", days="7")
    assert answer.status_code == 200
    shown = next(text for text in Reader(answer.text).texts if len(text) == 43)
    with httpx.Client(base_url=service.url, headers={"authorization": f"Bearer {shown}"}) as mine:
        assert mine.get("/openads/v1/service").status_code == 200
        assert mine.post("/20190101/projects", json={"compartmentId": service.compartment}).status_code == 404
    assert shown not in browser.get("/console/settings").text
    token = next(token for token in browser.twin("/console/settings")["tokens"] if token["name"] == "laptop")
    browser.send("/console/settings", f"/console/settings/tokens/{token['id']}/revoke")
    assert httpx.get(f"{service.url}/n", headers={"authorization": f"Bearer {shown}"}).status_code == 401


def test_a_user_gets_a_grant_and_sees_no_more_than_that(service: Running, browser: Browser, stranger: Browser) -> None:
    browser.send("/console/settings/people", "/console/settings/users", name="ada")
    found = browser.twin("/console/settings/people")
    ada = next(user for user in found["users"] if user["name"] == "ada")
    made = service.client.post("/openads/v1/tokens", json={"name": "hers", "userId": ada["id"]}).json()
    hers = Browser(service.url)
    hers.log_in(made["token"])
    assert hers.twin("/console/models")["items"] == []
    assert hers.twin("/console/settings/people")["users"] == [ada]
    browser.send(
        "/console/settings/people",
        "/console/settings/grants",
        user=ada["id"],
        verb="read",
        compartment=service.compartment,
    )
    assert hers.twin("/console/models")["items"] != []
    assert hers.get(f"/console/versions/{hers.twin('/console/models')['items'][0]['id']}").status_code == 200
    for path in ("/console/", "/console/activity", "/console/help", "/console/settings/storage"):
        assert hers.get(path).status_code == 200
    for tab in ("projects", "webhooks", "service"):
        assert hers.get(f"/console/settings/{tab}").status_code == 200
    sent = hers.post("/console/settings/users", {"name": "eve"})
    assert sent.status_code == 403  # without the session's token


def test_projects_and_webhooks_are_made(service: Running, browser: Browser) -> None:
    browser.send(
        "/console/settings/projects", "/console/settings/projects", name="fraud", compartment=service.compartment
    )
    assert "fraud" in {project["displayName"] for project in browser.twin("/console/settings/projects")["projects"]}
    place = "/console/settings/webhooks"
    refused = browser.send(place, place, url="http://127.0.0.1:1/x")
    assert refused.status_code == 400
    answer = browser.send(place, place, url="https://hooks.example.com/x", actions="alias.* model.*")
    assert "whsec_" in answer.text
    hook = browser.twin(place)["webhooks"][0]
    assert hook["actions"] == ["alias.*", "model.*"]
    assert f'action="{place}/{hook["id"]}/test"' in browser.get(place).text
    sent = browser.send(place, f"{place}/{hook['id']}/test")
    assert "A test delivery is on its way." in browser.get(sent.headers["location"]).text
    browser.send(place, f"{place}/{hook['id']}/delete")
    assert browser.twin(place)["webhooks"] == []


def test_storage_tells_what_is_kept_and_removes_what_nobody_needs(browser: Browser, shop: Shop) -> None:
    found = browser.twin("/console/settings/storage")
    assert found["artifacts"] >= 3
    assert found["garbage"]["count"] == 0


def test_every_form_that_changes_something_carries_a_token(browser: Browser, shop: Shop) -> None:
    places = ["/console/", "/console/models", f"/console/models/{shop.set_id}", f"/console/versions/{shop.versions[0]}"]
    places += [f"/console/settings{tab}" for tab in ("", "/people", "/projects", "/webhooks", "/storage", "/service")]
    for place in places:
        forms = [form for form in browser.page(place).forms if form["method"] == "post"]
        assert forms
        assert all("csrf" in form["fields"] for form in forms), place
