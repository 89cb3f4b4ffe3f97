"""What an engine reports of a replica, judged: starting, ready, failed or lost, and why. Pure."""

from __future__ import annotations

from ads.deploy.engines.base import ReplicaReport
from ads.deploy.reconcile import ReplicaView

__all__ = ["observe"]

_KILLED = "signal SIGKILL"
_KILLS_FORGIVEN = 3
_CRASHES_FORGIVEN = 6
_DOING = {
    "starting": "starting",
    "loading": "importing score.py or loading the model",
    "checking": "predicting the stored sample",
}


def observe(report: ReplicaReport, *, serving: bool, start_timeout: float) -> ReplicaView:
    """Return the replica as the reconcile rules see it. ``serving``: its revision has proven that it can be ready.

    A first start is judged strictly: a process that ends by itself failed. A process that was killed from outside, or
    one whose revision has served before, gets more chances.
    """
    status = report.status or {}
    state = status.get("state")
    if state == "ready":
        return ReplicaView(report.id.revision, report.id.slot, "ready")
    if serving and not report.running and report.was_ready and report.exit == _KILLED:
        return ReplicaView(report.id.revision, report.id.slot, "lost")
    cause = _cause(report, serving=serving, start_timeout=start_timeout)
    return ReplicaView(report.id.revision, report.id.slot, "failed" if cause else "starting", cause)


def _cause(report: ReplicaReport, *, serving: bool, start_timeout: float) -> str:
    status = report.status or {}
    error = status.get("error")
    if status.get("state") == "failed" and isinstance(error, dict):
        return f"{error.get('message', '')}\n{error.get('hint', '')}".strip()
    if report.exit and report.restarts + (not report.running) > 0:
        killed = report.exit.startswith(_KILLED)
        forgiven = _CRASHES_FORGIVEN if serving else _KILLS_FORGIVEN if killed else 0
        if report.restarts >= forgiven:
            return _died(report, killed=killed)
    if report.running and report.age > start_timeout:
        doing = _DOING.get(str(status.get("state")), "starting")
        return (
            f"The replica was not ready within {start_timeout:g} s; it was still {doing}.\n"
            "Look for what score.py waits for, or raise the setting start_timeout."
        )
    return ""


def _died(report: ReplicaReport, *, killed: bool) -> str:
    if killed:
        return (
            f"The replica's process was killed ({report.exit}) again and again before it was ready.\n"
            "Perhaps memory ran out: give the deployment more, or serve a smaller model."
        )
    return (
        f"The replica's process ended with {report.exit} before it was ready.\n"
        "score.py or a library that it uses ended the process: look at what happens while it is imported and in "
        "load_model()."
    )
