from __future__ import annotations

import re
from typing import Any

import pytest

from ads.deploy.engines.base import ReplicaId, ReplicaReport
from ads.deploy.observation import observe

FAILED = {"state": "failed", "error": {"code": "x", "message": "It broke.", "hint": "Mend it."}}


@pytest.mark.parametrize(
    ("report", "serving", "phase", "said"),
    [
        ({"running": True}, False, "starting", ""),
        ({"running": True, "status": {"state": "loading"}}, False, "starting", ""),
        ({"running": True, "status": {"state": "ready"}}, False, "ready", ""),
        ({"running": True, "status": {"state": "ready"}, "restarts": 9, "exit": "exit code 1"}, True, "ready", ""),
        ({"running": True, "status": FAILED}, False, "failed", "It broke.\nMend it."),
        ({"running": False, "exit": "exit code 0"}, False, "failed", "exit code 0"),
        ({"running": True, "exit": "signal SIGSEGV", "restarts": 1}, False, "failed", "signal SIGSEGV"),
        ({"running": True, "exit": "signal SIGKILL", "restarts": 1}, False, "starting", ""),
        ({"running": False, "exit": "signal SIGKILL", "restarts": 3}, False, "failed", "memory"),
        ({"running": False, "exit": "signal SIGKILL", "restarts": 9, "was_ready": True}, True, "lost", ""),
        ({"running": False, "exit": "signal SIGKILL", "restarts": 2}, True, "starting", ""),
        ({"running": False, "exit": "exit code 1", "restarts": 2, "was_ready": True}, True, "starting", ""),
        ({"running": False, "exit": "exit code 1", "restarts": 2}, True, "starting", ""),
        ({"running": False, "exit": "exit code 1", "restarts": 6}, True, "failed", "exit code 1"),
        ({"running": True, "age": 31.0, "status": {"state": "loading"}}, False, "failed", "30 s; .*importing"),
        ({"running": True, "age": 31.0, "status": {"state": "ready"}}, False, "ready", ""),
    ],
)
def test_a_report_is_judged(report: dict[str, Any], serving: bool, phase: str, said: str) -> None:
    view = observe(ReplicaReport(ReplicaId("d", 1, 0), **report), serving=serving, start_timeout=30.0)
    assert view.phase == phase
    assert re.search(said, view.cause)
    assert bool(view.cause) == (phase == "failed")


def test_replica_ids_survive_being_text() -> None:
    replica = ReplicaId.of("ocid1.datasciencemodeldeployment.oc1.local." + "a2" * 30, 12, 3)
    assert ReplicaId.parse(str(replica)) == replica
    assert len(str(replica)) <= 25
    assert ReplicaId.parse("control") is None
