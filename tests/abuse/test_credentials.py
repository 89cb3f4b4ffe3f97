"""Abuse of credentials and signatures. Each test carries its number in section 3.6 of the catalogue of abuse."""

from __future__ import annotations

import base64
import json
import re
import time
from email.utils import formatdate

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from ads.api.application import ROUTERS
from ads.api.places import KINDS
from ads.api.rules import ANYWHERE, OWN
from ads.identity.signature import sign
from tests.own_service import eventually

from .conftest import Open, Peer

SERVICE = "/openads/v1/service"
PROJECTS = "/20190101/projects"
NOWHERE = "/ocid1.datasciencemodeldeployment.oc1.local." + "a" * 60 + "/predict"
REFUSED = {400, 401, 431}
READ = "date (request-target) host"
BODY = f"{READ} content-length content-type x-content-sha256"

Key = tuple[rsa.RSAPrivateKey, str]


@pytest.fixture(scope="module")
def key(service: Open) -> Key:
    return service.key()


def host(service: Open) -> str:
    return f"127.0.0.1:{service.port}"


def refused_everywhere(peer: Peer, headers: dict[str, str], statuses: frozenset[int] = frozenset({401})) -> None:
    """Both doors, the control plane's and the gateway's own, refuse this credential."""
    for method, path, body in (("GET", SERVICE, None), ("POST", NOWHERE, {"x": 1})):
        answer = peer.ask(method, path, body, headers)
        assert answer.status in statuses, (path, headers, answer)
        if answer.status == 401:
            assert answer.body["code"] == "NotAuthenticated"


def signed(
    service: Open, key: Key, method: str, target: str, body: bytes | None = None, **given: str
) -> dict[str, str]:
    headers = {"host": host(service), "content-type": "application/json", **given}
    return {**headers, **sign(key[0], key[1], method, target, headers, body)}


def signed_over(key: Key, names: str, sent: dict[str, str], target: str = SERVICE, **parameters: str) -> dict[str, str]:
    """Sign what an honest client wouldn't. ``parameters`` replace those of the header; an empty one is left out."""
    lines = [f"(request-target): get {target}" if n == "(request-target)" else f"{n}: {sent[n]}" for n in names.split()]
    value = base64.b64encode(key[0].sign("\n".join(lines).encode(), PKCS1v15(), SHA256())).decode()
    found = {
        "algorithm": "rsa-sha256",
        "headers": names,
        "keyId": key[1],
        "signature": value,
        "version": "1",
        **parameters,
    }
    text = ",".join(f'{name}="{content}"' for name, content in found.items() if content)
    return {**sent, "authorization": f"Signature {text}"}


def now_and_host(service: Open) -> dict[str, str]:
    return {"date": formatdate(usegmt=True), "host": host(service)}


def test_3_6_01_no_wrong_empty_or_changed_token(service: Open) -> None:
    token = service.admin.token
    for text in (None, "Bearer", "Bearer ", f"Bearer {token[:-1]}", f"Bearer {token}x", f"Bearer {token.swapcase()}"):
        refused_everywhere(service.stranger(), {} if text is None else {"authorization": text})
    refused_everywhere(service.stranger(), {"authorization": token})


@pytest.mark.parametrize(
    "value",
    [
        "Basic YWRtaW46YWRtaW4=",
        "Basic b3BlbmFkczpvcGVuYWRz",
        "Bearer admin",
        "Bearer password",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
        "Bearer ' OR 1=1 --",
        "Bearer \xe9\xfc",
        "Bearer " + "a" * 65_536,
        "Bearer a\0b",
        "Negotiate abc",
        "null",
    ],
)
def test_3_6_02_other_schemes_and_garbage(service: Open, value: str) -> None:
    peer = service.stranger()
    for method, path in (("GET", SERVICE), ("POST", NOWHERE)):
        assert peer.send(method, path, [("host", host(service)), ("authorization", value)]) in REFUSED


