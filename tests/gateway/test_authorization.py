"""Who may predict: grants along the compartments of a deployment, scopes of tokens, and changes felt at once."""

import json
import time

import pytest

from ads.identity.tokens import hash_token

from .conftest import DEPLOYMENT, USER

MEMBER = "ocid1.user.oc1..member"
OTHER = DEPLOYMENT[:-1] + "b"
PLACE = ["inner", "team", "tenancy"]


def entry(text, scope=None, expires=None, principal=MEMBER):
    return {"sha256": hash_token(text), "principal": principal, "expires": expires, "scope": scope}


@pytest.fixture
def gateway(make_gateway):
    made = make_gateway()
    made.deploy(("a",), compartment_ids=PLACE)
    return made


def status(gateway, token, deployment=DEPLOYMENT):
    return gateway.predict({"x": 1}, deployment=deployment, token=token)[0]


@pytest.mark.parametrize(
    ("place", "verb", "expected"),
    [
        ("inner", "use", 200),
        ("team", "use", 200),
        ("tenancy", "manage", 200),
        ("inner", "read", 404),
        ("other", "manage", 404),
        ("tenancy", "inspect", 404),
        ("inner", "nonsense", 404),
    ],
)
def test_predicting_takes_use_in_the_compartment_or_above(gateway, place, verb, expected):
    gateway.publish_identities([entry("t")], grants={MEMBER: {place: verb}})
    assert status(gateway, "t") == expected


def test_what_may_not_be_used_looks_like_what_is_not_there(gateway):
    gateway.publish_identities([entry("t")])
    hidden = gateway.predict({"x": 1}, token="t")
    missing = gateway.predict({"x": 1}, deployment=OTHER, token="t")
    assert hidden[0] == missing[0] == 404
    assert hidden[2] == missing[2]


def test_a_scoped_token_predicts_with_its_deployment_alone(gateway):
    gateway.deploy(("a",), deployment=OTHER, compartment_ids=PLACE)
    scope = {"verb": "use", "deploymentIds": [DEPLOYMENT]}
    gateway.publish_identities([entry("t", scope, principal=USER)])
    assert (status(gateway, "t"), status(gateway, "t", OTHER)) == (200, 404)
    elsewhere = {"verb": "use", "compartmentId": "other"}
    too_little = {"verb": "read", "deploymentIds": [DEPLOYMENT]}
    gateway.publish_identities([entry("u", elsewhere, principal=USER), entry("v", too_little, principal=USER)])
    assert (status(gateway, "u"), status(gateway, "v")) == (404, 404)


def test_a_table_that_says_no_compartment_leaves_the_administrator(gateway):
    gateway.deploy(("a",), compartment_ids=[])
    gateway.publish_identities([entry("t"), entry("a", principal=USER)], grants={MEMBER: {"inner": "use"}})
    assert (status(gateway, "t"), status(gateway, "a")) == (404, 200)


def test_changes_are_felt_on_open_connections(gateway):
    """A grant, a move and a revocation each hold for the next request of a connection that was there before."""
    wire = gateway.connect()
    body = b'{"x": 1}'
    head = (
        f"POST /{DEPLOYMENT}/predict HTTP/1.1\r\nhost: x\r\nauthorization: Bearer t\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode()

    def ask():
        return wire.send(head + body).answer()[0]

    gateway.publish_identities([entry("t")], grants={MEMBER: {"inner": "use"}})
    assert ask() == 200
    gateway.publish_identities([entry("t")], grants={MEMBER: {"inner": "read"}})
    assert ask() == 404
    gateway.publish_identities([entry("t")], grants={MEMBER: {"inner": "use"}})
    gateway.deploy(("a",), compartment_ids=["other", "tenancy"])
    assert ask() == 404
    gateway.deploy(("a",), compartment_ids=PLACE)
    assert ask() == 200
    gateway.publish_identities([])
    assert ask() == 401


def test_a_token_ends_on_an_open_connection_at_its_second(gateway):
    expires = time.time() + 1.5
    gateway.publish_identities([entry("t", expires=expires)], grants={MEMBER: {"inner": "use"}})
    wire = gateway.connect()
    seen = []
    while time.time() < expires + 10 and (not seen or seen[-1][1] == 200):
        wire.send(b"GET /metrics HTTP/1.1\r\nhost: x\r\nauthorization: Bearer t\r\n\r\n")
        answer = wire.answer()[0]
        seen.append((time.time(), 200 if answer == 404 else answer))  # known, but not one who may see metrics
    ended, last = seen[-1]
    assert last == 401
    assert ended >= expires - 0.01


def test_metrics_take_inspect_in_the_tenancy(gateway):
    gateway.publish_identities([entry("t"), entry("u")], grants={MEMBER: {"team": "manage"}})
    assert gateway.request("GET", "/metrics", token="t")[0] == 404
    gateway.publish_identities([entry("t", {"verb": "inspect"}, principal=USER)])
    with_metrics = gateway.http()
    with_metrics.request("GET", "/metrics", headers={"Authorization": "Bearer t"})
    assert with_metrics.getresponse().status == 200
    with_metrics.close()


def test_an_old_table_without_grants_lets_nobody_in(gateway):
    content = {"generation": 99, "tokens": [entry("t", principal=USER)], "keys": []}
    gateway.home.identities_file.write_text(json.dumps(content))
    from ads.gateway_notice import notify_gateways

    assert notify_gateways(gateway.home) == 1
    assert status(gateway, "t") == 404
