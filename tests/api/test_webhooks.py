"""Webhooks: real receivers on loopback are told, in order, signed, again after failures and restarts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ads.registry import webhooks as rules
from tests.http_server import FakeServer
from tests.own_service import eventually

from .conftest import Running, expect, start

PATH = "/openads/v1/webhooks"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def told(home: Path) -> Iterator[Running]:
    """A service that may call loopback."""
    running, stop = start(home, webhooks_allow_private=True)
    yield running
    stop()


def create(service: Running, url: str, **body: Any) -> dict[str, Any]:
    answer = service.client.post(PATH, json={"url": url, **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_receiver_is_told_in_order_and_signed(told: Running, remote: FakeServer) -> None:
    remote.on("POST", "/hook", remote.reply(204))
    webhook = create(told, f"{remote.url}/hook?a=b", displayName="mine", actions=["model.*"])
    assert webhook["secret"].startswith("whsec_")
    shown = told.client.get(f"{PATH}/{webhook['id']}").json()
    assert "secret" not in shown
    assert {**shown, "secret": webhook["secret"], "lastSeq": 0} == {**webhook, "lastSeq": 0}
    ids = [told.create_model()["id"] for _ in range(5)]
    eventually(lambda: len(remote.requests("POST", "/hook")) == 5, what="five deliveries")
    received = remote.requests("POST", "/hook")
    assert [seen.json["data"]["resourceId"] for seen in received] == ids
    assert {seen.query for seen in received} == {"a=b"}
    first = received[0]
    assert first.json["type"] == "model.create"
    headers = {name.lower(): value for name, value in first.headers.items()}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + first.body
    key = base64.b64decode(webhook["secret"].removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"

    def log() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = told.client.get(f"{PATH}/{webhook['id']}/deliveries").json()["items"]
        return found

    eventually(lambda: len(log()) == 5, what="the log")
    assert {(item["status"], item["attempt"], item["error"]) for item in log()} == {(204, 1, None)}


def test_what_failed_is_told_again_and_nothing_is_left_out(
    told: Running, remote: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "_PAUSES", (0, 0, 0))
    remote.on(
        "POST", "/hook", [remote.reply(500), remote.reply(302, headers={"location": "/other"}), remote.reply(200)]
    )
    webhook = create(told, f"{remote.url}/hook", actions=["model.create"])
    ids = [told.create_model()["id"] for _ in range(2)]
    eventually(lambda: len(remote.requests("POST", "/hook")) == 4, what="two failures, two deliveries")
    received = remote.requests("POST", "/hook")
    assert [seen.json["data"]["resourceId"] for seen in received] == [ids[0]] * 3 + [ids[1]]
    assert len({seen.headers.get("webhook-id") for seen in received}) == 2
    assert remote.requests("POST", "/other") == remote.requests("GET", "/other") == []

    def statuses() -> list[int]:
        items = told.client.get(f"{PATH}/{webhook['id']}/deliveries").json()["items"]
        return [item["status"] for item in items]

    eventually(lambda: statuses() == [200, 200, 302, 500], what="the log")


def test_a_test_is_sent_now_and_to_nobody_else(told: Running, remote: FakeServer) -> None:
    remote.on("POST", "/hook", [remote.reply(500), remote.reply(200)])
    remote.on("POST", "/other", remote.reply(200))
    webhook = create(told, f"{remote.url}/hook", actions=["model.create"])
    create(told, f"{remote.url}/other", actions=["alias.*"])
    told.create_model()
    eventually(lambda: told.client.get(f"{PATH}/{webhook['id']}").json()["failures"], what="the failure")
    answer = told.client.post(f"{PATH}/{webhook['id']}/actions/test")  # it would rest for 5 s otherwise
    assert answer.status_code == 200, answer.text
    eventually(lambda: len(remote.requests("POST", "/hook")) == 3, what="both deliveries")
    assert [seen.json["type"] for seen in remote.requests("POST", "/hook")] == [*["model.create"] * 2, "webhook.test"]
    assert remote.requests("POST", "/other") == []

    told.client.put(f"{PATH}/{webhook['id']}", json={"lifecycleState": "INACTIVE"})
    expect(told.client.post(f"{PATH}/{webhook['id']}/actions/test"), 409, "Conflict")


def test_a_restart_loses_nothing(home: Path, remote: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_PAUSES", (0,))
    remote.on("POST", "/hook", remote.reply(503))
    running, stop = start(home, webhooks_allow_private=True)
    create(running, f"{remote.url}/hook", actions=["model.create"])
    made = running.create_model()["id"]
    eventually(lambda: remote.requests("POST", "/hook"), what="the first try")
    stop()
    remote.on("POST", "/hook", remote.reply(200))
    running, stop = start(home, webhooks_allow_private=True)

    def arrived() -> bool:
        return running.client.get(PATH).json()["items"][0]["failures"] == 0

    eventually(arrived, what="the delivery after the restart")
    assert {seen.json["data"]["resourceId"] for seen in remote.requests("POST", "/hook")} == {made}
    stop()


def test_a_receiver_that_never_answers_well_is_disabled(
    told: Running, remote: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "_PAUSES", (0,))
    monkeypatch.setattr(rules, "GIVE_UP", rules.GIVE_UP * 0)
    remote.on("POST", "/hook", remote.reply(410))
    webhook = create(told, f"{remote.url}/hook", actions=["model.create"])
    told.create_model()

    def state() -> dict[str, Any]:
        found: dict[str, Any] = told.client.get(f"{PATH}/{webhook['id']}").json()
        return found

    eventually(lambda: state()["lifecycleState"] == "FAILED", what="the end of the tries")
    assert "410" in state()["lifecycleDetails"]
    failed = told.client.get("/openads/v1/events", params={"action": "webhook.fail"}).json()["items"]
    assert [item["resourceId"] for item in failed] == [webhook["id"]]
    remote.on("POST", "/hook", remote.reply(200))
    told.client.put(f"{PATH}/{webhook['id']}", json={"lifecycleState": "ACTIVE"})
    eventually(lambda: remote.requests("POST", "/hook")[-1].json["type"] == "model.create" and not state()["failures"])


def test_changes_and_deletion(told: Running, remote: FakeServer) -> None:
    api = told.client
    webhook = create(told, f"{remote.url}/hook")
    path = f"{PATH}/{webhook['id']}"
    etag = api.get(path).headers["etag"]
    changed = api.put(path, json={"displayName": "n", "lifecycleState": "INACTIVE"}, headers={"if-match": etag})
    assert (changed.json()["displayName"], changed.json()["lifecycleState"]) == ("n", "INACTIVE")
    expect(api.put(path, json={"displayName": "m"}, headers={"if-match": etag}), 412, "NoEtagMatch")
    expect(api.put(path, json={"secret": "mine"}), 400, "InvalidParameter")
    assert [item["id"] for item in api.get(PATH).json()["items"]] == [webhook["id"]]
    assert api.delete(path).status_code == 204
    expect(api.get(path), 404, "NotAuthorizedOrNotFound")
    expect(api.get(f"{path}/deliveries"), 404, "NotAuthorizedOrNotFound")
    seen = api.get("/openads/v1/events", params={"resourceId": webhook["id"]})
    assert [item["action"] for item in seen.json()["items"]] == ["webhook.create", "webhook.update", "webhook.delete"]
    assert webhook["secret"] not in seen.text


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://localhost:8900/",
        "http://[::1]/",
        "http://169.254.169.254/opc/v2/instance/",
        "http://10.0.0.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://127.1/",
        "http://0/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[fe80::1]/",
        "http://192.168.1.1:80/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
    ],
)  # fmt: skip
def test_import_ssrf_private_addresses_are_refused(service: Running, api: httpx.Client, url: str) -> None:
    refused = api.post(PATH, json={"url": url})
    expect(refused, 400, "InvalidParameter")
    assert "webhooks_allow_private" in refused.json()["message"]
    assert api.get(PATH).json() == {"items": []}


@pytest.mark.parametrize(
    "url",
    ["", "file:///etc/passwd", "gopher://x/", "example.com", "http://", "http://u:p@example.com/", "http://a b/", "http://x:99999/"],
)  # fmt: skip
def test_what_is_no_address_is_refused(api: httpx.Client, url: str) -> None:
    expect(api.post(PATH, json={"url": url}), 400, "InvalidParameter")


@pytest.mark.parametrize("actions", [["Model.create"], ["model"], ["a.b.c"], [""], ["*.create"]])
def test_what_is_no_action_is_refused(api: httpx.Client, actions: list[str]) -> None:
    expect(api.post(PATH, json={"url": "https://example.com/", "actions": actions}), 400, "InvalidParameter")


def test_a_name_that_turns_private_later_is_not_called(remote: FakeServer) -> None:
    from ads.registry.webhook_calls import post

    outcome = post(f"{remote.url}/hook", b"{}", {}, allow_private=False)
    assert outcome.status is None
    assert "not an address of the public network" in (outcome.error or "")
    assert remote.seen == []


def test_a_large_change_is_told_without_its_values() -> None:
    from ads.registry.webhook_calls import LARGEST_BODY
    from ads.registry.webhook_dispatch import message_of

    event = {"action": "model.update", "time": "t", "to": {"x": "y" * LARGEST_BODY}, "details": {}}
    body = message_of(event)
    assert len(body) < LARGEST_BODY
    assert json.loads(body)["data"] == {**event, "from": None, "to": None, "truncated": True}
