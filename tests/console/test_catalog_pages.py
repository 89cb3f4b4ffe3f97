"""The pages of the catalog, as somebody reads and uses them without scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.conftest import Running

from .conftest import Browser, Reader
from .shop import Shop, fill


@pytest.fixture(scope="module")
def shop(service: Running) -> Iterator[Shop]:
    return fill(service)


def test_every_name_is_listed_once_with_its_newest_version(browser: Browser, shop: Shop) -> None:
    found = {line["name"]: line for line in browser.twin("/console/models")["items"]}
    assert found["churn"]["versionId"] == 3
    assert found["churn"]["setAliases"] == [{"name": "champion", "versionId": 1}]
    assert found["alone"]["versionId"] is None
    page = browser.page("/console/models")
    assert "champion → 1" in page.text
    assert f"/console/models/{shop.set_id}" in page.links


def test_a_search_is_in_the_address_and_narrows_down(browser: Browser, shop: Shop) -> None:
    found = browser.twin("/console/models?q=auc>0.815 -alias:champion")
    assert {line["id"] for line in found["items"]} == set(shop.versions[1:])
    facets = {facet["title"]: facet["values"] for facet in found["facets"]}
    assert {"term": "framework:xgboost", "text": "xgboost", "count": 1} in facets["Framework"]
    assert facets["Alias"][0]["text"] == "champion"
    assert "xgboost" in browser.page("/console/models?q=framework:xgboost").text


def test_a_query_that_cannot_be_read_says_where(browser: Browser, shop: Shop) -> None:
    page = browser.page('/console/models?q="open')
    assert "position" in page.text or "quot" in page.text


def test_a_name_shows_the_trend_of_a_metric(browser: Browser, shop: Shop) -> None:
    found = browser.twin(f"/console/models/{shop.set_id}")
    assert [(point["versionId"], point["value"]) for point in found["trend"]] == [(1, 0.81), (2, 0.82), (3, 0.83)]
    assert [line["versionId"] for line in found["versions"]] == [3, 2, 1]
    page = browser.page(f"/console/models/{shop.set_id}")
    assert len([tag for tag, _ in page.tags if tag == "circle"]) == 3


def test_an_alias_is_moved_and_taken_away(browser: Browser, shop: Shop) -> None:
    place = f"/console/models/{shop.set_id}"
    sent = browser.send(place, f"{place}/alias", alias="challenger", version="2", reason="better")
    assert sent.headers["location"] == f"{place}?done=moved"
    assert "The alias points there now." in browser.page(sent.headers["location"]).text
    aliases = {alias["name"]: alias["versionId"] for alias in browser.twin(place)["aliases"]}
    assert aliases == {"champion": 1, "challenger": 2}
    browser.send(place, f"{place}/alias/challenger/delete")
    assert [alias["name"] for alias in browser.twin(place)["aliases"]] == ["champion"]


def test_what_the_api_refuses_is_said_on_the_page_and_what_was_typed_stays(browser: Browser, shop: Shop) -> None:
    place = f"/console/models/{shop.set_id}"
    answer = browser.send(place, f"{place}/alias", alias="LATEST", version="2", reason="because")
    assert answer.status_code == 400
    page = Reader(answer.text)
    assert "can't be the name of an alias" in page.text
    assert "because" in answer.text


@pytest.mark.parametrize(
    ("tab", "said"),
    [
        ("", "scikit-learn"),
        ("/schema", "tenure"),
        ("/files", "requirements.txt"),
        ("/checks", "The function predict is missing."),
        ("/provenance", "Nothing is recorded"),
        ("/lineage", "s3://lake/contracts.parquet"),
        ("/card", "Predicts which customers leave."),
    ],
)
def test_each_part_of_a_version_tells_what_it_should(browser: Browser, shop: Shop, tab: str, said: str) -> None:
    page = browser.page(f"/console/versions/{shop.versions[2]}{tab}")
    assert said in page.text
    assert "churn:3" in page.text


def test_a_lineage_is_drawn_with_links_and_is_written_on_the_page(browser: Browser, shop: Shop) -> None:
    place = f"/console/versions/{shop.versions[0]}"
    before = browser.twin(f"{place}/lineage")
    data = "\n".join(node["id"] for node in before["trainedFrom"])
    fields = {"trainedFrom": f"{data}\ns3://lake/<b>more</b>.parquet", "derivedFrom": ""}
    assert browser.send(f"{place}/lineage", f"{place}/lineage", **fields).status_code == 303
    page = browser.page(f"{place}/lineage")
    assert "<b>more</b>" in page.text
    assert ("b", {}) not in [(tag, given) for tag, given in page.tags if "more" in str(given)]
    drawn = browser.twin(f"{place}/lineage")["drawn"]
    assert [box["name"] for box in drawn["boxes"] if box["here"]] == ["churn:1"]
    heirs = [box for box in drawn["boxes"] if box["place"] == f"/console/versions/{shop.versions[-1]}"]
    assert [box["name"] for box in heirs] == ["churn:3"]
    assert ("a", {"href": heirs[0]["place"], "aria-label": "churn:3, model, active"}) in page.tags
    wrong = browser.send(f"{place}/lineage", f"{place}/lineage", derivedFrom="no-such-model")
    assert wrong.status_code == 404
    assert "no-such-model" in Reader(wrong.text).text


def test_an_artifact_is_exported_to_a_bucket(browser: Browser, service: Running, shop: Shop) -> None:
    place = f"/console/versions/{shop.versions[0]}"
    wrong = browser.send(place, f"{place}/export", bucket="nowhere", object="churn.zip")
    assert wrong.status_code == 404
    assert "nowhere" in wrong.text
    namespace = service.client.get("/n").json()
    made = service.client.post(f"/n/{namespace}/b", json={"name": "models", "compartmentId": service.compartment})
    assert made.status_code == 200, made.text
    assert browser.twin(place)["buckets"] == ["models"]
    answer = browser.send(place, f"{place}/export")
    assert answer.status_code == 303, answer.text
    exported = service.client.get(f"/n/{namespace}/b/models/o/churn-1.zip")
    archive = service.client.get(f"/20190101/models/{shop.versions[0]}/artifact/content")
    assert exported.content == archive.content


def test_score_py_is_shown_in_colours_and_other_files_as_text(browser: Browser, shop: Shop) -> None:
    place = f"/console/versions/{shop.versions[0]}/files"
    page = browser.page(place)
    assert ("span", {"class": "k"}) in page.tags
    assert "def load_model():" in page.text
    found = browser.twin(place)
    assert {file["name"] for file in found["files"]} >= {"score.py", "README.md"}
    assert browser.twin(f"{place}?file=requirements.txt")["text"].startswith("scikit-learn==1.1.0")
    assert browser.twin(f"{place}?file=../../etc/passwd")["text"] is None


def test_a_version_is_described_anew(browser: Browser, shop: Shop) -> None:
    place = f"/console/versions/{shop.versions[1]}"
    sent = browser.send(place, f"{place}/edit", displayName="second", description="New words", tags="team = ops\na=b")
    assert sent.status_code == 303, sent.text
    model = browser.twin(place)["model"]
    assert (model["displayName"], model["description"]) == ("second", "New words")
    assert model["freeformTags"] == {"team": "ops", "a": "b"}


def test_nothing_is_deleted_before_its_name_was_typed(browser: Browser, service: Running, shop: Shop) -> None:
    place = f"/console/versions/{shop.single}"
    answer = browser.send(place, f"{place}/delete", name="other")
    assert answer.status_code == 400
    assert "nothing was deleted" in Reader(answer.text).text
    answer = browser.send(place, f"{place}/delete", name="alone")
    assert answer.headers["location"] == "/console/models?done=deleted"
    assert "alone" not in {line["name"] for line in browser.twin("/console/models")["items"]}


def test_a_reference_leads_to_its_version(browser: Browser, shop: Shop) -> None:
    answer = browser.get("/console/open?ref=churn@champion")
    assert answer.headers["location"] == f"/console/versions/{shop.versions[0]}"
    assert browser.get("/console/open?ref=chrn").status_code == 404


def test_the_artifact_is_downloaded_with_the_session(browser: Browser, shop: Shop) -> None:
    answer = browser.get(f"/console/api/20190101/models/{shop.versions[0]}/artifact/content")
    assert answer.content[:2] == b"PK"
    assert "sandbox" in answer.headers["content-security-policy"]
