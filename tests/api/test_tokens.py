"""Tokens: scopes that only ever take away, expiry, revocation, and no token that makes a wider one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import httpx
import pytest

from .conftest import Running, expect
from .people import compartment, grant, token, user

BASE = "/20190101"
TOKENS = "/openads/v1/tokens"


def in_an_hour() -> str:
    return (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat()


def test_a_token_is_limited_to_its_verb(service: Running) -> None:
    model = service.create_model()["id"]
    reader = token(service, service.context.defaults.user_id, scope={"verb": "read"})
    assert reader.get(f"{BASE}/models/{model}").status_code == 200
    expect(reader.put(f"{BASE}/models/{model}", json={"description": "x"}), 404, "NotAuthorizedOrNotFound")
    expect(reader.delete(f"{BASE}/models/{model}"), 404, "NotAuthorizedOrNotFound")
    assert reader.get("/openads/v1/users").status_code == 200
    expect(reader.post("/openads/v1/users", json={"name": "x"}), 404, "NotAuthorizedOrNotFound")


def test_a_token_is_limited_to_its_compartment(service: Running) -> None:
    place = compartment(service)
    inner = compartment(service, place)
    limited = token(service, service.context.defaults.user_id, scope={"verb": "manage", "compartmentId": place})
    for target, status in ((place, 200), (inner, 200), (service.compartment, 404)):
        assert limited.post(f"{BASE}/projects", json={"compartmentId": target}).status_code == status
    assert {row["id"] for row in limited.get("/openads/v1/compartments").json()["items"]} == {place, inner}
    expect(limited.get(f"{BASE}/models/{service.create_model()['id']}"), 404, "NotAuthorizedOrNotFound")


def test_a_scope_adds_nothing_to_its_user(service: Running) -> None:
    member = user(service)
    grant(service, member, "read", service.compartment)
    wide = token(service, member, scope={"verb": "manage"})
    model = service.create_model()["id"]
    assert wide.get(f"{BASE}/models/{model}").status_code == 200
    expect(wide.delete(f"{BASE}/models/{model}"), 404, "NotAuthorizedOrNotFound")


def test_a_limited_token_makes_no_wider_one(service: Running) -> None:
    place, tenancy = compartment(service), service.context.defaults.tenancy_id
    scope = {"verb": "manage", "compartmentId": place}
    limited = token(service, service.context.defaults.user_id, scope=scope, expires=in_an_hour())
    for wider in (None, {"verb": "manage"}, {"verb": "use", "compartmentId": tenancy}):
        body = {"name": "wider", "expiresInSeconds": 60, **({"scope": wider} if wider else {})}
        assert limited.post(TOKENS, json=body).status_code == 404
    for method, path in (("GET", TOKENS), ("GET", "/openads/v1/keys"), ("DELETE", f"{TOKENS}/1")):
        assert limited.request(method, path).status_code == 404


def test_a_limited_token_makes_a_narrower_one_that_ends_no_later(service: Running) -> None:
    place = compartment(service)
    inner = compartment(service, place)
    scope = {"verb": "manage", "compartmentId": place}
    limited = token(service, service.context.defaults.user_id, scope=scope, expiresInSeconds=600)
    narrower = {"verb": "use", "compartmentId": inner}
    expect(limited.post(TOKENS, json={"name": "n", "scope": narrower}), 404, "NotAuthorizedOrNotFound")
    late = {"name": "n", "scope": narrower, "expiresInSeconds": 601}
    expect(limited.post(TOKENS, json=late), 404, "NotAuthorizedOrNotFound")
    made = limited.post(TOKENS, json={"name": "n", "scope": narrower, "expiresInSeconds": 60})
    assert made.status_code == 200, made.text
    assert made.json()["scope"] == narrower


def test_a_key_is_registered_only_with_all_rights(service: Running) -> None:
    for details in ({"scope": {"verb": "manage"}, "expiresInSeconds": 60}, {"scope": {"verb": "use"}}):
        limited = token(service, service.context.defaults.user_id, **details)
        answer = limited.post("/openads/v1/keys", json={"publicKey": "-----BEGIN PUBLIC KEY-----"})
        expect(answer, 404, "NotAuthorizedOrNotFound")


def test_a_token_names_only_what_its_maker_may_see(service: Running) -> None:
    member = user(service)
    client = token(service, member)
    for scope in (
        {"verb": "read", "compartmentId": service.compartment},
        {"verb": "use", "deploymentIds": ["ocid1.datasciencemodeldeployment.oc1.local.x"]},
        {"verb": "read", "compartmentId": "ocid1.compartment.oc1..none"},
    ):
        assert client.post(TOKENS, json={"name": "x", "scope": scope}).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x", "scope": {}},
        {"name": "x", "scope": {"verb": "own"}},
        {"name": "x", "scope": {"verb": "use", "deploymentIds": []}},
        {"name": "x", "scope": {"verb": "use", "deployments": ["a"]}},
        {"name": "x", "expires": "tomorrow"},
        {"name": "x", "expires": "2020-01-01T00:00:00Z"},
        {"name": "x", "expires": "2999-01-01T00:00:00Z"},
        {"name": "x", "expiresInSeconds": 0},
        {"name": "x", "expiresInSeconds": 60, "expires": "2027-01-01T00:00:00Z"},
        {"name": "admin-token"},
        {"name": "x", "expiry": 5},
    ],
)
def test_tokens_that_cannot_be_made(service: Running, body: dict[str, object]) -> None:
    assert service.client.post(TOKENS, json=body).status_code == 400


def test_a_token_ends_when_it_says(service: Running) -> None:
    from tests.own_service import eventually

    short = token(service, service.context.defaults.user_id, expiresInSeconds=1)
    eventually(lambda: short.get("/openads/v1/service").status_code == 401, 10, "the end of the token")
    until = in_an_hour()
    made = service.client.post(TOKENS, json={"name": "later", "expires": until}).json()
    assert made["timeExpires"][:19] == until[:19]


def test_deactivating_a_user_ends_all_credentials_and_activating_brings_them_back(service: Running) -> None:
    member = user(service)
    client = token(service, member)
    assert client.get("/openads/v1/service").status_code == 200
    service.client.post(f"/openads/v1/users/{member}/actions/deactivate")
    expect(client.get("/openads/v1/service"), 401, "NotAuthenticated")
    service.client.post(f"/openads/v1/users/{member}/actions/activate")
    assert client.get("/openads/v1/service").status_code == 200


def test_users_look_after_their_own_tokens(service: Running) -> None:
    member = user(service)
    client = token(service, member)
    made = client.post(TOKENS, json={"name": "mine"}).json()
    assert [row["name"] for row in client.get(TOKENS).json()["items"]] == ["test", "mine"]
    headers = {"authorization": f"Bearer {made['token']}"}
    assert httpx.get(f"{service.url}/openads/v1/service", headers=headers).status_code == 200
    assert client.delete(f"{TOKENS}/{made['id']}").status_code == 204
    assert httpx.get(f"{service.url}/openads/v1/service", headers=headers).status_code == 401
    rows = service.client.get(f"{TOKENS}?userId={member}").json()["items"]
    assert service.client.delete(f"{TOKENS}/{rows[0]['id']}?userId={member}").status_code == 204
    assert client.get("/openads/v1/service").status_code == 401
