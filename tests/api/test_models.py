"""Projects, models and provenance over HTTP."""

from __future__ import annotations

import pytest

from .conftest import Running, expect

BASE = "/20190101"


def test_a_model_can_be_created_read_changed_and_deleted(service: Running, api) -> None:
    model = service.create_model(
        displayName="churn",
        description="d",
        freeformTags={"team": "a"},
        definedTags={"ns": {"k": "v"}},
        customMetadataList=[{"key": "auc", "value": "0.9", "category": "Performance", "hasArtifact": True}],
        definedMetadataList=[{"key": "Framework", "value": "scikit-learn"}],
        inputSchema='{"schema": []}',
        id="ocid1.datasciencemodel.oc1..mine",
        lifecycleState="FAILED",
        createdBy="somebody",
    )
    assert model["lifecycleState"] == "ACTIVE"
    assert model["id"] != "ocid1.datasciencemodel.oc1..mine"
    assert model["createdBy"] == service.context.defaults.user_id
    assert model["category"] == "USER"
    assert model["customMetadataList"][0]["hasArtifact"] is False
    assert model["customMetadataList"][0]["value"] == "0.9"
    path = f"{BASE}/models/{model['id']}"

    read = api.get(path)
    assert read.json() == model
    changed = api.put(
        path, json={"displayName": "new", "description": None}, headers={"if-match": read.headers["etag"]}
    )
    assert (changed.json()["displayName"], changed.json()["description"]) == ("new", "d")
    assert changed.json()["freeformTags"] == {"team": "a"}
    assert changed.headers["etag"] != read.headers["etag"]
    expect(api.put(path, json={}, headers={"if-match": read.headers["etag"]}), 412, "NoEtagMatch")

    assert api.post(f"{path}/actions/deactivate").json()["lifecycleState"] == "INACTIVE"
    expect(api.post(f"{path}/actions/deactivate"), 409, "Conflict")
    assert api.post(f"{path}/actions/activate").json()["lifecycleState"] == "ACTIVE"

    deleted = api.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert api.get(path).json()["lifecycleState"] == "DELETED"
    expect(api.delete(path), 404, "NotAuthorizedOrNotFound")
    expect(api.put(path, json={"displayName": "x"}), 404, "NotAuthorizedOrNotFound")
    expect(api.get(f"{path}/provenance"), 404, "NotAuthorizedOrNotFound")


def test_the_same_create_twice_gives_one_model(service: Running, api) -> None:
    body = {"compartmentId": service.compartment, "projectId": service.project, "displayName": "once"}
    headers = {"opc-retry-token": "abc123"}
    first = api.post(f"{BASE}/models", json=body, headers=headers)
    assert api.post(f"{BASE}/models", json=body, headers=headers).json()["id"] == first.json()["id"]
    expect(api.post(f"{BASE}/models", json={**body, "displayName": "x"}, headers=headers), 409, "InvalidatedRetryToken")


def test_lists_page_filter_and_sort(service: Running, api) -> None:
    project = api.post(f"{BASE}/projects", json={"compartmentId": service.compartment, "displayName": "lists"}).json()
    names = ["c", "a", "b", "a", "it's 100%_", "e"]
    for name in names:
        service.create_model(displayName=name, projectId=project["id"], description="long")
    wanted = {"compartmentId": service.compartment, "projectId": project["id"]}

    def all_names(**more: str) -> list[str]:
        found: list[str] = []
        page: dict[str, str] = {}
        while True:
            answer = api.get(f"{BASE}/models", params={**wanted, **more, **page})
            assert answer.status_code == 200, answer.text
            found += [model["displayName"] for model in answer.json()]
            assert all("description" not in model for model in answer.json())
            if "opc-next-page" not in answer.headers:
                return found
            page = {"page": answer.headers["opc-next-page"]}

    assert all_names() == names[::-1]
    assert all_names(limit="2") == names[::-1]
    assert all_names(limit="2", sortBy="displayName") == sorted(names)
    assert all_names(limit="2", sortBy="displayName", sortOrder="DESC") == sorted(names)[::-1]
    assert all_names(displayName="a") == ["a", "a"]
    assert all_names(displayName="it's 100%_") == ["it's 100%_"]
    assert all_names(displayName="%") == []
    assert all_names(displayName="' OR '1'='1") == []
    assert all_names(lifecycleState="DELETED") == []
    assert all_names(category="USER", createdBy=service.context.defaults.user_id, unknown="ignored") == names[::-1]
    assert all_names(modelVersionSetName="none") == []
    assert api.get(f"{BASE}/models", params={"compartmentId": "ocid1.compartment.oc1..none"}).json() == []