def test_3_6_03_two_authorization_headers(service: Open) -> None:
    good = f"Bearer {service.admin.token}"
    for other in (good, "Bearer wrong", ""):
        for pair in ((good, other), (other, good)):
            headers = [("host", host(service)), *(("authorization", value) for value in pair)]
            assert service.stranger().send("GET", SERVICE, headers) in {400, 401}


def test_3_6_04_a_token_in_the_query_or_a_cookie_is_no_token_and_is_not_written_down(service: Open) -> None:
    made = service.admin.ask("POST", "/openads/v1/tokens", {"name": "secret"}).body
    token = made["token"]
    peer = service.stranger()
    for query in ("token", "access_token", "authorization", "api_key"):
        assert peer.ask("GET", f"{SERVICE}?{query}={token}").status == 401
        assert peer.ask("POST", f"{NOWHERE}?{query}={token}", {"x": 1}).status == 401
    for name in ("token", "session", "authorization"):
        refused_everywhere(peer, {"cookie": f"{name}={token}"})
    assert Peer(service.port, token).ask("GET", SERVICE).status == 200
    holding = [p for p in service.home.root.rglob("*") if p.is_file() and token.encode() in p.read_bytes()]
    assert holding == []


def test_3_6_05_headers_that_claim_who_calls_or_what_is_meant(service: Open) -> None:
    claims = {
        "x-forwarded-user": "admin",
        "x-remote-user": "admin",
        "remote-user": "admin",
        "x-original-url": SERVICE,
        "x-rewrite-url": SERVICE,
        "x-forwarded-for": "127.0.0.1",
    }
    refused_everywhere(service.stranger(), claims)
    place = service.compartment()
    model = service.model(place, service.project(place))
    reader = service.member("read", place)
    override = {"x-http-method-override": "DELETE", "x-method-override": "DELETE", "x-original-url": "/"}
    assert reader.ask("GET", f"/20190101/models/{model}", headers=override).body["lifecycleState"] == "ACTIVE"
    assert service.admin.ask("GET", f"/20190101/models/{model}").body["lifecycleState"] == "ACTIVE"


def test_3_6_06_broken_signatures(service: Open, key: Key) -> None:
    """That an unknown key costs the time of a known one is shown where verifications are counted."""
    good = signed(service, key, "GET", SERVICE)["authorization"]
    broken = [
        good.replace(key[1], "ocid1.tenancy.oc1..t/ocid1.user.oc1..u/" + ":".join(["00"] * 16)),
        good.replace(key[1], "../../../etc/passwd"),
        good.replace(key[1], "' OR '1'='1"),
        good.replace(key[1], ""),
        re.sub('signature="[^"]*"', 'signature=""', good),
        re.sub('signature="[^"]*"', 'signature="AAAA"', good),
        re.sub('signature="[^"]*"', 'signature="not base64!"', good),
        good[:-1],
        good.replace('version="1"', 'version="1'),
        good + ',version="1"',
        good + f',keyId="{key[1]}"',
        good + ',other="x"',
        "Signature",
        "Signature ,,,,",
    ]
    peer = service.stranger()
    seen = set()
    for text in broken:
        headers = {**signed(service, key, "GET", SERVICE), "authorization": text}
        answer = peer.ask("GET", SERVICE, headers=headers)
        assert answer.status == 401, text
        seen.add(answer.content)
    assert len(seen) == 1
    assert peer.ask("GET", SERVICE, headers=signed(service, key, "GET", SERVICE)).status == 200


def test_3_6_07_other_algorithms(service: Open, key: Key) -> None:
    peer = service.stranger()
    for algorithm in ("none", "hmac-sha256", "rsa-sha1", "rsa-sha512", "RSA-SHA256", ""):
        refused_everywhere(peer, signed_over(key, READ, now_and_host(service), algorithm=algorithm))


def test_3_6_08_too_little_or_too_much_is_signed(service: Open, key: Key) -> None:
    peer = service.stranger()
    headers = now_and_host(service)
    for names in ("date", "host", "date host", "(request-target)", "(request-target) host", "date (request-target)"):
        refused_everywhere(peer, signed_over(key, names, headers))
    many = " ".join(f"h{n}" for n in range(3000))
    refused_everywhere(peer, signed_over(key, READ, headers, headers=f"{READ} {many}"), frozenset({401, 431}))
    refused_everywhere(peer, signed_over(key, READ, headers, headers=f"{READ} x-not-sent"))
    refused_everywhere(peer, signed_over(key, READ, headers, headers=""))


