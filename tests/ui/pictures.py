"""Pictures of every page of the console, light and dark, wide and narrow: ``python -m tests.ui.pictures FOLDER``."""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.api.conftest import Running, raw_archive, start
from tests.console.shop import CARD, CHECKS, SCHEMA, SCORE

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


def furnish(service: Running) -> dict[str, Any]:
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
                "requirements.txt": f"{framework}==1.{number}.0\npandas==2.2.{number % 3}\nnumpy==2.0.1\n",
                "input_schema.json": json.dumps(SCHEMA, indent=2),
                "model.pkl": "x" * 40_000,
            }
            service.upload(model["id"], raw_archive(files))
            ids.append(model["id"])
        aliases = f"/openads/v1/modelVersionSets/{made['id']}/aliases"
        service.client.put(
            f"{aliases}/champion", json={"modelId": ids[max(0, count - 2)], "protected": name == "churn"}
        )
        service.client.put(f"{aliases}/challenger", json={"modelId": ids[-1]})
        service.client.put(f"/openads/v1/models/{ids[-1]}/lineage", json={"derivedFrom": [ids[0]]})
        found[name] = {"set": made["id"], "versions": ids}
    for user in ("ada", "grace"):
        service.client.post("/openads/v1/users", json={"name": user})
    service.client.post(
        "/openads/v1/tokens", json={"name": "ci", "scope": {"verb": "read"}, "expiresInSeconds": 7776000}
    )
    hook = {"url": "https://hooks.example.com/models", "displayName": "Chat", "actions": ["alias.*", "deployment.*"]}
    service.client.post("/openads/v1/webhooks", json=hook)
    return found


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
        "lineage": f"/console/versions/{newest}/lineage",
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
            if state is None:
                page.goto(url + "/console/login")
                page.screenshot(path=folder / f"console-login-{size}-{scheme}.png")
                page.goto(url + link)
                state = context.storage_state()
            for name, place in pages.items():
                if only in name:
                    page.goto(url + place)
                    page.screenshot(path=folder / f"console-{name}-{size}-{scheme}.png", full_page=True)
            context.close()


def main() -> None:
    """Take all pictures."""
    folder, only = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        service, stop = start(Path(home) / "home")
        try:
            pages = places(furnish(service))
            link = service.client.post("/openads/v1/consoleLinks", json={}).json()["path"]
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            take(browser, service.url, link, pages, folder, only)
            browser.close()
        finally:
            stop()


if __name__ == "__main__":
    main()
