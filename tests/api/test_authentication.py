"""The door: nobody without a credential, no body but the signed one, no JSON but the strict kind, no route unruled."""

from __future__ import annotations

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ads.api.application import ROUTERS, create_app
from ads.api.rules import RULES
from ads.identity.signature import sign

from .conftest import Running, archive, expect

BASE = "/20190101"


def routes() -> set[tuple[str, str]]:
    return {(method, route.path) for router in ROUTERS for route in router.routes for method in route.methods}


def test_every_route_declares_what_it_needs() -> None:
    assert routes() - RULES.keys() == set()


def test_the_application_has_no_routes_but_those_of_its_routers(service: Running) -> None:
    included = {path for _, path in routes()}
    assert {route.path for route in create_app(service.context).routes if hasattr(route, "path")} <= included


def test_a_route_without_a_rule_answers_nobody(service: Running, api, monkeypatch) -> None:
    monkeypatch.delitem(RULES, ("GET", "/openads/v1/service"))
    expect(api.get("/openads/v1/service"), 404, "NotAuthorizedOrNotFound")


@pytest.mark.parametrize(("method", "path"), sorted(routes()))
def test_no_route_answers_without_a_credential(service: Running, method: str, path: str) -> None:
    answer = httpx.request(method, service.url + path.replace("{", "").replace("}", ""))
    assert answer.status_code == 401
    assert answer.headers["opc-request-id"]
    assert (answer.content == b"") if method == "HEAD" else (answer.json()["code"] == "NotAuthenticated")


def test_unknown_paths_are_401_without_and_404_with_a_credential(service: Running, api) -> None:
    for path in ("/", "/nothing", "/docs", "/openapi.json", "/20190101", "/20190101/models/", "/static/..%2f..%2fx"):
        expect(httpx.get(service.url + path), 401, "NotAuthenticated")
        expect(api.get(path), 404, "NotFound")
    expect(api.request("PATCH", f"{BASE}/models"), 405, "MethodNotAllowed")


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": ""},
        {"authorization": "Basic YWRtaW46YWRtaW4="},
        {"authorization": "Bearer eyJhbGciOiJub25lIn0.e30."},
        {"authorization": "Bearer ' OR 1=1 --"},
        {"x-forwarded-user": "admin", "x-original-url": "/"},
        {"cookie": "token=x"},
    ],
)
def test_credentials_that_are_none(service: Running, headers: dict[str, str]) -> None:
    expect(httpx.get(f"{service.url}/openads/v1/service", headers=headers), 401, "NotAuthenticated")


def test_a_token_is_accepted_only_in_its_header_and_once(service: Running, api) -> None:
    token = api.headers["authorization"].split()[1]
    url = f"{service.url}/openads/v1/service"
    expect(httpx.get(url, params={"token": token, "access_token": token}), 401, "NotAuthenticated")
    twice = [("authorization", f"Bearer {token}"), ("authorization", f"Bearer {token}")]
    expect(httpx.get(url, headers=twice), 401, "NotAuthenticated")
    for wrong in (token[:-1], token + "x", token.swapcase()):
        expect(httpx.get(url, headers={"authorization": f"Bearer {wrong}"}), 401, "NotAuthenticated")


@pytest.fixture(scope="module")
def key(service: Running) -> tuple[rsa.RSAPrivateKey, str]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    found = service.client.post("/openads/v1/keys", json={"publicKey": pem}).json()
    return private, f"{found['tenancy']}/{found['user']}/{found['fingerprint']}"


def signed(service: Running, key, method: str, target: str, body: bytes | None = None) -> dict[str, str]:
    headers = {"host": service.url.removeprefix("http://"), "content-type": "application/json"}
    return {**headers, **sign(key[0], key[1], method, target, headers, body)}


def test_signed_requests_pass_and_changed_ones_do_not(service: Running, key) -> None:
    body = f'{{"compartmentId": "{service.compartment}", "displayName": "signed"}}'.encode()
    headers = signed(service, key, "POST", f"{BASE}/projects", body)
    assert httpx.post(f"{service.url}{BASE}/projects", content=body, headers=headers).status_code == 200
    forged = body.replace(b"signed", b"forged")
    expect(httpx.post(f"{service.url}{BASE}/projects", content=forged, headers=headers), 401, "NotAuthenticated")
    expect(httpx.post(f"{service.url}{BASE}/projects?x=1", content=body, headers=headers), 401, "NotAuthenticated")
    expect(httpx.put(f"{service.url}{BASE}/projects", content=body, headers=headers), 401, "NotAuthenticated")
    unsigned_body = signed(service, key, "POST", f"{BASE}/projects", None)
    expect(httpx.post(f"{service.url}{BASE}/projects", content=body, headers=unsigned_body), 401, "NotAuthenticated")


