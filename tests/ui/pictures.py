"""Pictures of every page of the console, light and dark, wide and narrow, and of a notebook's cards.

``python -m tests.ui.pictures FOLDER [PAGE]``: those whose name contains PAGE.
"""

from __future__ import annotations

import json
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ads.deploy.minutes import MINUTE, Minutes, Usage, packed
from ads.home import Home
from ads.model.framework.sklearn_model import SklearnModel
from tests.api.conftest import Running, raw_archive
from tests.console.shop import CARD, CHECKS, SCHEMA, SCORE
from tests.own_service import OwnService, eventually

CHROMIUM = "/usr/bin/chromium"
SIZES = {"wide": {"width": 1280, "height": 800}, "narrow": {"width": 390, "height": 844}}
SCHEMES = ("light", "dark")

_NAMES: Mapping[str, tuple[str, str, str, int, float]] = {
    "churn": ("scikit-learn", "binary_classification", "auc", 9, 0.78),
    "fraud": ("xgboost", "anomaly_detection", "recall", 5, 0.61),
    "demand-forecast": ("lightgbm", "regression", "rmse", 4, 13.2),
    "support-topics": ("transformers", "multinomial_classification", "f1", 3, 0.71),
    "defect-images": ("pytorch", "image_classification", "accuracy", 2, 0.91),
}


def furnish(service: Running | Service) -> dict[str, Any]:
    """Fill a catalog with what a small team may have; return the ids that pages are addressed by."""
    found: dict[str, Any] = {}
    for name, (framework, use_case, metric, count, base) in _NAMES.items():
        body = {"compartmentId": service.compartment, "projectId": service.project, "name": name}
        made = service.client.post(
            "/20190101/modelVersionSets", json={**body, "description": f"Which {name} it is."}
        ).json()
        ids = []
        for number in range(1, count + 1):
            value = base * (1 + 0.18 * (1 - math.exp(-number / 3))) - (0.03 * base if number == 4 else 0)
            model = service.create_model(**_version(made["id"], name, number, framework, use_case, metric, value))
            files = {
                "score.py": SCORE.replace("0.25", f"0.{20 + number}"),
                "README.md": CARD.replace("Churn", name.capitalize()),
                "requirements.txt": f"{framework}==1.{number}.0\npandas==2.2.{2 + number % 2}\nnumpy==2.0.1\n",
                "input_schema.json": json.dumps({**SCHEMA, "version": "1.1"}, indent=2),
                "model.pkl": "x" * 40_000,
                "sample.json": json.dumps(_sample(float(f"0.{20 + number}"))),
            }
            service.upload(model["id"], raw_archive(files))
            ids.append(model["id"])
        aliases = f"/openads/v1/modelVersionSets/{made['id']}/aliases"
        service.client.put(
            f"{aliases}/champion", json={"modelId": ids[max(0, count - 2)], "protected": name == "churn"}
        )
        service.client.put(f"{aliases}/challenger", json={"modelId": ids[-1]})
        for heir, ancestor in ((ids[-1], ids[-2]), (ids[-2], ids[0])):
            if heir != ancestor:
                service.client.put(f"/openads/v1/models/{heir}/lineage", json={"derivedFrom": [ancestor]})
        found[name] = {"set": made["id"], "versions": ids}
    for user in ("ada", "grace"):
        service.client.post("/openads/v1/users", json={"name": user})
    service.client.post(
        "/openads/v1/tokens", json={"name": "ci", "scope": {"verb": "read"}, "expiresInSeconds": 7776000}
    )
    hook = {"url": "https://hooks.example.com/models", "displayName": "Chat", "actions": ["alias.*", "deployment.*"]}
    service.client.post("/openads/v1/webhooks", json=hook)
    return found


def _sample(answer: float) -> dict[str, Any]:
    """Return the stored example, with which the form of Invoke begins."""
    case = {"body": {"data": [{"tenure": 12, "plan": "gold"}]}, "answer": {"prediction": [answer]}}
    return {"version": 1, "expected_from": "estimator", "cases": [case], "absolute_tolerance": 0.001}


