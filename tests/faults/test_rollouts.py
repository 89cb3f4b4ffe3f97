"""F25, F26 and F28: updates under load, to good and to bad versions, while parts of the service are killed."""

from __future__ import annotations

import os
import signal

import pytest

from tests.e2e.rollout_service import Rolling, register
from tests.own_service import OwnService, eventually

pytestmark = pytest.mark.timeout(280)


def test_updates_one_after_the_other_fail_nothing(own_service: OwnService) -> None:
    models = [register(version) for version in range(1, 4)]
    rolling = Rolling(models[0], "updated", instances=2)
    with rolling.load() as load:
        for number in range(6):
            strategy = {"strategy": "rolling", "spare": 1 if number % 2 else None}
            body = {name: value for name, value in strategy.items() if value is not None}
            rolling.ask("POST", "/rollouts", {"modelId": models[(number + 1) % 3], **body})
            assert rolling.ended()["state"] == "SUCCEEDED"
            load.more()
    load.require_all_right()
    assert set(load.versions) == {1, 2, 3}


@pytest.mark.parametrize(
    ("version", "body", "said"),
    [
        (None, "pass", "returned None"),
        (2, "pass\n\nimport threading\nthreading.Event().wait()\n\ndef unused():\n    pass", "not ready within"),
        (2, "pass\n\nimport os\nos._exit(5)\n\ndef unused():\n    pass", "exit code 5"),
    ],
)
def test_a_version_that_cannot_start_leaves_the_old_one(
    own_service: OwnService, version: int | None, body: str, said: str
) -> None:
    own_service.use(start_timeout="3")
    rolling = Rolling(register(1), "stays")
    with rolling.load() as load:
        rolling.ask("POST", "/rollouts", {"modelId": register(version, body), "strategy": "rolling"})
        ended = rolling.ended()
        load.more()
    assert ended["state"] == "ROLLED_BACK"
    assert said in ended["reason"]
    load.require_all_right()
    assert set(load.versions) == {1}


def test_a_canary_survives_the_death_of_control_plane_and_replicas(own_service: OwnService) -> None:
    rolling = Rolling(register(1), "survives", instances=2)
    canary = {"strategy": "canary", "steps": [50, 100], "bakeSeconds": 6, "gates": {"leastRequests": 10}}
    with rolling.load() as load:
        load.more()
        rolling.ask("POST", "/rollouts", {"modelId": register(2), **canary})
        eventually(lambda: load.versions[2] > 5, 60, "answers of the candidate")
        own_service.kill("control")
        # One after the other: a request that both of its tries meet dying replicas on may fail.
        for revision in ("1", "2"):
            name, pid = next(
                (name, pid) for name, pid in own_service.children().items() if name.split("-")[-2:] == [revision, "0"]
            )
            os.kill(pid, signal.SIGKILL)
            eventually(lambda n=name, p=pid: own_service.children().get(n, p) not in {0, p}, what="its return")
        ended = rolling.ended(120)
        assert ended["state"] == "SUCCEEDED", ended["reason"]
        load.more()
    load.require_all_right()
    eventually(lambda: len(own_service.replica_processes()) == 2, what="two replicas")