def test_uploads_sign_three_headers(service: Running, key) -> None:
    path = f"{BASE}/models/{service.create_model()['id']}/artifact"
    headers = {**signed(service, key, "POST", path, None), "content-type": "application/octet-stream"}
    assert httpx.post(service.url + path, content=archive(), headers=headers).status_code == 204


def test_an_upload_with_a_signed_digest_must_have_that_digest(service: Running, key) -> None:
    path = f"{BASE}/models/{service.create_model()['id']}/artifact"
    content = archive()
    headers = signed(service, key, "POST", path, content)
    other = archive(x="1")[: len(content)].ljust(len(content), b"x")
    expect(httpx.post(service.url + path, content=other, headers=headers), 401, "NotAuthenticated")
    assert httpx.post(service.url + path, content=content, headers=headers).status_code == 204


def test_a_removed_key_is_refused_at_once(service: Running, api, key) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    found = api.post("/openads/v1/keys", json={"publicKey": pem}).json()
    other = (private, f"{found['tenancy']}/{found['user']}/{found['fingerprint']}")
    target = "/openads/v1/service"
    assert httpx.get(service.url + target, headers=signed(service, other, "GET", target)).status_code == 200
    assert api.delete(f"/openads/v1/keys/{found['fingerprint']}").status_code == 204
    expect(httpx.get(service.url + target, headers=signed(service, other, "GET", target)), 401, "NotAuthenticated")
    assert found["fingerprint"] not in str(api.get("/openads/v1/keys").json())


BAD_BODIES = {
    "empty list": (b"[]", 400),
    "null": (b"null", 400),
    "nothing": (b"", 400),
    "not json": (b"{", 400),
    "nan": (b'{"displayName": NaN}', 400),
    "infinite": (b'{"displayName": 1e999}', 400),
    "twice": (b'{"displayName": "a", "displayName": "b"}', 400),
    "surrogate": (b'{"displayName": "\\ud800"}', 400),
    "surrogate key": (b'{"freeformTags": {"\\udfff": "x"}}', 400),
    "nul": (b'{"displayName": "a\\u0000"}', 400),
    "deep": (b"[" * 20_000 + b"]" * 20_000, 400),
    "deep enough": (b'{"x": ' * 70 + b"1" + b"}" * 70, 400),
    "digits": (b'{"x": ' + b"9" * 5000 + b"}", 400),
    "not utf-8": (b'{"displayName": "\xff"}', 400),
    "utf-16": ('{"displayName": "a"}'.encode("utf-16"), 400),
    "20 MB": (b'{"x": "' + b"x" * 20_000_000 + b'"}', 413),
}


@pytest.mark.parametrize("kind", BAD_BODIES)
def test_bodies_that_are_refused(service: Running, api, kind: str) -> None:
    body, status = BAD_BODIES[kind]
    answer = api.post(f"{BASE}/models", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.json().keys() == {"code", "message"}
    assert api.get(f"{BASE}/models", params={"compartmentId": service.compartment}).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_other_content_types_are_refused(api, kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    expect(api.post(f"{BASE}/models", content=b'{"a": 1}', headers=headers), 415, "UnsupportedMediaType")


def test_request_ids(api) -> None:
    own = api.get("/openads/v1/service").headers["opc-request-id"]
    assert len(own) == 32
    given = api.get("/openads/v1/service", headers={"opc-request-id": "abc"}).headers["opc-request-id"]
    assert given.startswith("abc/")
    odd = api.get("/openads/v1/service", headers={"opc-request-id": "<script>"}).headers["opc-request-id"]
    assert "script" not in odd


def test_the_service_tells_its_defaults(service: Running, api) -> None:
    found = api.get("/openads/v1/service").json()
    assert found["compartmentId"] == service.compartment
    assert found["projectId"] == service.project
    user = api.get(f"/20160918/users/{found['userId']}").json()
    assert (user["name"], user["lifecycleState"]) == ("admin", "ACTIVE")


def test_tokens_are_shown_once_and_can_be_revoked(service: Running, api) -> None:
    made = api.post("/openads/v1/tokens", json={"name": "ci", "expiresInSeconds": 60}).json()
    headers = {"authorization": f"Bearer {made['token']}"}
    assert httpx.get(f"{service.url}/openads/v1/service", headers=headers).status_code == 200
    assert made["token"] not in api.get("/openads/v1/tokens").text
    assert api.delete(f"/openads/v1/tokens/{made['id']}").status_code == 204
    assert httpx.get(f"{service.url}/openads/v1/service", headers=headers).status_code == 401


def test_a_defect_is_answered_without_its_traceback(service: Running, api, monkeypatch, caplog) -> None:
    monkeypatch.setattr("ads.registry.users.get_user", lambda *_: 1 / 0)
    expect(api.get("/20160918/users/x"), 500, "InternalServerError")
    assert "ZeroDivisionError" in caplog.text
    assert api.get("/openads/v1/service").status_code == 200
