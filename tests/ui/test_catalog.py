"""The catalog's pages in a browser: found, read and changed, by mouse and by keyboard, on every screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.api.conftest import Running, start

from .conftest import LOOKS, Watched, watched
from .pictures import furnish, places

pytestmark = [
    pytest.mark.needs("chromium"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # playwright's pipes, at its end
]

MOST_BYTES = 60_000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, dict[str, str]]]:
    """A furnished catalog, and its pages by name."""
    running, stop = start(tmp_path_factory.mktemp("home"))
    yield running, places(furnish(running))
    stop()


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def visitor(
    request: pytest.FixtureRequest, service: tuple[Running, dict[str, str]], chromium: Browser
) -> Iterator[Watched]:
    """A browser of this width and scheme, logged in by a link."""
    running, _ = service
    width, scheme = request.param
    context = chromium.new_context(
        base_url=running.url, viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    found = watched(context, running.url)
    found.page.goto(running.client.post("/openads/v1/consoleLinks", json={}).json()["path"])
    yield found
    context.close()
    assert found.complaints == []
    assert found.strangers == []


def test_every_page_is_accessible_and_fits_the_screen(
    visitor: Watched, service: tuple[Running, dict[str, str]]
) -> None:
    page = visitor.page
    found: list[str] = []
    for name, place in service[1].items():
        answer = page.goto(place)
        assert answer is not None
        assert answer.status == 200
        assert len(answer.body()) < MOST_BYTES, name
        seen = Axe().run(page)
        if seen.violations_count:
            found.append(f"{name}: {seen.generate_report()}")
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found.append(f"{name} is wider than the screen")
    assert found == [], "\n".join(found)


def test_keys_lead_to_pages_and_to_the_search(visitor: Watched) -> None:
    page = visitor.page
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url("**/console/models")
    page.keyboard.press("/")
    page.keyboard.type("alias:champion")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/models?q=alias**")
    expect(page.get_by_role("row")).to_have_count(6)
    page.get_by_role("heading", name="Models").click()
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Finding models")).to_be_visible()


def test_an_alias_moves_and_everybody_who_looks_sees_it(
    visitor: Watched, service: tuple[Running, dict[str, str]]
) -> None:
    running, pages = service
    page = visitor.page
    page.goto(pages["model"])
    page.get_by_label("Alias", exact=True).fill("shadow")
    page.locator("select[name=version]").select_option("2")
    page.get_by_role("button", name="Set the alias").click()
    expect(page.get_by_role("status")).to_have_text("The alias points there now.")
    row = page.locator("#versions").get_by_role("row").filter(has_text="shadow")
    expect(row.get_by_role("link", name="2", exact=True)).to_be_visible()
    set_id = pages["model"].rpartition("/")[2]
    alias = f"/openads/v1/modelVersionSets/{set_id}/aliases/shadow"
    running.client.put(alias, json={"versionId": 5})  # somebody else, elsewhere
    expect(row.get_by_role("link", name="5", exact=True)).to_be_visible(timeout=20_000)
    running.client.delete(alias)


def test_versions_are_ticked_and_compared(visitor: Watched, service: tuple[Running, dict[str, str]]) -> None:
    page = visitor.page
    page.goto(service[1]["model"])
    page.get_by_label("Compare version 9").check()
    page.get_by_label("Compare version 1").check()
    page.get_by_role("button", name="Compare the chosen").click()
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    expect(page.locator("main")).to_contain_text("n_estimators")


def test_without_scripts_everything_is_there(chromium: Browser, service: tuple[Running, dict[str, str]]) -> None:
    running, pages = service
    context = chromium.new_context(base_url=running.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/console/models?q=churn")
    page.get_by_label("Token").fill(running.context.home.token_file.read_text())
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{running.url}/console/models?q=churn")
    page.goto(pages["version"])
    page.get_by_role("link", name="Files").click()
    expect(page.locator("pre.py")).to_contain_text("def predict")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    context.close()