def _version(
    set_id: str, name: str, number: int, framework: str, use_case: str, metric: str, value: float
) -> dict[str, Any]:
    checks = json.loads(json.dumps(CHECKS))
    if number != 4:
        checks["score_predict"].update(success=True, error_msg="")
    return {
        "modelVersionSetId": set_id,
        "displayName": name,
        "versionLabel": "with last month" if number % 3 == 0 else None,
        "description": "Trained every Monday on the contracts of the last two years." if name == "churn" else None,
        "freeformTags": {"team": "growth" if name == "churn" else "ml", "stage": "weekly"},
        "customMetadataList": [
            {"key": metric, "value": f"{value:.4f}", "category": "Performance"},
            {"key": "log_loss", "value": f"{0.62 - number / 40:.3f}", "category": "Performance"},
            {
                "key": "contracts",
                "value": "s3://lake/contracts/2026-11.parquet",
                "category": "Training and Validation Datasets",
                "description": "what it learnt from",
            },
        ],
        "definedMetadataList": [
            {"key": "Framework", "value": framework},
            {"key": "FrameworkVersion", "value": f"1.{number}.0"},
            {"key": "Algorithm", "value": "GradientBoosting"},
            {"key": "UseCaseType", "value": use_case},
            {"key": "Hyperparameters", "value": json.dumps({"n_estimators": 50 * number, "learning_rate": 0.1})},
            {"key": "ArtifactTestResults", "value": json.dumps(checks)},
        ],
        "inputSchema": json.dumps(SCHEMA),
    }


def places(found: Mapping[str, Any]) -> dict[str, str]:
    """Return the pages to take pictures of, by the name of the picture."""
    churn = found["churn"]
    newest = churn["versions"][-1]
    return {
        "overview": "/console/",
        "models": "/console/models",
        "search": "/console/models?q=auc%3E0.8",
        "model": f"/console/models/{churn['set']}",
        "version": f"/console/versions/{newest}",
        "schema": f"/console/versions/{newest}/schema",
        "files": f"/console/versions/{newest}/files",
        "checks": f"/console/versions/{churn['versions'][3]}/checks",
        "lineage": f"/console/versions/{churn['versions'][-2]}/lineage",
        "card": f"/console/versions/{newest}/card",
        "compare": f"/console/compare?v={churn['versions'][0]}&v={newest}",
        "activity": "/console/activity",
        "settings": "/console/settings",
        "people": "/console/settings/people",
        "webhooks": "/console/settings/webhooks",
        "storage": "/console/settings/storage",
        "help": "/console/help",
    }


def take(browser: Browser, url: str, link: str, pages: Mapping[str, str], folder: Path, only: str = "") -> None:
    """Write ``console-<page>-<size>-<scheme>.png`` of each page."""
    folder.mkdir(parents=True, exist_ok=True)
    state = None
    for size, viewport in SIZES.items():
        for scheme in SCHEMES:
            context = browser.new_context(viewport=viewport, color_scheme=scheme, storage_state=state)
            page = context.new_page()
            if only in "login":
                stranger = browser.new_context(viewport=viewport, color_scheme=scheme)
                page_of_login = stranger.new_page()
                page_of_login.goto(url + "/console/login")
                page_of_login.screenshot(path=folder / f"console-login-{size}-{scheme}.png")
                stranger.close()
            if state is None:
                page.goto(url + link)
                state = context.storage_state()
            for name, place in pages.items():
                if only in name:
                    page.goto(url + place)
                    page.screenshot(path=folder / f"console-{name}-{size}-{scheme}.png", full_page=True)
            context.close()


@dataclass(frozen=True)
class Service:
    """A whole running service, as :func:`furnish` needs it."""

    client: httpx.Client
    about: Mapping[str, Any]

    @property
    def compartment(self) -> str:
        return str(self.about["compartmentId"])

    @property
    def project(self) -> str:
        return str(self.about["projectId"])

    def create_model(self, **details: Any) -> dict[str, Any]:
        body = {"compartmentId": self.compartment, "projectId": self.project, **details}
        found: dict[str, Any] = self.client.post("/20190101/models", json=body).raise_for_status().json()
        return found

    def upload(self, model_id: str, content: bytes) -> httpx.Response:
        kind = {"content-type": "application/octet-stream"}
        return self.client.post(f"/20190101/models/{model_id}/artifact", content=content, headers=kind)

    def deploy(self, name: str, model_id: str, replicas: int) -> str:
        """Return a new deployment that answers."""
        instance = {"instanceShapeName": "VM.Standard.E4.Flex"}
        policy = {"policyType": "FIXED_SIZE", "instanceCount": replicas}
        model = {"modelId": model_id, "instanceConfiguration": instance, "scalingPolicy": policy}
        configuration = {"deploymentType": "SINGLE_MODEL", "modelConfigurationDetails": model}
        body = {"compartmentId": self.compartment, "projectId": self.project, "displayName": name}
        body["modelDeploymentConfigurationDetails"] = configuration
        made = self.client.post("/20190101/modelDeployments", json=body).raise_for_status()
        place = f"/20190101/modelDeployments/{made.json()['id']}"
        eventually(lambda: self.client.get(place).json()["lifecycleState"] != "CREATING", 120, "the deployment")
        return str(made.json()["id"])


