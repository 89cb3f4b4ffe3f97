"""The OpenAPI document of a deployment, and the page that shows it in a browser."""

import base64
import hashlib
import json
import re
import shutil

import pytest

from .conftest import DEPLOYMENT, TOKEN
from .test_tables import ask, iris  # noqa: F401 - the fixture

BASE = f"/{DEPLOYMENT}"


def test_the_document_is_valid_and_its_example_works(iris):  # noqa: F811
    from openapi_spec_validator import validate

    status, headers, document = iris.request("GET", BASE + "/openapi.json")
    assert (status, headers["content-type"]) == (200, "application/json")
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] == "iris"
    operation = document["paths"]["/predict"]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    answer = operation["responses"]["200"]["content"]["application/json"]["example"]
    status, _, predicted = ask(iris, json.dumps(content["example"]), "application/json")
    assert (status, json.loads(predicted)) == (200, answer)
    names = [parameter["name"] for parameter in operation["parameters"]]
    assert names == ["X-Request-Timeout", "outputs"]


def test_the_example_fits_the_schema_and_wrong_tables_do_not(iris):  # noqa: F811
    from jsonschema import Draft202012Validator

    document = iris.request("GET", BASE + "/openapi.json")[2]
    validator = Draft202012Validator(document["components"]["schemas"]["Input"])
    example = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["example"]
    columns = iris.frame.iloc[:2].to_dict(orient="list")
    for good in (example, columns, {"data": columns}, iris.frame.iloc[:2].to_numpy().tolist()):
        assert validator.is_valid(good)
    for bad in ({}, {"data": {}}, [[1, 2, 3]], {**columns, "sepal width (cm)": ["wide"]}, "text"):
        assert not validator.is_valid(bad)


def test_a_deployment_without_schema_has_a_document_too(shared):
    from openapi_spec_validator import validate

    status, _, document = shared.request("GET", BASE + "/openapi.json")
    assert status == 200
    validate(document)


def test_the_page_loads_nothing_and_runs_its_own_script_alone(iris):  # noqa: F811
    connection = iris.http()
    connection.request("GET", BASE + "/docs")
    answer = connection.getresponse()
    page = answer.read()
    connection.close()
    assert answer.status == 200
    policy = dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    for kind in ("script", "style"):
        (text,) = re.findall(rb"<%b>(.*?)</%b>" % (kind.encode(), kind.encode()), page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
        assert policy[f"{kind}-src"] == f"'sha256-{digest}'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert re.findall(rb'(?:src|href)\s*=|https?://|innerHTML|\bon[a-z]+="', page) == []
    assert DEPLOYMENT.encode() not in page  # it says nothing of any deployment before it has a credential


@pytest.mark.needs("chromium", "playwright")
def test_the_page_in_a_browser(iris):  # noqa: F811
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            page = browser.new_page()
            problems = []
            page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.goto(f"http://127.0.0.1:{iris.address[1]}{BASE}/docs")
            page.get_by_label("Access token").fill(TOKEN)
            page.get_by_role("button", name="Show").click()
            page.get_by_role("heading", name="iris").wait_for()
            assert page.get_by_role("cell", name="sepal length (cm)").count() == 1
            page.get_by_role("button", name="Predict").click()
            page.get_by_text("200 in").wait_for()
            assert json.loads(page.get_by_label("Answer", exact=True).inner_text()) == {"prediction": [0] * 5}
            page.get_by_label("Access token").fill("wrong")
            page.get_by_role("button", name="Show").click()
            page.get_by_text("authentication").wait_for()
            assert [text for text in problems if "401" not in text] == []
        finally:
            browser.close()
