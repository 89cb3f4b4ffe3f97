"""Control planes on other machines: who gets which request, and what happens when one of them is gone."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ads.gateway.controls import Controls
from ads.home import Home, write_private
from ads.identity.cluster_key import PROOF, is_proof, proof_key

KEY = "a key that all members of the cluster share"
SETTINGS = {"OPENADS_ROLE": "gateway", "OPENADS_CLUSTER_KEY": KEY}
UPLOADS = b"/openads/v1/models/ocid1.model.%d/artifact/uploads"


class RemoteControl:
    """A control plane on a TCP port. ``way`` says what it does with a request: answer, or leave without a word."""

    def __init__(self, name: str, way: str = "answer") -> None:
        self.name, self.way = name, way
        self.heads: list[bytes] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(65536)
                self.heads.append(head)
                if self.way == "answer":
                    content = json.dumps({"from": self.name}).encode()
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(content), content))

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@pytest.fixture
def remote() -> Iterator[Callable[..., RemoteControl]]:
    made: list[RemoteControl] = []

    def make(name: str, way: str = "answer") -> RemoteControl:
        made.append(RemoteControl(name, way))
        return made[-1]

    yield make
    for each in made:
        with contextlib.suppress(OSError):  # the test closed it
            each.close()


def tell(home: Home, *controls: RemoteControl, me: str = "me") -> None:
    home.create()
    told = [{"id": each.name, "address": each.address} for each in controls]
    write_private(home.controls_file, json.dumps({"me": me, "controls": told}).encode())


@pytest.fixture
def gateway_of(make_gateway: Callable[..., Any]) -> Callable[..., Any]:
    """Return what starts a gateway without a control plane of its own, before these."""

    def make(*controls: RemoteControl) -> Any:
        gateway = make_gateway(start=False, settings=SETTINGS, control_seconds=0.5)
        tell(gateway.home, *controls)
        return gateway.start()

    return make


def test_requests_are_spread_and_carry_a_proof(gateway_of: Any, remote: Any) -> None:
    first, second = remote("a"), remote("b")
    gateway = gateway_of(first, second)
    answers = [gateway.request("GET", "/20190101/models?limit=5")[2]["from"] for _ in range(10)]
    assert {answers.count("a"), answers.count("b")} == {5}
    gateway.request("GET", "/x", headers={PROOF.decode(): "1 forged"})
    for head in [*first.heads, *second.heads]:
        line, *fields = head.split(b"\r\n")
        method, target, _ = line.split(b" ")
        proofs = [field.partition(b": ")[2] for field in fields if field.startswith(PROOF + b":")]
        assert len(proofs) == 1
        assert is_proof(proof_key(KEY), method, target, proofs[0], time.time())
        assert not is_proof(proof_key("another key"), method, target, proofs[0], time.time())
        assert not is_proof(proof_key(KEY), method, b"/other", proofs[0], time.time())
        assert not is_proof(proof_key(KEY), method, target, proofs[0], time.time() + 3600)


def test_one_that_refuses_is_passed_over(gateway_of: Any, remote: Any) -> None:
    gone, there = remote("a"), remote("b")
    gateway = gateway_of(gone, there)
    gone.close()
    for _ in range(4):
        status, _, body = gateway.request("POST", "/20190101/models", b"{}")
        assert (status, body) == (200, {"from": "b"})


def test_what_may_be_repeated_is_asked_of_another(gateway_of: Any, remote: Any) -> None:
    leaving, there = remote("a", "leave"), remote("b")
    gateway = gateway_of(leaving, there)
    for _ in range(6):
        status, _, body = gateway.request("GET", "/20190101/models")
        assert (status, body) == (200, {"from": "b"})
    assert leaving.heads


def test_what_may_not_be_repeated_is_left_to_the_caller(gateway_of: Any, remote: Any) -> None:
    gateway = gateway_of(remote("a", "leave"), remote("b", "leave"))
    status, headers, body = gateway.request("POST", "/20190101/models", b"{}")
    assert (status, body["code"]) == (503, "ServiceUnavailable")
    assert int(headers["retry-after"]) >= 1


def test_without_any_the_caller_is_told_to_come_again(gateway_of: Any) -> None:
    status, headers, _ = gateway_of().request("GET", "/20190101/models")
    assert status == 503
    assert int(headers["retry-after"]) >= 1


def test_members_that_come_and_go_are_followed(gateway_of: Any, remote: Any) -> None:
    first = remote("a")
    gateway = gateway_of(first)
    assert gateway.request("GET", "/x")[2] == {"from": "a"}
    second = remote("b")
    tell(gateway.home, second)
    gateway.publish_identities()
    assert [gateway.request("GET", "/x")[2]["from"] for _ in range(3)] == ["b"] * 3


def test_an_upload_in_parts_stays_where_it_began(tmp_path: Path, remote: Any) -> None:
    home = Home(tmp_path)
    controls = [remote(name) for name in ("a", "b", "c")]
    tell(home, *controls)
    known = Controls(home, KEY, local=False)
    known.refresh()

    def chosen(number: int, rest: bytes = b"") -> str:
        found = list(known.in_turn(UPLOADS % number + rest))
        assert len(found) == 1
        return found[0].id

    before = {number: chosen(number) for number in range(60)}
    assert set(before.values()) == {"a", "b", "c"}
    for number, control in before.items():
        assert {chosen(number, b"/0123/parts/1"), chosen(number, b"?x=1"), chosen(number, b"/0/commit")} == {control}
    write_private(home.controls_file, b"half a fi")
    known.refresh()
    assert chosen(1) == before[1]
    tell(home, controls[0], controls[2])
    known.refresh()
    moved = {number for number, control in before.items() if chosen(number) != control}
    assert moved == {number for number, control in before.items() if control == "b"}
