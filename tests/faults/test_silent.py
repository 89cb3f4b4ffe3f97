"""A replica that is stopped, not dead: others carry on, and it is back once it goes on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.faults.test_kill import Load, deploy
from tests.own_service import OwnService, eventually


@pytest.mark.timeout(180)
def test_a_stopped_replica_fails_no_request(own_service: OwnService, tmp_path: Path) -> None:
    model = deploy(tmp_path / "artifact", replicas=2)
    with Load(model.model_deployment.url, own_service.token) as load:
        eventually(lambda: load.right > 50, what="fifty right answers")
        stopped = own_service.replica_processes()[0]
        for _ in range(2):
            seen = load.right
            os.kill(stopped, signal.SIGSTOP)
            eventually(lambda seen=seen: load.right > seen + 100, within=15, what="answers of the other replica")
            os.kill(stopped, signal.SIGCONT)
            seen = load.right
            eventually(lambda seen=seen: load.right > seen + 50, what="answers afterwards")
    assert (load.failed, load.wrong, load.retried) == ([], [], 0)
    assert stopped in own_service.replica_processes()  # it was not killed for being slow
