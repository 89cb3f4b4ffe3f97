"""Predictions on behalf of a visitor: with a pass that gateways accept, and with an answer whatever happens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ads.console.gateway_call import predict, timing_of
from ads.errors import ServiceUnavailable
from ads.home import ServiceFile
from ads.identity.tokens import hash_token
from ads.identity.verifier import Verifier, load_identities
from tests.api.conftest import Running
from tests.http_server import FakeServer

ID = "ocid1.datasciencemodeldeployment.oc1.local.abc"


@pytest.fixture
def credential(service: Running) -> str:
    return hash_token(service.context.home.token_file.read_text())


@pytest.fixture
def gateway(service: Running, server: FakeServer) -> FakeServer:
    """A server where the service's file says that the gateway is."""
    service.context.home.write_service_file(ServiceFile(server.url, "unused", 1, "0"))
    return server


def test_the_gateway_accepts_the_pass_for_this_deployment_alone(
    service: Running, gateway: FakeServer, credential: str
) -> None:
    gateway.on("POST", f"/{ID}/predict", gateway.reply(content={"prediction": [1]}))
    answer = predict(service.context, credential, ID, b'{"data": []}')
    assert (answer.status, json.loads(answer.body), answer.request_id) == (200, {"prediction": [1]}, "req-1")
    assert answer.seconds > 0
    (seen,) = gateway.seen
    assert seen.body == b'{"data": []}'
    verifier = Verifier(load_identities(service.context.home.identities_file))
    identity = verifier.identify("POST", f"/{ID}/predict", {"authorization": seen.headers["authorization"]})
    assert identity.principal == service.context.defaults.user_id
    assert identity.permissions.allows("use", service.compartment, ID)
    assert not identity.permissions.allows("use", service.compartment, f"{ID}d")
    assert not identity.permissions.allows("manage", service.compartment, ID)


def test_a_refusal_is_an_answer_and_a_large_one_is_cut(service: Running, gateway: FakeServer, credential: str) -> None:
    gateway.on("POST", f"/{ID}/predict", gateway.reply(429, {"code": "TooManyRequests", "message": "Later."}))
    assert predict(service.context, credential, ID, b"{}").status == 429
    gateway.on("POST", f"/{ID}/predict", gateway.reply(raw=b"x" * 400_000))
    answer = predict(service.context, credential, ID, b"{}")
    assert (len(answer.body), answer.whole) == (256 * 1024, False)


def test_a_gateway_that_is_gone_or_hangs_up_is_said(service: Running, gateway: FakeServer, credential: str) -> None:
    gateway.on("POST", f"/{ID}/predict", gateway.reply(drop=True))
    with pytest.raises(ServiceUnavailable, match="did not answer"):
        predict(service.context, credential, ID, b"{}")
    service.context.home.write_service_file(ServiceFile("http://127.0.0.1:9", "unused", 1, "0"))
    with pytest.raises(ServiceUnavailable, match="did not answer"):
        predict(service.context, credential, ID, b"{}")
    service.context.home.remove_service_file()
    with pytest.raises(ServiceUnavailable, match="No gateway runs"):
        predict(service.context, credential, ID, b"{}")


def test_timing_is_what_the_access_log_noted_of_this_request(service: Running) -> None:
    folder: Path = service.context.home.deployment(ID)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [{"requestId": name, "queueMilliseconds": wait} for name, wait in (("A1", 1.5), ("A2", 2.5))]
    (folder / "access.log").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert timing_of(service.context, ID, "A1")["queueMilliseconds"] == 1.5
    assert timing_of(service.context, ID, "") == {}
