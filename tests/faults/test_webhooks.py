"""kill -9 of the control plane between a change and its delivery to a webhook: told after the restart, under its id."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ads.client import Service
from ads.errors import AdsError
from tests.http_server import FakeServer, Reply, Seen
from tests.own_service import OwnService, eventually

MODELS = 4


@pytest.mark.parametrize("kills", [1, 3])
def test_what_was_not_acknowledged_is_told_again(own_service: OwnService, server: FakeServer, kills: int) -> None:
    own_service.use(webhooks_allow_private="true")
    own_service.start()
    service = Service.find()
    killed = threading.Event()

    def hook(_: Seen) -> Reply:
        killed.wait(60)  # the control plane is gone before it hears of this answer
        return Reply(204)

    server.on("POST", "/hook", hook)
    hooks, actions = "/openads/v1/webhooks", ["model.create"]
    service.request("POST", hooks, json={"url": f"{server.url}/hook", "actions": actions})
    place = {"compartmentId": service.compartment_id, "projectId": service.project_id}
    made = [service.request("POST", "/20190101/models", json=place).json()["id"] for _ in range(MODELS)]

    def calls() -> list[Seen]:
        return server.requests("POST", "/hook")

    for number in range(kills):
        eventually(lambda number=number: len(calls()) > number, 60, "a delivery")  # type: ignore[misc]
        pid = own_service.kill("control")
        eventually(lambda pid=pid: own_service.children().get("control", pid) != pid, 60, "another control plane")  # type: ignore[misc]
    killed.set()

    def told() -> dict[str, str]:
        """Return the models that were told of, by the id of the message."""
        return {seen.headers["webhook-id"]: seen.json["data"]["resourceId"] for seen in calls()}

    eventually(lambda: len(told()) == MODELS, 60, "every delivery")
    assert list(told().values()) == made  # in order, and no message without a change
    assert [seen.json["data"]["resourceId"] for seen in calls()][: kills + 1] == [made[0]] * (kills + 1)

    def settled() -> bool:
        with_failures: list[dict[str, Any]] = []
        try:
            with_failures = service.request("GET", hooks).json()["items"]
        except AdsError:
            return False  # the control plane is starting
        return [hook["failures"] for hook in with_failures] == [0]

    eventually(settled, 60, "the end of the deliveries")
    assert len(calls()) == MODELS + kills
