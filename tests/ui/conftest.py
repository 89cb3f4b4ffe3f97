"""A running service with a few models, and Debian's Chromium looking at its console."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from tests.api.conftest import raw_archive
from tests.console.shop import CHECKS, SCHEMA
from tests.own_service import OwnService

CHROMIUM = "/usr/bin/chromium"
LOOKS = [(1280, "light"), (390, "dark"), (1280, "dark"), (390, "light")]

SCORE = '''"""Scores customers."""


def load_model():
    return {value}


def predict(data, model=load_model()):
    rows = data["data"]
    print("scored", [row.get("plan") for row in rows])
    return {{"prediction": [model for _ in rows]}}
'''
BROKEN = """
def load_model():
    raise RuntimeError("the weights are gone")


def predict(data, model=None):
    return {"prediction": []}
"""


@dataclass(frozen=True)
class Shown:
    """A service to look at."""

    url: str
    token: str
    client: httpx.Client
    versions: list[str]
    broken: str

    def deploy(self, name: str, model_id: str) -> str:
        """Return a new deployment's OCID."""
        model = self.client.get(f"/20190101/models/{model_id}").json()
        instance = {"instanceShapeName": "VM.Standard.E4.Flex"}
        body = {
            "compartmentId": model["compartmentId"],
            "projectId": model["projectId"],
            "displayName": name,
            "modelDeploymentConfigurationDetails": {
                "deploymentType": "SINGLE_MODEL",
                "modelConfigurationDetails": {"modelId": model_id, "instanceConfiguration": instance},
            },
        }
        answer = self.client.post("/20190101/modelDeployments", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def state(self, deployment_id: str) -> str:
        return str(self.client.get(f"/20190101/modelDeployments/{deployment_id}").json()["lifecycleState"])


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with pytest.MonkeyPatch.context() as patch:
        service = OwnService(tmp_path_factory.mktemp("own") / "home", patch)
        service.start()
        found = service.home.read_service_file()
        assert found is not None
        headers = {"authorization": f"Bearer {found.token}"}
        with httpx.Client(base_url=found.url, headers=headers, timeout=60) as client:
            yield Shown(found.url, found.token, client, *_models(client))
        service.stop()


def _models(client: httpx.Client) -> tuple[list[str], str]:
    about = client.get("/openads/v1/service").json()
    place = {"compartmentId": about["compartmentId"], "projectId": about["projectId"]}
    made = client.post("/20190101/modelVersionSets", json={**place, "name": "churn"}).json()
    body = {**place, "definedMetadataList": [{"key": "ArtifactTestResults", "value": json.dumps(CHECKS)}]}
    versions = [
        _model(client, {**body, "modelVersionSetId": made["id"]}, SCORE.format(value=value)) for value in (0.25, 0.75)
    ]
    return versions, _model(client, {**body, "displayName": "broken"}, BROKEN)


def _model(client: httpx.Client, body: dict[str, Any], score: str) -> str:
    id_ = client.post("/20190101/models", json=body).json()["id"]
    case = {"body": {"data": [{"tenure": 12, "plan": "gold"}]}, "answer": {"prediction": [0.25]}}
    sample = {"version": 1, "expected_from": "estimator", "cases": [case], "absolute_tolerance": 1.0}
    files = {
        "score.py": score,
        "runtime.yaml": "{}",
        "input_schema.json": json.dumps({**SCHEMA, "version": "1.1"}),
        "sample.json": json.dumps(sample),
    }
    if score == BROKEN:
        del files["sample.json"]
    answer = client.post(
        f"/20190101/models/{id_}/artifact",
        content=raw_archive(files),
        headers={"content-type": "application/octet-stream"},
    )
    assert answer.status_code < 300, answer.text
    return str(id_)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, and what must stay empty: what the browser complains of, and whom else it asked."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    refusals: int = 0
    """How many forms were refused on purpose: the browser says each on its console."""

    def on_console(self, message: ConsoleMessage) -> None:
        if self.refusals and "status of 400" in message.text:
            self.refusals -= 1
        elif message.type not in ("debug", "verbose"):
            self.complaints.append(f"{message.type}: {message.text}")

    def on_request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.url).netloc and not request.url.startswith("data:"):
            self.strangers.append(request.url)


def watched(context: BrowserContext, url: str) -> Watched:
    found = Watched(context.new_page(), url)
    found.page.on("console", found.on_console)
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.page.on("request", found.on_request)
    found.page.set_default_timeout(30_000)
    return found


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def visit(request: pytest.FixtureRequest, shown: Shown, chromium: Browser) -> Iterator[Watched]:
    """A browser of this width and scheme, not logged in; nothing may be on its console at the end."""
    width, scheme = request.param
    context = chromium.new_context(
        base_url=shown.url, viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    found = watched(context, shown.url)
    yield found
    context.close()
    assert found.complaints == []
    assert found.strangers == []
