"""Operating deployments in a browser: from the model to a prediction, an update, the way back, and the end."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.own_service import eventually

from .conftest import Shown, Watched

pytestmark = [
    pytest.mark.needs("chromium"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # playwright's pipes, at its end
]

SOON = 30_000
TABS = ("", "/invoke", "/traffic", "/logs?type=access", "/replicas", "/settings")


def log_in(page: Page, shown: Shown, place: str = "/console/") -> None:
    page.goto(place)
    page.get_by_label("Token").fill(shown.token)
    page.get_by_role("button", name="Log in").click()


def in_state(page: Page, state: str) -> None:
    """Wait for the state to be shown, without a word of ours to the browser."""
    expect(page.locator(f"#head [data-state={state}]")).to_be_visible(timeout=SOON)


def tab(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Parts of the deployment").get_by_role("link", name=name).click()


def predict(page: Page, expected: str) -> None:
    tab(page, "Invoke")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.locator("#answer")).to_contain_text("http 200")
    expect(page.locator("#answer pre")).to_contain_text(expected)


def test_from_a_model_to_the_end_of_its_deployment(
    visit: Watched, shown: Shown, request: pytest.FixtureRequest
) -> None:
    page, name = visit.page, f"shop {request.node.callspec.id}"
    log_in(page, shown)
    # find a model, and read why its checks failed
    page.get_by_role("searchbox", name="Find a model").fill("churn")
    page.keyboard.press("Enter")
    page.get_by_role("main").get_by_role("link", name="churn", exact=True).first.click()
    page.goto(f"/console/versions/{shown.versions[0]}")
    page.get_by_role("link", name="Checks").click()
    expect(page.get_by_text("The function predict is missing.")).to_be_visible()
    # deploy it from its page, and watch it become active
    page.get_by_role("link", name="Deploy", exact=True).click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    in_state(page, "ACTIVE")
    id_ = page.url.rpartition("/")[2].partition("?")[0]
    # invoke it with the form that the schema makes, prefilled with the sample
    tab(page, "Invoke")
    expect(page.get_by_role("textbox", name="tenure")).to_have_value("12")
    expect(page.get_by_role("textbox", name="plan")).to_have_value("gold")
    visit.refusals = 1
    page.get_by_role("textbox", name="tenure").fill("much")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("tenure is 'much', not a whole number.")
    page.get_by_role("textbox", name="tenure").fill("30")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.locator("#answer pre")).to_contain_text("0.25")
    expect(page.locator("#answer")).to_contain_text("At the gateway")
    expect(page.get_by_label("Payload")).to_have_value(re.compile('"tenure": 30'))
    # see the request in the chart and in the logs, and the next ones without asking again
    tab(page, "Overview")
    expect(page.locator("#totals div").first).to_contain_text("1 requests", timeout=SOON)
    send(shown, id_)
    expect(page.locator("#totals div").first).to_contain_text("2 requests", timeout=SOON)
    expect(page.locator("#requests .area").first).to_be_visible()
    tab(page, "Logs")
    expect(page.locator("[data-log-state]")).to_have_text("live")
    before = page.locator(".log li").count()  # the sample was predicted as well
    send(shown, id_)
    expect(page.locator(".log li")).to_have_count(before + 1)
    expect(page.locator(".log li").last).to_contain_text("scored ['gold']")
    page.locator("select[name=type]").select_option("access")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".log li")).to_have_count(3)
    expect(page.locator(".log li").last).to_contain_text(re.compile(r"200 .* ms .* /predict"))
    # update it, and roll it back
    tab(page, "Traffic")
    page.locator("#update").get_by_label("Model").fill("churn:2")
    page.get_by_role("button", name="Roll out").click()
    expect(page.locator("#history")).to_contain_text("succeeded", timeout=SOON)
    expect(page.locator("#head")).to_contain_text("churn:2")
    in_state(page, "ACTIVE")
    predict(page, "0.75")
    page.locator("#head").get_by_role("button", name="Roll back").click()
    expect(page.locator("#head")).to_contain_text("churn:1", timeout=SOON)
    in_state(page, "ACTIVE")
    predict(page, "0.25")
    # stop it, start it, delete it
    page.get_by_role("button", name="Stop").click()
    in_state(page, "INACTIVE")
    tab(page, "Invoke")
    expect(page.get_by_text("it answers no predictions now")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    in_state(page, "ACTIVE")
    predict(page, "0.25")
    page.locator("#head").get_by_role("link", name="Delete").click()
    page.get_by_text("Delete this deployment").click()
    visit.refusals = 1
    page.get_by_label(re.compile("to confirm")).fill("another")
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("nothing is deleted")
    page.get_by_text("Delete this deployment").click()
    page.get_by_label(re.compile("to confirm")).fill(name)
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Deleted")
    eventually(lambda: shown.state(id_) == "DELETED")
    page.reload()
    expect(page.get_by_role("link", name=name)).to_have_count(0)


def test_what_failed_says_why_where_it_is_seen(visit: Watched, shown: Shown) -> None:
    id_ = shown.deploy("broken-api", shown.broken)
    page = visit.page
    log_in(page, shown, f"/console/deployments/{id_}")
    in_state(page, "FAILED")
    expect(page.locator("#reason")).to_contain_text("the weights are gone")
    page.goto("/console/deployments?state=FAILED")
    expect(page.locator("#list .reason").first).to_be_visible()
    page.goto(f"/console/deployments/{id_}/logs")
    expect(page.locator(".log")).to_contain_text("the weights are gone")


def test_without_scripts_everything_works_but_what_is_live(shown: Shown, chromium: Browser) -> None:
    id_ = shown.deploy("no scripts", shown.versions[0])
    eventually(lambda: shown.state(id_) == "ACTIVE")
    context = chromium.new_context(base_url=shown.url, java_script_enabled=False)
    page = context.new_page()
    log_in(page, shown, f"/console/deployments/{id_}")
    predict(page, "0.25")
    tab(page, "Logs")
    expect(page.locator(".log")).to_contain_text("scored ['gold']")
    expect(page.locator("[data-log-state]")).to_have_text("as of now")
    expect(page.locator("[data-copy]").first).to_be_hidden()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("status").first).to_contain_text("Stopping")
    eventually(lambda: shown.state(id_) == "INACTIVE")
    page.reload()
    in_state(page, "INACTIVE")
    context.close()


def test_every_page_of_a_deployment_can_be_used_by_everybody(visit: Watched, shown: Shown) -> None:
    """Labels, contrast, names, order: what axe finds; and nothing is wider than its window."""
    id_ = shown.deploy("looked-at", shown.versions[0])
    eventually(lambda: shown.state(id_) == "ACTIVE")
    send(shown, id_)
    page = visit.page
    log_in(page, shown)
    places = [f"/console/deployments/{id_}{end}" for end in TABS]
    new = f"/console/deployments/new?model={shown.versions[0]}"
    for place in ("/console/deployments", new, *places):
        page.goto(place)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{place}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
    page.goto(f"/console/deployments/{id_}/replicas")
    expect(page.locator("#replicas tbody")).to_contain_text(
        re.compile(r"ready\s*1\s*\d+\s*[\d.]+ MB.*parity", re.DOTALL)
    )
    page.goto(f"/console/deployments/{id_}/invoke")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.locator("#answer")).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def send(shown: Shown, deployment_id: str) -> None:
    answer = shown.client.post(f"/{deployment_id}/predict", json={"data": [{"tenure": 1, "plan": "gold"}]})
    assert answer.status_code == 200, answer.text