def a_day(home: Home, deployment_id: str, most: int, failing: float) -> None:
    """Write the minutes of a day with its ups and downs, as a gateway does."""
    dice = random.Random(deployment_id[-4:])
    now = int(time.time()) // MINUTE * MINUTE
    rows = []
    for minute in range(now - 24 * 3600, now, MINUTE):
        hour = (minute % 86_400) / 3600
        count = int(most * (0.55 + 0.45 * math.sin((hour - 8) / 24 * 2 * math.pi)) * dice.uniform(0.85, 1.1))
        errors, refused = int(count * failing * dice.random()), int(count * 0.02 * dice.random())
        buckets = {10 + n: int(count * share) for n, share in enumerate((0.1, 0.3, 0.3, 0.18, 0.08, 0.03, 0.01))}
        codes = {code: n for code, n in ((200, count), (422, refused), (500, errors)) if n}
        rows.append((deployment_id, minute, Usage(codes, count, count / 4000, packed(buckets))))
    Minutes(home).write("pictures", rows)


def cards(browser: Browser, folder: Path) -> None:
    """Write ``card-model-<scheme>.png`` and ``card-deployment-<scheme>.png``: a model that goes to its endpoint."""
    rows, labels = load_breast_cancer(return_X_y=True, as_frame=True)
    estimator = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, labels)
    with tempfile.TemporaryDirectory() as place:
        model = SklearnModel(estimator, artifact_dir=f"{place}/churn")
        model.prepare(X_sample=rows, y_sample=labels, force_overwrite=True)
        shown = {"model": model._repr_html_()}
        model.save(display_name="breast-cancer")
        deployment = model.deploy(display_name="breast-cancer")
        model.predict(rows[:5])
        a_day(Home(Path(os.environ["OPENADS_HOME"])), str(deployment.id), 600, 0.002)
        deployment.traffic()
        deployment.usage()
        shown["deployment"] = deployment._repr_html_()
    for name, html in shown.items():
        for scheme, ground in (("light", "#ffffff;color:#1f1f1f"), ("dark", "#111111;color:#e6e6e6")):
            page = browser.new_page(viewport={"width": 860, "height": 300}, color_scheme=scheme)
            page.set_content(f'<body style="margin:12px;color-scheme:{scheme};background:{ground}">{html}</body>')
            page.screenshot(path=folder / f"card-{name}-{scheme}.png", full_page=True)
            page.close()


def deployments(service: Service, home: Home, found: Mapping[str, Any]) -> dict[str, str]:
    """Deploy two models, ask one of them, and return the pages of the deployments."""
    churn, fraud = found["churn"]["versions"], found["fraud"]["versions"]
    id_ = service.deploy("churn-api", churn[-2], 2)
    other = service.deploy("fraud-api", fraud[-1], 1)
    for number in range(60):
        service.client.post(f"/{id_}/predict", json={"data": [{"tenure": number, "plan": "gold"}]})
    a_day(home, id_, 900, 0.004)
    a_day(home, other, 140, 0.0)
    order = {"modelId": churn[-1], "strategy": "canary", "steps": [5, 25, 100], "bakeSeconds": 3600}
    place = f"/openads/v1/deployments/{id_}"
    service.client.post(f"{place}/rollouts", json=order).raise_for_status()
    eventually(lambda: len(service.client.get(place).json()["traffic"]) == 2, 120, "the candidate")
    place = f"/console/deployments/{id_}"
    tabs = ("invoke", "traffic", "logs", "replicas", "settings")
    return {
        "deployments": "/console/deployments",
        "deployment": place,
        "deployment-new": f"/console/deployments/new?model={churn[-1]}",
        **{f"deployment-{tab}": f"{place}/{tab}" for tab in tabs},
    }


def main() -> None:
    """Take all pictures."""
    folder, only = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
    with tempfile.TemporaryDirectory() as root, pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        own = OwnService(Path(root) / "home", patch)
        own.start()
        try:
            address = own.home.read_service_file()
            assert address is not None
            headers = {"authorization": f"Bearer {address.token}"}
            with httpx.Client(base_url=address.url, headers=headers, timeout=60) as client:
                service = Service(client, client.get("/openads/v1/service").json())
                found = furnish(service)
                pages = {**places(found), **deployments(service, own.home, found)}
                link = client.post("/openads/v1/consoleLinks", json={}).json()["path"]
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            take(browser, address.url, link, pages, folder, only)
            if only in "cards":
                cards(browser, folder)
            browser.close()
        finally:
            own.stop()


if __name__ == "__main__":
    main()