def test_3_6_09_dates_that_are_none(service: Open, key: Key) -> None:
    peer = service.stranger()
    dates = ["", "yesterday", "Thu, 05 Jan 0000 21:31:40 GMT", "Thu, 05 Jan 9999999 21:31:40 GMT", "0", "-1"]
    for date in dates:
        refused_everywhere(peer, signed_over(key, READ, {"date": date, "host": host(service)}))
    without = signed(service, key, "GET", SERVICE)
    del without["date"]
    refused_everywhere(peer, without)
    good = signed(service, key, "GET", SERVICE)
    twice = [*good.items(), ("date", good["date"])]
    assert peer.send("GET", SERVICE, twice) in {400, 401}


def test_3_6_10_a_signed_request_with_another_body_path_host_or_method(service: Open, key: Key) -> None:
    peer = service.stranger()
    compartment = service.about["compartmentId"]
    body = json.dumps({"compartmentId": compartment, "displayName": "signed"}).encode()
    headers = signed(service, key, "POST", PROJECTS, body)
    assert peer.ask("POST", PROJECTS, body.replace(b"signed", b"forged"), headers).status == 401
    assert peer.ask("POST", f"{PROJECTS}?x=1", body, headers).status == 401
    assert peer.ask("POST", PROJECTS.replace("projects", "%70rojects"), body, headers).status == 401
    assert peer.ask("PUT", PROJECTS, body, headers).status == 401
    assert peer.ask("POST", PROJECTS, body, {**headers, "host": "localhost"}).status == 401
    assert peer.ask("POST", PROJECTS, body, {**headers, "content-type": "application/json; x=1"}).status == 401
    uncovered = signed(service, key, "POST", PROJECTS, None)
    assert peer.ask("POST", PROJECTS, body, uncovered).status == 401
    assert peer.ask("POST", NOWHERE, b"{}", signed(service, key, "POST", NOWHERE, None)).status == 401
    assert peer.ask("POST", PROJECTS, body, headers).status == 200


@pytest.mark.parametrize(("minutes", "status"), [(-6, 401), (6, 401), (-4, 200), (4, 200)])
def test_3_6_11_clocks_that_differ(service: Open, key: Key, minutes: int, status: int) -> None:
    date = formatdate(time.time() + minutes * 60, usegmt=True)
    headers = signed_over(key, READ, {"date": date, "host": host(service)})
    assert service.stranger().ask("GET", SERVICE, headers=headers).status == status


def test_3_6_12_a_wrong_fingerprint_and_a_revoked_key(service: Open) -> None:
    private, key_id = service.key()
    peer = service.stranger()
    fingerprint = key_id.rpartition("/")[2]
    wrong = key_id.replace(fingerprint, ":".join(reversed(fingerprint.split(":"))))
    refused_everywhere(peer, signed(service, (private, wrong), "GET", SERVICE))
    assert peer.ask("GET", SERVICE, headers=signed(service, (private, key_id), "GET", SERVICE)).status == 200
    body = b'{"x": 1}'
    predict = signed(service, (private, key_id), "POST", NOWHERE, body)
    assert peer.ask("POST", NOWHERE, body, predict).status == 404
    assert service.admin.ask("DELETE", f"/openads/v1/keys/{fingerprint}").status == 204
    assert peer.ask("GET", SERVICE, headers=signed(service, (private, key_id), "GET", SERVICE)).status == 401
    assert peer.ask("POST", NOWHERE, body, predict).status == 401


def test_3_6_13_replays(service: Open, key: Key) -> None:
    """Within five minutes a read may be sent again, as documented; a create with a retry token is made once."""
    peer = service.stranger()
    read = signed(service, key, "GET", SERVICE)
    assert [peer.ask("GET", SERVICE, headers=read).status for _ in range(3)] == [200] * 3
    body = json.dumps({"compartmentId": service.about["compartmentId"], "displayName": "once"}).encode()
    create = {**signed(service, key, "POST", PROJECTS, body), "opc-retry-token": "replayed"}
    ids = {peer.ask("POST", PROJECTS, body, create).body["id"] for _ in range(3)}
    assert len(ids) == 1


