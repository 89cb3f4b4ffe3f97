"""What a notebook shows of models and what belongs to them."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from ads.model.datascience_model import DataScienceModel
from ads.model.deployment import ModelDeployment
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.model_version_set import ModelVersionSet

ROWS = pd.DataFrame({f"column {i}": [0.0, 1.0, 2.0, 3.0] for i in range(33)})


@pytest.fixture
def model(tmp_path: Path) -> SklearnModel:
    estimator = LogisticRegression().fit(ROWS, [0, 0, 1, 1])
    made = SklearnModel(estimator, artifact_dir=str(tmp_path / "<b>churn</b>"))
    made.prepare(X_sample=ROWS, y_sample=pd.Series([0, 0, 1, 1]), force_overwrite=True)
    return made


def test_card_of_a_model_shows_columns_files_and_the_next_step(model: SklearnModel) -> None:
    html = model._repr_html_()

    assert "column 9" in html
    assert "+23 more" in html
    assert "score.py" in html
    assert "model.verify(data)" in html
    assert "LogisticRegression" in html
    assert len(html) < 20_000


def test_names_are_escaped(model: SklearnModel) -> None:
    html = model._repr_html_()

    assert "<b>churn" not in html
    assert "&lt;b&gt;churn" in html


def test_card_of_a_model_that_is_not_prepared_says_how_to_begin(tmp_path: Path) -> None:
    html = SklearnModel(LogisticRegression(), artifact_dir=str(tmp_path))._repr_html_()

    assert "model.prepare(" in html


def test_failed_checks_stand_on_the_card_with_their_reason(model: SklearnModel) -> None:
    Path(model.artifact_dir, "score.py").write_text("def load_model():\n    return 1\n")
    model.introspect()

    html = model._repr_html_()

    assert ">failed: </span>" in html
    assert "predict" in html


def test_cards_of_catalog_things_ask_nobody(model: SklearnModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENADS_URL", "http://127.0.0.1:1")  # whoever asked there would fail
    deployment = ModelDeployment(spec={"displayName": "churn", "id": "ocid1.datasciencemodeldeployment.oc1..a"})
    entry = DataScienceModel(spec={"displayName": "churn", "id": "ocid1.datasciencemodel.oc1..a", "versionId": 3})

    assert "churn" in deployment._repr_html_()
    assert "GenericModel.from_id(&quot;ocid1.datasciencemodel.oc1..a&quot;)" in entry._repr_html_()
    assert "its versions" in ModelVersionSet(name="churn")._repr_html_()
    assert "column 39" not in model.schema_input._repr_html_()
    assert "33 columns" in model.schema_input._repr_html_()
    assert "Framework" in model.metadata_taxonomy._repr_html_()


def test_the_card_of_a_deployment_says_what_was_answered_in_the_last_hour() -> None:
    deployment = ModelDeployment(spec={"displayName": "churn", "id": "ocid1.datasciencemodeldeployment.oc1..a"})
    assert "in the last hour" not in deployment._repr_html_()
    items = [{"requests": n} for n in (0, 900, 1100)]
    deployment._usage = {"items": items, "total": {"requests": 2000, "errors": 3, "p95": 0.0032}}

    html = deployment._repr_html_()

    assert "2,000 requests in the last hour, 0.1% failed, p95 3.2 ms" in html
    assert "<polyline" in html
    assert len(html) < 20_000


def test_the_card_of_a_deployment_shows_who_got_the_requests_and_when_it_looked() -> None:
    deployment = ModelDeployment(spec={"displayName": "churn", "id": "ocid1.datasciencemodeldeployment.oc1..a"})
    deployment.set_spec("modelDeploymentUrl", "http://127.0.0.1:1/ocid1.datasciencemodeldeployment.oc1..a")
    deployment._looked_at = 0.0
    deployment._shares = [{"revision": 3, "weight": 90, "reference": "<b>"}, {"revision": 4, "weight": 10}]

    html = deployment._repr_html_()

    assert re.search(r"As of \d\d:\d\d:\d\d", html)
    assert '<span style="flex:90">&lt;b&gt; 90 %</span><span style="flex:10">revision 4 10 %</span>' in html


def test_every_card_is_small(model: SklearnModel) -> None:
    cards = [model, model.schema_input, model.metadata_taxonomy, model.metadata_custom]

    assert all(len(thing._repr_html_()) < 20_000 for thing in cards)
