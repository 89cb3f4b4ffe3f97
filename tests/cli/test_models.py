"""``ads models``."""

from __future__ import annotations

import json

from ads.cli.models import INFO_COLUMNS
from ads.cli.output import plain

SCHEMA = json.dumps({"schema": [{"name": f"c{i}"} for i in range(10)], "version": "1.1"})
METADATA = [{"key": "Framework", "value": "scikit-learn"}, {"key": "UseCaseType", "value": "binary_classification"}]


def test_ls_leaves_deleted_models_out_unless_asked(ads, service):
    service.models.append(dict(service.models[0], id="gone", displayName="old", lifecycleState="DELETED"))
    assert "old" not in ads("models", "ls").out
    assert "old" in ads("models", "ls", "--all").out
    assert ads("models", "ls", "-q").out.splitlines() == [service.models[0]["id"]]


def test_ls_follows_every_page(ads, service):
    service.models = [dict(service.models[0], id=f"id{i}") for i in range(5)]
    service.page_size = 2
    assert ads("models", "ls", "-q").out.split() == ["id0", "id1", "id2", "id3", "id4"]


def test_no_models_yet_says_how_to_make_one_and_is_no_error(ads, service):
    service.models = []
    result = ads("models", "ls")
    assert (result.code, result.out) == (0, "")
    assert "No models yet." in result.err
    assert "model.save" in result.err


def test_info_shows_what_matters(ads, service):
    service.models[0].update(inputSchema=SCHEMA, definedMetadataList=METADATA, freeformTags={"team": "risk"})
    result = ads("models", "info", "churn")
    lines = dict(line.split("\t", 1) for line in result.out.splitlines())
    assert lines["name"] == "churn"
    assert lines["framework"] == "scikit-learn"
    assert lines["use case type"] == "binary_classification"
    assert lines["input schema"] == "c0, c1, c2, c3, c4, c5, … (10 columns)"
    assert lines["tags"] == '{"team": "risk"}'
    assert service.models[0]["id"] in result.err, "the hint is a line to paste"
    assert json.loads(ads("models", "info", "churn", "--format", "json").out) == service.models[0]


def test_info_survives_a_schema_that_is_not_json():
    broken = {"inputSchema": "{", "outputSchema": "[1]", "definedMetadataList": None}
    assert [plain(column.value(broken)) for column in INFO_COLUMNS if "schema" in column.header] == ["", ""]


def test_an_unknown_model_is_status_3(ads, service):
    result = ads("models", "info", "chrun")
    assert result.code == 3
    assert "There is no model 'chrun'." in result.err
    assert "Near names: churn" in result.err
    assert "ads models ls" in result.err


def test_delete_refuses_where_nobody_can_be_asked(ads, service):
    result = ads("models", "delete", "churn")
    assert result.code == 2
    assert "--yes" in result.err
    assert service.asked("DELETE") == []


def test_delete(ads, service):
    result = ads("models", "delete", "churn", "--yes")
    assert result.code == 0
    assert service.asked("DELETE") == [f"/20190101/models/{service.models[0]['id']}"]


def test_delete_of_a_model_in_use_is_a_conflict(ads, service):
    path = f"/20190101/models/{service.models[0]['id']}"
    service.answers["DELETE", path] = (409, {"code": "Conflict", "message": "The deployment 'churn-api' uses it."})
    result = ads("models", "delete", "churn", "--yes")
    assert result.code == 5
    assert "churn-api" in result.err
