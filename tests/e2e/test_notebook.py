"""The main job in a notebook: a real kernel runs the cells, a browser lays out what they show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.own_service import OwnService, environment

CELLS = (
    """
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

from ads.model.framework.sklearn_model import SklearnModel

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
model = SklearnModel(LogisticRegression(max_iter=5000).fit(X, y), artifact_dir="<b>churn</b>")
model
""",
    """
model.prepare(X_sample=X, y_sample=y, inference_conda_env="generalml_p38_cpu_v1", force_overwrite=True)
model
""",
    "model.schema_input",
    "model.metadata_taxonomy",
    "model.metadata_custom",
    "model.save(display_name='<b>churn</b>')",
    "model.model_deployment\nmodel.deploy(display_name='<b>churn</b>')",
    """
import time

model.predict(X[:5])
until = time.monotonic() + 60
while not model.model_deployment.usage()["total"]["requests"] and time.monotonic() < until:
    time.sleep(0.1)
model.model_deployment
""",
    "model.dsc_model",
    "from ads.model.model_version_set import ModelVersionSet\nModelVersionSet(name='churn').create()",
    """
import os
from pathlib import Path

score = Path(model.artifact_dir, "score.py")
score.write_text(score.read_text() + "\\nimport os\\nos.environ['PLACE_OF_THE_DATA']\\n")
os.environ["PLACE_OF_THE_DATA"] = "here"
model.save(display_name="broken")
model.deploy(display_name="broken")
""",
)
PREPARE, SAVE, DEPLOY, USED, BROKEN = 1, 5, 6, 7, 10


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    """The notebook's cells after a run, in which only the last one may fail."""
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        service = OwnService(folder / "home", patch)
        clean = {key: value for key, value in environment(service.home.root).items() if key in KEPT}
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text.strip()) for text in CELLS])
        notebook.cells[BROKEN].metadata["tags"] = ["raises-exception"]
        client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": folder}})
        try:
            client.execute(env={**clean, "HOME": str(folder), "IPYTHONDIR": str(folder / "ipython")})
            yield notebook.cells
        finally:
            service.stop()


KEPT = frozenset({"PATH", "LANG", "OPENADS_HOME", "OPENADS_PORT", "VIRTUAL_ENV"})


def cards(cell: Any) -> list[str]:
    return [output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})]


def test_every_cell_that_asks_for_a_card_gets_a_small_one_without_script(cells: list[Any]) -> None:
    shown = [html for cell in cells for html in cards(cell)]

    assert len(shown) >= 8
    assert all(len(html.encode()) < 20_000 for html in shown)
    assert not any(word in html for html in shown for word in ("<script", "src=", "url(", "<b>churn"))


def test_the_card_of_a_deployment_draws_its_last_hour(cells: list[Any]) -> None:
    (card,) = cards(cells[USED])

    assert '<svg class="oads-spark"' in card
    assert "1 request in the last hour, 0.0% failed, p95 " in card


def test_a_deployment_is_a_checklist_that_fills_up_and_then_a_card(cells: list[Any]) -> None:
    checklist, card = cards(cells[DEPLOY])

    assert re.search(r"load: \d+\.\d+ s", checklist)
    assert ">done<" in checklist
    assert ">ACTIVE<" in card
    assert "/predict" in card


def test_a_failed_deployment_shows_its_stages_and_ends_with_cause_next_step_and_log(cells: list[Any]) -> None:
    (checklist,) = cards(cells[BROKEN])
    error = cells[BROKEN].outputs[-1]

    assert "failed: </span>" in checklist
    assert error.ename == "DeploymentFailed"
    assert "PLACE_OF_THE_DATA" in error.evalue
    assert "The last lines of its log:" in error.evalue


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_cards_fit_their_page_and_can_be_read_on_light_and_dark(cells: list[Any], scheme: str, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    colours = {"light": "background:#fff;color:#111", "dark": "background:#111;color:#ddd"}[scheme]
    body = "".join(html for cell in cells for html in cards(cell))
    page_file = tmp_path / "page.html"
    page_file.write_text(f'<meta charset="utf-8"><body style="color-scheme:{scheme};{colours};width:640px">{body}')
    with sync_playwright() as playwright, playwright.chromium.launch(
        executable_path="/usr/bin/chromium", args=["--no-sandbox"]
    ) as browser:  # fmt: skip
        page = browser.new_page(viewport={"width": 700, "height": 900})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_file.as_uri())
        wide = page.evaluate(
            "[...document.querySelectorAll('.oads-card, .oads-card td')]"
            ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent.slice(0, 80))"
        )
        colours_shown = page.evaluate(
            "[...new Set([...document.querySelectorAll('.oads-card :is(h3, td, li, dd, pre)')]"
            ".map(e => getComputedStyle(e).color))]"
        )
    assert asked == [page_file.as_uri()]
    assert wide == []
    assert colours_shown == [{"light": "rgb(17, 17, 17)", "dark": "rgb(221, 221, 221)"}[scheme]]