@pytest.mark.parametrize(
    "limit", ["0", "-1", "1001", "1000000000", str(2**63), "1.5", "1e3", "abc", "\u0661", "1 OR 1=1", ""]
)
def test_impossible_limits(service: Running, api, limit: str) -> None:
    answer = api.get(f"{BASE}/models", params={"compartmentId": service.compartment, "limit": limit})
    expect(answer, 400, "InvalidParameter")


@pytest.mark.parametrize(
    "params",
    [
        {"sortBy": "size"},
        {"sortOrder": "UP"},
        {"lifecycleState": "GONE"},
        {"page": "x"},
        {"page": ""},
        {"displayName": "x" * 6000},
        {"displayName": "a\0b"},
    ],
)
def test_impossible_list_parameters(service: Running, api, params: dict[str, str]) -> None:
    expect(api.get(f"{BASE}/models", params={"compartmentId": service.compartment, **params}), 400, "InvalidParameter")


def test_lists_need_a_compartment_and_parameters_once(service: Running, api) -> None:
    expect(api.get(f"{BASE}/models"), 400, "MissingParameter")
    twice = f"{BASE}/models?compartmentId={service.compartment}&limit=1&limit=2"
    expect(api.get(twice), 400, "InvalidParameter")
    expect(api.get(f"{BASE}/models?compartmentId=%ff%fe"), 400, "InvalidParameter")
    expect(api.get(f"{BASE}/models?compartmentId=%ed%a0%80"), 400, "InvalidParameter")


def test_a_page_token_belongs_to_its_list(service: Running, api) -> None:
    for _ in range(2):
        service.create_model()
    params = {"compartmentId": service.compartment, "limit": "1"}
    token = api.get(f"{BASE}/models", params=params).headers["opc-next-page"]
    for other in ({"sortBy": "displayName"}, {"projectId": service.project}, {"displayName": "x"}):
        answer = api.get(f"{BASE}/models", params={**params, **other, "page": token})
        expect(answer, 400, "InvalidParameter")
    expect(api.get(f"{BASE}/projects", params={**params, "page": token}), 400, "InvalidParameter")


BAD_VALUES: list[dict[str, object]] = [
    {"displayName": 5},
    {"displayName": {"a": 1}},
    {"displayName": "x" * 256},
    {"description": "x" * 500_000},
    {"freeformTags": {f"k{i}": "v" for i in range(10_000)}},
    {"freeformTags": {"k" * 300: "v"}},
    {"freeformTags": {"k": {"nested": "v"}}},
    {"freeformTags": ["k"]},
    {"definedTags": {"ns": "flat"}},
    {"definedTags": {"ns": {"k": []}}},
    {"customMetadataList": {"key": "a"}},
    {"customMetadataList": [{"value": "no key"}]},
    {"customMetadataList": [{"key": "a", "value": "x" * 17_000}]},
    {"customMetadataList": [{"key": "a", "category": "bogus"}]},
    {"customMetadataList": [{"key": "a"}, {"key": "a"}]},
    {"customMetadataList": [{"key": f"k{i}", "value": "x" * 10_000} for i in range(4)]},
    {"customMetadataList": [{"key": "a", "description": "x" * 256}]},
    {"retentionSetting": {"x": "y" * 5000}},
    {"inputSchema": "{not json"},
    {"inputSchema": "[" * 100_000},
    {"outputSchema": '"' + "x" * 2_000_000 + '"'},
    {"modelVersionSetId": ""},
]


@pytest.mark.parametrize("values", BAD_VALUES, ids=lambda values: f"{next(iter(values))}-{str(values)[:40]}")
def test_values_that_are_refused(service: Running, api, values: dict[str, object]) -> None:
    body = {"compartmentId": service.compartment, "projectId": service.project, **values}
    answer = api.post(f"{BASE}/models", json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] in {"InvalidParameter", "MissingParameter"}