def routes() -> list[tuple[str, str]]:
    return sorted((method, route.path) for router in ROUTERS for route in router.routes for method in route.methods)


def test_3_6_14_no_route_answers_without_a_credential(service: Open) -> None:
    peer = service.stranger()
    for method, path in routes():
        answer = peer.ask(method, re.sub(r"[{}]|:path", "", path))
        assert answer.status in {401, 404}, (method, path, answer)
    for path in ("/", "/metrics", "/docs", "/openapi.json", "/admin", "/.env", "/..%2f", NOWHERE, "/x"):
        assert peer.ask("POST" if path == NOWHERE else "GET", path).status in {401, 404}, path
    led = peer.ask("GET", "/console")  # pages ask for the credential themselves
    assert (led.status, led.headers["location"]) == (303, "/console/")


def test_3_6_15_the_ids_of_another_compartment_are_not_there_for_any_verb(service: Open) -> None:
    ours, theirs = service.compartment(), service.compartment()
    project = service.project(theirs)
    about = service.about
    admin = service.admin
    group = admin.ask("POST", "/20200531/logGroups", {"compartmentId": theirs, "displayName": "g"})
    work = group.headers["opc-work-request-id"]
    found = admin.ask("GET", f"/20200531/workRequests/{work}").body
    bucket = f"bucket-{theirs[-8:]}"
    assert admin.ask("POST", "/n/openads/b", {"name": bucket, "compartmentId": theirs}).status == 200
    sets = admin.ask("POST", "/20190101/modelVersionSets", {"compartmentId": theirs, "projectId": project, "name": "s"})
    ids = {
        "model_id": service.model(theirs, project),
        "project_id": project,
        "set_id": sets.body["id"],
        "compartment_id": theirs,
        "group_id": found["resources"][0]["identifier"],
        "work_request_id": work,
        "bucket": bucket,
        "namespace": "openads",
        "user_id": about["userId"],
    }
    member = service.member("manage", ours)
    tried = 0
    for method, path in routes():
        names = re.findall(r"{(\w+)(?::\w+)?}", path)
        named = [name for name in names if name in KINDS]
        if not named or named[0] not in ids or path.startswith("/p/") or (method, path) in ANYWHERE | OWN:
            continue
        target = re.sub(r"{(\w+)(?::\w+)?}", lambda m: ids.get(m[1], "x"), path)
        body = None if method in {"GET", "HEAD", "DELETE"} else {}
        answer = member.ask(method, target, body)
        assert answer.status == 404, (method, target, answer)
        tried += 1
    assert tried > 60


def test_3_6_16_a_thousand_wrong_tokens_are_slowed_down_and_the_valid_caller_is_not(service: Open) -> None:
    attacker = service.stranger()
    statuses = []
    for number in range(1000):
        path = SERVICE if number % 2 else NOWHERE
        peer = Peer(service.port, f"guess-{number}", attacker.address)
        statuses.append(peer.ask("GET" if number % 2 else "POST", path, None if number % 2 else {"x": 1}).status)
    assert set(statuses) == {401, 429}
    assert statuses.count(429) > 800
    last = Peer(service.port, "guess", attacker.address).ask("GET", SERVICE)
    assert (last.status, last.body["code"]) == (429, "TooManyRequests")
    assert 1 <= int(last.headers["retry-after"]) <= 60
    same_address = Peer(service.port, service.admin.token, attacker.address)
    assert {same_address.ask("GET", SERVICE).status for _ in range(20)} == {200}
    assert service.admin.ask("GET", SERVICE).status == 200
    assert service.stranger().ask("GET", SERVICE, headers={"authorization": "Bearer wrong"}).status == 401
    eventually(
        lambda: Peer(service.port, "later", attacker.address).ask("GET", SERVICE).status == 401, 30, "the end of 429"
    )
