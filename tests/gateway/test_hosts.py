"""Names under which the service answers: a page elsewhere can't reach it under a name of its own (DNS rebinding)."""

import json

import pytest

from ads.gateway.hosts import Hosts

ALWAYS = [
    "localhost",
    "localhost:8900",
    "LOCALHOST.",
    "a.localhost",
    "127.0.0.1:1",
    "[::1]:8900",
    "192.168.1.5",
    "[fe80::1]",
]


@pytest.mark.parametrize("host", ALWAYS)
@pytest.mark.parametrize("listening", ["127.0.0.1", "::1", "0.0.0.0", "10.0.0.7"])
def test_addresses_and_localhost_are_always_good(listening, host):
    assert Hosts(listening, ["ml.example.com"]).allow(host.encode())
    assert Hosts(listening).allow(host.encode())


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[evil]", "x", "%31"]
)
def test_other_names_are_refused_on_loopback(host):
    assert not Hosts("127.0.0.1").allow(host.encode())
    assert not Hosts("10.0.0.7", ["ml.example.com"]).allow(host.encode())
    assert Hosts("10.0.0.7").allow(host.encode())  # the operator chose to be reached from elsewhere


def test_given_names_are_good_whatever_their_case():
    hosts = Hosts("127.0.0.1", [" ML.example.com. ", ""])
    assert hosts.allow(b"ml.EXAMPLE.com:8900")
    assert not hosts.allow(b"a.ml.example.com")


def test_a_foreign_name_gets_421_and_nothing_else(make_gateway):
    gateway = make_gateway()
    gateway.deploy()
    for path in ("/health/live", "/openads/v1/service", "/"):
        wire = gateway.connect().send(
            f"GET {path} HTTP/1.1\r\nhost: evil.example:{gateway.address[1]}\r\n\r\n".encode()
        )
        status, _, body = wire.answer()
        assert (status, json.loads(body)["code"]) == (421, "MisdirectedRequest")
        assert wire.closed()
    wire = gateway.connect().send(gateway.head("content-length: 3", host="host: evil.example") + b"[1]")
    assert wire.answer()[0] == 421
    assert gateway.predict([1])[0] == 200