@pytest.mark.parametrize(
    "name",
    [
        "\r\nx: y",
        "\u202egnp",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "../../etc/passwd",
        "%2f",
        "名前",
        "x" * 255,
        "😀",
    ],
)
def test_odd_names_come_back_as_they_were(service: Running, api, name: str) -> None:
    model = service.create_model(displayName=name)
    assert api.get(f"{BASE}/models/{model['id']}").json()["displayName"] == name
    found = api.get(f"{BASE}/models", params={"compartmentId": service.compartment, "displayName": name})
    assert model["id"] in [item["id"] for item in found.json()]


def test_missing_attributes_and_unknown_relations(service: Running, api) -> None:
    expect(api.post(f"{BASE}/models", json={"projectId": service.project}), 400, "MissingParameter")
    answer = api.post(
        f"{BASE}/models", json={"compartmentId": "ocid1.compartment.oc1..x", "projectId": service.project}
    )
    expect(answer, 404, "RelatedResourceNotAuthorizedOrNotFound")
    answer = api.post(f"{BASE}/models", json={"compartmentId": service.compartment, "projectId": "nonsense"})
    expect(answer, 404, "RelatedResourceNotAuthorizedOrNotFound")


@pytest.mark.parametrize("id_", ["x", "..%2f..%2fetc%2fpasswd", "ocid1.datasciencemodel.oc1..none", "' OR 1=1 --", "é"])
def test_unknown_models(api, id_: str) -> None:
    for answer in (api.get(f"{BASE}/models/{id_}"), api.delete(f"{BASE}/models/{id_}")):
        assert answer.status_code == 404
        assert answer.json()["code"] in {"NotAuthorizedOrNotFound", "NotFound"}


def test_provenance(service: Running, api) -> None:
    path = f"{BASE}/models/{service.create_model()['id']}/provenance"
    expect(api.get(path), 404, "NotAuthorizedOrNotFound")
    created = api.post(path, json={})
    assert created.status_code == 200
    expect(api.post(path, json={}), 409, "Conflict")
    changed = api.put(path, json={"gitBranch": "main"}, headers={"if-match": created.headers["etag"]})
    assert changed.json()["gitBranch"] == "main"
    assert api.get(path).json() == changed.json()
    expect(api.put(path, json={}, headers={"if-match": created.headers["etag"]}), 412, "NoEtagMatch")


def test_projects(service: Running, api) -> None:
    body = {"compartmentId": service.compartment, "displayName": "p"}
    created = api.post(f"{BASE}/projects", json=body)
    path = f"{BASE}/projects/{created.json()['id']}"
    assert api.get(path).json() == created.json()
    assert api.put(path, json={"description": "d"}).json()["description"] == "d"
    listed = api.get(f"{BASE}/projects", params={"compartmentId": service.compartment, "id": created.json()["id"]})
    assert [project["displayName"] for project in listed.json()] == ["p"]
    model = service.create_model(projectId=created.json()["id"])
    expect(api.delete(path), 409, "Conflict")
    api.delete(f"{BASE}/models/{model['id']}")
    deleted = api.delete(path)
    assert (deleted.status_code, deleted.content, deleted.headers["content-length"]) == (202, b"", "0")
    assert deleted.headers["opc-work-request-id"].startswith("ocid1.datascienceworkrequest.")
    assert api.get(path).json()["lifecycleState"] == "DELETED"


def test_a_model_moves_to_another_compartment(service: Running, api) -> None:
    model = service.create_model()
    path = f"{BASE}/models/{model['id']}"
    tenancy = service.context.defaults.tenancy_id
    moved = api.post(f"{path}/actions/changeCompartment", json={"compartmentId": tenancy})
    assert (moved.status_code, moved.content) == (200, b"")
    assert api.get(path).json()["compartmentId"] == tenancy
    answer = api.post(f"{path}/actions/changeCompartment", json={"compartmentId": "ocid1.compartment.oc1..no"})
    expect(answer, 404, "RelatedResourceNotAuthorizedOrNotFound")
