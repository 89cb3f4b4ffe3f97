"""Verbs in compartments, as callers meet them: what is allowed, and that what isn't allowed isn't there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from .conftest import Running, archive, expect
from .people import compartment, grant, token, user

BASE = "/20190101"
OPEN = "/openads/v1"


@dataclass(frozen=True)
class Team:
    """A compartment with a project and a model, and a client for each verb in it."""

    place: str
    project: str
    model: str
    clients: dict[str, httpx.Client]


@pytest.fixture(scope="module")
def team(service: Running) -> Iterator[Team]:
    place = compartment(service)
    project = service.client.post(f"{BASE}/projects", json={"compartmentId": place}).json()["id"]
    model = service.client.post(f"{BASE}/models", json={"compartmentId": place, "projectId": project}).json()["id"]
    assert service.upload(model, archive()).status_code == 204
    clients = {}
    for verb in ("inspect", "read", "use", "manage"):
        member = user(service)
        grant(service, member, verb, place)
        clients[verb] = token(service, member)
    clients["stranger"] = token(service, user(service))
    yield Team(place, project, model, clients)
    for client in clients.values():
        client.close()


def statuses(team: Team, method: str, path: str, **arguments: object) -> dict[str, int]:
    return {who: client.request(method, path, **arguments).status_code for who, client in team.clients.items()}


def test_each_verb_includes_those_before_it(team: Team) -> None:
    one = f"{BASE}/models/{team.model}"
    listed = statuses(team, "GET", f"{BASE}/models", params={"compartmentId": team.place})
    assert listed == {"inspect": 200, "read": 200, "use": 200, "manage": 200, "stranger": 404}
    assert statuses(team, "GET", one) == {"inspect": 404, "read": 200, "use": 200, "manage": 200, "stranger": 404}
    assert statuses(team, "GET", f"{one}/artifact/content")["read"] == 200
    changed = statuses(team, "PUT", one, json={"description": "x"})
    assert changed == {"inspect": 404, "read": 404, "use": 200, "manage": 200, "stranger": 404}


def test_a_reader_can_delete_nothing(service: Running, team: Team) -> None:
    body = {"compartmentId": team.place, "projectId": team.project}
    other = service.client.post(f"{BASE}/models", json=body).json()["id"]
    for who in ("stranger", "inspect", "read", "use"):
        expect(team.clients[who].delete(f"{BASE}/models/{other}"), 404, "NotAuthorizedOrNotFound")
    assert service.client.get(f"{BASE}/models/{other}").json()["lifecycleState"] == "ACTIVE"
    assert team.clients["manage"].delete(f"{BASE}/models/{other}").status_code == 204


def test_what_may_not_be_seen_looks_like_what_is_not_there(team: Team) -> None:
    absent = team.model[:-6] + "aaaaaa"
    for method, tail in (
        ("GET", ""),
        ("DELETE", ""),
        ("PUT", ""),
        ("GET", "/artifact/content"),
        ("GET", "/provenance"),
    ):
        body = {"json": {}} if method == "PUT" else {}
        hidden = team.clients["stranger"].request(method, f"{BASE}/models/{team.model}{tail}", **body)
        missing = team.clients["stranger"].request(method, f"{BASE}/models/{absent}{tail}", **body)
        assert hidden.status_code == missing.status_code == 404
        assert hidden.text.replace(team.model, "") == missing.text.replace(absent, "")


def test_a_grant_holds_below_and_not_above_or_beside(service: Running) -> None:
    upper = compartment(service)
    lower = compartment(service, upper)
    beside = compartment(service)
    member = user(service)
    grant(service, member, "inspect", upper)
    client = token(service, member)
    for place, status in ((upper, 200), (lower, 200), (beside, 404), (service.compartment, 404)):
        assert client.get(f"{BASE}/models", params={"compartmentId": place}).status_code == status
    tenancy = service.context.defaults.tenancy_id
    assert client.get(f"{BASE}/models", params={"compartmentId": tenancy}).status_code == 404
    seen = {row["id"] for row in client.get(f"{OPEN}/compartments").json()["items"]}
    assert seen == {upper, lower}


def test_creating_takes_manage_where_it_is_created_and_rights_on_what_is_named(service: Running, team: Team) -> None:
    manager = team.clients["manage"]
    elsewhere = {"compartmentId": service.compartment, "projectId": team.project}
    expect(manager.post(f"{BASE}/models", json=elsewhere), 404, "RelatedResourceNotAuthorizedOrNotFound")
    foreign = {"compartmentId": team.place, "projectId": service.project}
    expect(manager.post(f"{BASE}/models", json=foreign), 404, "RelatedResourceNotAuthorizedOrNotFound")
    model = service.create_model()["id"]
    deployment = {
        "compartmentId": team.place,
        "projectId": team.project,
        "modelDeploymentConfigurationDetails": {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {
                "modelId": model,
                "instanceConfiguration": {"instanceShapeName": "VM.Standard2.1"},
            },
        },
    }
    answer = manager.post(f"{BASE}/modelDeployments", json=deployment)
    expect(answer, 404, "RelatedResourceNotAuthorizedOrNotFound")
    for who in ("read", "use"):
        body = {"compartmentId": team.place, "projectId": team.project}
        assert team.clients[who].post(f"{BASE}/models", json=body).status_code == 404


def test_moving_takes_manage_at_both_ends(service: Running, team: Team) -> None:
    target = {"compartmentId": service.compartment}
    path = f"{BASE}/models/{team.model}/actions/changeCompartment"
    expect(team.clients["manage"].post(path, json=target), 404, "RelatedResourceNotAuthorizedOrNotFound")
    assert service.client.get(f"{BASE}/models/{team.model}").json()["compartmentId"] == team.place


def test_searches_leave_out_what_may_not_be_seen(service: Running, team: Team) -> None:
    query = {"type": "Structured", "query": "query datasciencemodel resources"}
    for who in ("stranger", "inspect"):
        found = team.clients[who].post("/20180409/resources", json=query)
        assert found.status_code == 200
        places = {item["compartmentId"] for item in found.json()["items"]}
        assert places == (set() if who == "stranger" else {team.place})
    by_id = {"type": "FreeText", "text": team.model}
    assert team.clients["stranger"].post("/20180409/resources", json=by_id).json()["items"] == []
    assert len(team.clients["inspect"].post("/20180409/resources", json=by_id).json()["items"]) == 1


def test_buckets_of_other_compartments_are_not_there(service: Running, team: Team) -> None:
    bucket = {"name": "of-the-team", "compartmentId": team.place}
    assert team.clients["manage"].post("/n/openads/b", json=bucket).status_code == 200
    assert team.clients["manage"].put("/n/openads/b/of-the-team/o/x%2Fy", content=b"1").status_code == 200
    assert team.clients["read"].get("/n/openads/b/of-the-team/o/x%2Fy").content == b"1"
    stranger = team.clients["stranger"]
    expect(stranger.get("/n/openads/b/of-the-team/o/x%2Fy"), 404, "BucketNotFound")
    hidden, missing = (stranger.get(f"/n/openads/b/{name}") for name in ("of-the-team", "not-there-at"))
    assert hidden.text.replace("of-the-team", "") == missing.text.replace("not-there-at", "")
    service.client.post("/n/openads/b", json={"name": "of-others", "compartmentId": service.compartment})
    copy = {
        "sourceObjectName": "x/y",
        "destinationNamespace": "openads",
        "destinationRegion": "local",
        "destinationBucket": "of-others",
        "destinationObjectName": "stolen",
    }
    answer = team.clients["manage"].post("/n/openads/b/of-the-team/actions/copyObject", json=copy)
    assert answer.status_code == 404


def test_who_has_no_rights_in_the_tenancy_sees_only_himself(service: Running, team: Team) -> None:
    client = team.clients["manage"]
    mine = client.get(f"{OPEN}/service").json()["userId"]
    assert [row["id"] for row in client.get(f"{OPEN}/users").json()["items"]] == [mine]
    grants = client.get(f"{OPEN}/grants").json()["items"]
    assert {row["compartmentId"] for row in grants} == {team.place}  # his own, and what he manages there
    reader = team.clients["read"]
    assert len(reader.get(f"{OPEN}/grants").json()["items"]) == 1
    admin = service.context.defaults.user_id
    expect(client.get(f"{OPEN}/users/{admin}"), 404, "NotAuthorizedOrNotFound")
    for method, path, body in (
        ("POST", "/users", {"name": "mine"}),
        ("PUT", f"/users/{admin}", {"description": "x"}),
        ("POST", f"/users/{admin}/actions/deactivate", None),
        ("POST", "/grants", {"userId": mine, "verb": "manage", "compartmentId": service.context.defaults.tenancy_id}),
        ("POST", "/grants", {"userId": mine, "verb": "manage", "compartmentId": team.place}),
        ("POST", "/tokens", {"name": "theirs", "userId": admin}),
        ("GET", f"/tokens?userId={admin}", None),
        ("GET", f"/keys?userId={admin}", None),
        ("DELETE", f"/tokens/1?userId={admin}", None),
        ("DELETE", "/tokens/1", None),
    ):
        answer = client.request(method, OPEN + path, json=body) if body else client.request(method, OPEN + path)
        if (method, path) == ("POST", "/grants") and body and body["compartmentId"] == team.place:
            assert answer.status_code == 200  # a manager of a compartment lets others into it
            continue
        assert answer.status_code == 404, (method, path, answer.text)


def test_taking_a_grant_away_is_felt_at_once(service: Running) -> None:
    member = user(service)
    made = grant(service, member, "read", service.compartment)
    client = token(service, member)
    model = service.create_model()["id"]
    assert client.get(f"{BASE}/models/{model}").status_code == 200
    assert service.client.delete(f"{OPEN}/grants/{made['id']}").status_code == 204
    assert client.get(f"{BASE}/models/{model}").status_code == 404
    expect(service.client.delete(f"{OPEN}/grants/{made['id']}"), 404, "NotAuthorizedOrNotFound")


def test_a_manager_of_a_compartment_lets_others_in_and_out(service: Running, team: Team) -> None:
    manager, guest = team.clients["manage"], user(service)
    client = token(service, guest)
    body = {"userId": guest, "verb": "read", "compartmentId": team.place}
    made = manager.post(f"{OPEN}/grants", json=body).json()
    assert client.get(f"{BASE}/models/{team.model}").status_code == 200
    for who in ("stranger", "use"):
        assert team.clients[who].delete(f"{OPEN}/grants/{made['id']}").status_code == 404
    assert manager.delete(f"{OPEN}/grants/{made['id']}").status_code == 204
    assert client.get(f"{BASE}/models/{team.model}").status_code == 404
    elsewhere = grant(service, guest, "read", service.compartment)
    assert manager.delete(f"{OPEN}/grants/{elsewhere['id']}").status_code == 404


def test_a_second_grant_in_a_compartment_replaces_the_first(service: Running) -> None:
    member = user(service)
    first = grant(service, member, "manage", service.compartment)
    second = grant(service, member, "inspect", service.compartment)
    assert (first["id"], second["verb"]) == (second["id"], "inspect")
    body = {"compartmentId": service.compartment}
    assert token(service, member).post(f"{BASE}/projects", json=body).status_code == 404


def test_the_last_administrator_stays(service: Running) -> None:
    admin = service.context.defaults.user_id
    tenancy = service.context.defaults.tenancy_id
    own = next(row for row in service.client.get(f"{OPEN}/grants?userId={admin}").json()["items"])
    expect(service.client.delete(f"{OPEN}/grants/{own['id']}"), 409, "Conflict")
    expect(service.client.post(f"{OPEN}/users/{admin}/actions/deactivate"), 409, "Conflict")
    lower = {"userId": admin, "verb": "read", "compartmentId": tenancy}
    expect(service.client.post(f"{OPEN}/grants", json=lower), 409, "Conflict")
    second = user(service)
    made = grant(service, second, "manage", tenancy)
    client = token(service, second)
    assert client.post(f"{OPEN}/users/{admin}/actions/deactivate").status_code == 200
    assert service.client.get(f"{OPEN}/service").status_code == 401
    expect(client.post(f"{OPEN}/users/{second}/actions/deactivate"), 409, "Conflict")
    assert client.post(f"{OPEN}/users/{admin}/actions/activate").status_code == 200
    assert service.client.delete(f"{OPEN}/grants/{made['id']}").status_code == 204


def test_users_are_named_once_and_changed_with_their_etag(service: Running) -> None:
    made = service.client.post(f"{OPEN}/users", json={"name": "ada", "description": "first"})
    one = f"{OPEN}/users/{made.json()['id']}"
    expect(service.client.post(f"{OPEN}/users", json={"name": "ada"}), 409, "Conflict")
    expect(service.client.post(f"{OPEN}/users", json={"name": "a b"}), 400, "InvalidParameter")
    expect(service.client.post(f"{OPEN}/users", json={"name": "bob", "nmae": "x"}), 400, "InvalidParameter")
    stale = {"if-match": "stale"}
    expect(service.client.put(one, json={"name": "eve"}, headers=stale), 412, "NoEtagMatch")
    fresh = {"if-match": made.headers["etag"]}
    assert service.client.put(one, json={"name": "eve"}, headers=fresh).json()["name"] == "eve"
    pages = [row["name"] for row in service.client.get(f"{OPEN}/users", params={"limit": 2}).json()["items"]]
    assert pages == sorted(pages)
    assert len(pages) == 2


def test_compartments_are_deleted_only_when_empty(service: Running) -> None:
    place = compartment(service)
    one = f"{OPEN}/compartments/{place}"
    inner = compartment(service, place)
    project = service.client.post(f"{BASE}/projects", json={"compartmentId": place}).json()["id"]
    refused = service.client.delete(one)
    expect(refused, 409, "Conflict")
    assert "1 compartments" in refused.json()["message"]
    assert "1 projects" in refused.json()["message"]
    assert service.client.delete(f"{OPEN}/compartments/{inner}").status_code == 204
    assert service.client.delete(f"{BASE}/projects/{project}").status_code == 202
    member = user(service)
    grant(service, member, "read", place)
    assert service.client.delete(one).status_code == 204
    assert service.client.get(one).json()["lifecycleState"] == "DELETED"
    assert service.client.get(f"{OPEN}/grants?userId={member}").json()["items"] == []
    body = {"compartmentId": place}
    expect(service.client.post(f"{BASE}/projects", json=body), 404, "RelatedResourceNotAuthorizedOrNotFound")
    for needed in (service.compartment, service.context.defaults.tenancy_id):
        expect(service.client.delete(f"{OPEN}/compartments/{needed}"), 409, "Conflict")


def test_compartments_have_one_name_in_their_parent(service: Running) -> None:
    upper = compartment(service)
    body = {"compartmentId": upper, "name": "twice", "description": "d"}
    made = service.client.post(f"{OPEN}/compartments", json=body)
    expect(service.client.post(f"{OPEN}/compartments", json=body), 409, "Conflict")
    one = f"{OPEN}/compartments/{made.json()['id']}"
    expect(service.client.put(one, json={"name": "x"}, headers={"if-match": "y"}), 412, "NoEtagMatch")
    assert service.client.put(one, json={"name": "once"}).json()["name"] == "once"
    assert service.client.post(f"{OPEN}/compartments", json=body).status_code == 200
    listed = service.client.get(f"{OPEN}/compartments", params={"compartmentId": upper}).json()["items"]
    assert [row["name"] for row in listed] == ["once", "twice"]
    deep = upper
    for _ in range(5):
        deep = compartment(service, deep)
    expect(service.client.post(f"{OPEN}/compartments", json={"compartmentId": deep, "name": "x"}), 409, "Conflict")
