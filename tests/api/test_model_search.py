"""Search for models: words, fields, numbers, pages."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from .conftest import Running, archive, expect

PATH = "/openads/v1/models/search"


def found(api: httpx.Client, query: str, **parameters: Any) -> list[str]:
    answer = api.get(PATH, params={"query": query, **parameters})
    assert answer.status_code == 200, answer.text
    return [item["displayName"] for item in answer.json()["items"]]


def metadata(**values: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


@pytest.fixture(scope="module")
def zoo(service: Running) -> dict[str, dict[str, Any]]:
    """A few models whose words and fields differ; all have the tag zoo."""
    made = {}
    for name, description, framework, auc, team, depth in (
        ("Churn zoo", "Who leaves?", "xgboost", "0.91", "ml", 6),
        ("Fraud-zoo", "Stolen cards, and churn of cards", "scikit-learn", "0.80", "ml ops", 12),
        ("zoo price", "Größe matters", "XGBoost", "nan", "risk", 6.5),
    ):
        made[name] = service.create_model(
            displayName=name,
            description=description,
            freeformTags={"team": team, "park": "zoo"},
            definedTags={"Cost": {"Center": "zoo 7"}},
            customMetadataList=[{"key": "AUC", "value": auc, "category": "Performance"}],
            definedMetadataList=metadata(
                Framework=framework, Algorithm="Boosted", Hyperparameters=json.dumps({"max_depth": depth, "seed": None})
            ),
        )
    return made


ALL = ["Churn zoo", "Fraud-zoo", "zoo price"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("tag.park:zoo", ALL),
        ("tag.park:zoo churn", ALL[:2]),
        ("tag.park:zoo CHURN leaves", ALL[:1]),
        ("tag.park:zoo name:churn", ALL[:1]),
        ("tag.park:zoo description:churn", ALL[1:2]),
        ("name:fraud-zoo", ALL[1:2]),
        ("tag.park:zoo stol*", ALL[1:2]),
        ("tag.park:zoo grösse", ALL[2:]),
        ("tag.park:zoo framework:xgboost", [ALL[0], ALL[2]]),
        ("tag.park:zoo framework:xg*", [ALL[0], ALL[2]]),
        ("tag.park:zoo -framework:xgboost", ALL[1:2]),
        ('tag.team:"ml ops" tag.park:zoo', ALL[1:2]),
        ("tag.team:ml tag.park:zoo", ALL[:1]),
        ('tag.cost.center:"ZOO 7" -price', ALL[:2]),
        ("tag.park:zoo auc>0.8", ALL[:1]),
        ("tag.park:zoo auc>=0.8", ALL[:2]),
        ("tag.park:zoo auc=0.8", ALL[1:2]),
        ("tag.park:zoo max_depth<7", [ALL[0], ALL[2]]),
        ("tag.park:zoo hyperparameter.max_depth:12", ALL[1:2]),
        ("tag.park:zoo created>2020-01-01 created<2020-01-02", []),
        ("tag.park:zoo state:active", ALL),
        ("tag.park:zoo state:inactive", []),
        ("tag.park:zoo unknown:field", []),
        ("tag.park:zoo & !", ALL),
    ],
)
def test_what_queries_find(api: httpx.Client, zoo: dict[str, Any], query: str, names: list[str]) -> None:
    assert found(api, query, sortBy="displayName") == names
    assert found(api, query, sortOrder="ASC") == [name for name in zoo if name in names]


def test_items_say_what_a_list_of_models_needs(service: Running, api: httpx.Client, zoo: dict[str, Any]) -> None:
    item = api.get(PATH, params={"query": zoo["Churn zoo"]["id"]}).json()["items"][0]
    assert item["id"] == zoo["Churn zoo"]["id"]
    assert (item["framework"], item["algorithm"], item["useCaseType"]) == ("xgboost", "Boosted", None)
    assert item["metrics"] == {"AUC": 0.91}
    assert item["hyperparameters"] == {"max_depth": 6, "seed": None}
    assert (item["aliases"], item["size"]) == ([], None)


def test_numbers_sort(api: httpx.Client, zoo: dict[str, Any]) -> None:
    assert found(api, "tag.park:zoo", sortBy="auc") == ALL[:2]  # what has no such number is left out
    assert found(api, "tag.park:zoo", sortBy="max_depth", sortOrder="ASC") == [ALL[0], ALL[2], ALL[1]]


@pytest.mark.parametrize("sort", [{}, {"sortOrder": "ASC"}, {"sortBy": "displayName"}, {"sortBy": "rank"}])
def test_pages_hold_every_model_once(service: Running, api: httpx.Client, sort: dict[str, str]) -> None:
    tag = "pages" + "".join(sort.values()).lower()
    names = [f"{tag} {n % 4}" for n in range(11)]
    for n, name in enumerate(names):
        items = [{"key": "rank", "value": str(n % 3), "category": "Performance"}]
        service.create_model(displayName=name, freeformTags={"set": tag}, customMetadataList=items)
    seen: list[str] = []
    page = None
    while page is not None or not seen:
        parameters = {"query": f"tag.set:{tag}", "limit": "3", **sort, **({"page": page} if page else {})}
        answer = api.get(PATH, params=parameters)
        seen += [item["id"] for item in answer.json()["items"]]
        page = answer.headers.get("opc-next-page")
    assert len(seen) == len(set(seen)) == len(names)
    whole = api.get(PATH, params={"query": f"tag.set:{tag}", **sort}).json()["items"]
    assert [item["id"] for item in whole] == seen


def test_search_follows_what_changes(service: Running, api: httpx.Client) -> None:
    model = service.create_model(displayName="mutable one", freeformTags={"t": "before"})
    path = f"/20190101/models/{model['id']}"
    api.put(path, json={"displayName": "changed one", "freeformTags": {"t": "after"}})
    assert found(api, "mutable") == []
    assert found(api, "tag.t:before") == []
    assert found(api, "changed tag.t:after") == ["changed one"]
    service.upload(model["id"], archive())
    assert found(api, "changed size>0") == ["changed one"]
    api.post(f"{path}/actions/deactivate")
    assert found(api, "changed state:inactive") == ["changed one"]
    assert api.delete(path).status_code == 204
    assert found(api, "changed") == []
    assert found(api, "changed state:deleted") == ["changed one"]


def test_aliases_and_versions(service: Running, api: httpx.Client) -> None:
    body = {"compartmentId": service.compartment, "projectId": service.project, "name": "searched set"}
    set_id = api.post("/20190101/modelVersionSets", json=body).json()["id"]
    for name in ("first of set", "second of set"):
        service.create_model(displayName=name, modelVersionSetId=set_id, versionLabel=f"the {name}")
    alias = f"/openads/v1/modelVersionSets/{set_id}/aliases/champion"
    assert api.put(alias, json={"versionId": 1}).status_code == 200
    query = 'versionset:"searched set"'
    assert found(api, f"{query} alias:champion") == ["first of set"]
    api.put(alias, json={"versionId": 2})
    assert found(api, f"{query} alias:champion") == ["second of set"]
    item = api.get(PATH, params={"query": f"{query} version:2"}).json()["items"][0]
    assert (item["aliases"], item["versionId"]) == (["champion"], 2)
    assert found(api, 'label:"the first of set"') == ["first of set"]
    api.delete(alias)
    assert found(api, f"{query} alias:champion") == []


@pytest.mark.parametrize(
    "parameters",
    [
        {"query": '"open'},
        {"query": "auc>x"},
        {"query": "x" * 1001},
        {"sortOrder": "UP"},
        {"sortBy": "x" * 101},
        {"limit": "0"},
        {"page": "x"},
    ],
)
def test_what_is_refused(api: httpx.Client, parameters: dict[str, str]) -> None:
    expect(api.get(PATH, params=parameters), 400, "InvalidParameter")


def test_a_page_belongs_to_its_query(service: Running, api: httpx.Client, zoo: dict[str, Any]) -> None:
    page = api.get(PATH, params={"query": "tag.park:zoo", "limit": "1"}).headers["opc-next-page"]
    expect(api.get(PATH, params={"query": "tag.park:other", "page": page}), 400, "InvalidParameter")


def test_compartments(service: Running, api: httpx.Client, zoo: dict[str, Any]) -> None:
    assert len(found(api, "tag.park:zoo", compartmentId=service.compartment)) == 3
    assert found(api, "tag.park:zoo", compartmentId=service.context.defaults.tenancy_id) == []
