"""What the cluster says of a replica, as the reconcile loop wants to hear it. Pure.

A replica is there as long as its ReplicaSet is; of its pods the newest one that isn't being ended counts. What can't
become better by waiting (an image that isn't there, a preparation that failed for good) is a failed status, in words.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ads.deploy.engines.base import ReplicaId, ReplicaReport
from ads.deploy.engines.kubernetes_objects import REPLICA, REPLICA_PORT, START
from ads.deploy.engines.pod_words import read_words
from ads.replica_address import tcp

__all__ = ["Seen", "container_of", "newest_pod", "replica_of", "report_of", "trouble_of"]

Object = dict[str, Any]

_NEVER_BETTER = frozenset({"InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError"})
_PULLING = frozenset({"ImagePullBackOff", "ErrImagePull"})
_FIRST_SIGNAL, _LAST_SIGNAL = 129, 192
_PREPARATIONS_FORGIVEN = 3
_FORGOTTEN_AFTER = 600.0
"""Who ran for so long before it ended begins anew: earlier ends say nothing about this one."""


@dataclass(frozen=True)
class Seen:
    """What the replica itself told at its door: its status, and of which of its containers' starts."""

    restarts: int
    status: Mapping[str, Any]


def replica_of(found: Object) -> ReplicaId | None:
    """Return which replica an object belongs to."""
    return ReplicaId.parse(str(_labels(found).get(REPLICA) or ""))


def newest_pod(replica_set: Object, pods: Sequence[Object]) -> Object | None:
    """Return the pod that is the replica now."""
    start = _labels(replica_set).get(START)
    mine = [pod for pod in pods if _labels(pod).get(START) == start and not pod["metadata"].get("deletionTimestamp")]
    alive = [pod for pod in mine if (pod.get("status") or {}).get("phase") not in ("Failed", "Succeeded")]
    return max(alive or mine, key=lambda pod: str(pod["metadata"].get("creationTimestamp") or ""), default=None)


def container_of(pod: Object, name: str) -> Object:
    """Return the state of one of a pod's containers; empty before there is any."""
    status = pod.get("status") or {}
    states = [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]
    return next((state for state in states if state.get("name") == name), {})


def report_of(
    replica_set: Object, pod: Object | None, seen: Seen | None, key: str, now: float, patience: float
) -> ReplicaReport | None:
    """Return the replica's report; None for a ReplicaSet that isn't one of ours.

    ``seen`` is what it told last, ``key`` what its port asks for, ``now`` a Unix time. Its age is that of its process;
    what lies before that (room on a node, the image, the environment) may take ``patience`` seconds.
    """
    replica = replica_of(replica_set)
    if replica is None:
        return None
    if pod is None:
        waited = now - _time(replica_set["metadata"].get("creationTimestamp"), now)
        status = _late(_without_pod(replica_set), waited, patience)
        return ReplicaReport(replica, running=True, status=status)
    state = container_of(pod, "replica")
    restarts = int(state.get("restartCount") or 0)
    running = (state.get("state") or {}).get("running")
    ended = _last_end(state)
    status = _status(pod, state, seen, restarts)
    if status is None and running is None:
        waited = now - _time(pod["metadata"].get("creationTimestamp"), now)
        status = _late(trouble_of(pod), waited, patience)
    address = (pod.get("status") or {}).get("podIP")
    reachable = running is not None and address
    return ReplicaReport(
        id=replica,
        running=running is not None or ended is None,
        restarts=min(restarts, 1) if _lasted(ended) >= _FORGOTTEN_AFTER else restarts,
        exit=_how(ended),
        age=max(0.0, now - _time((running or {}).get("startedAt"), now)),
        status=status,
        address=tcp(str(address), REPLICA_PORT) if reachable else "",
        key=key if reachable else "",
    )


def trouble_of(pod: Object) -> str:
    """Return what a pod waits for, in one line; empty where nothing is said."""
    status = pod.get("status") or {}
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"No node has room for it: {condition.get('message') or condition.get('reason')}."
    for state in (container_of(pod, "prepare"), container_of(pod, "replica")):
        waiting = (state.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _PULLING | _NEVER_BETTER:
            return _about_image(state, waiting)
        words = read_words((_last_end(state) or {}).get("message"))
        if words.get("message"):
            return str(words["message"])
    message = status.get("message") or status.get("reason")
    return str(message) if message else ""


def _status(pod: Object, state: Object, seen: Seen | None, restarts: int) -> Mapping[str, Any] | None:
    """Return the replica's own status, or a failed one for what can't become better; None: nothing is known."""
    preparing = container_of(pod, "prepare")
    for each in (preparing, state):
        waiting = (each.get("state") or {}).get("waiting") or {}
        reason = waiting.get("reason")
        if reason in _NEVER_BETTER or reason == "ImagePullBackOff":
            return _failed(_about_image(each, waiting), "Look at the settings kubernetes_image and kubernetes_pod.")
    ended = _last_end(preparing) or {}
    if ended.get("exitCode"):
        words = read_words(ended.get("message"))
        tries = int(preparing.get("restartCount") or 0)
        if words.get("final") or tries >= _PREPARATIONS_FORGIVEN:
            message = str(words.get("message") or f"Preparing the model ended with {_how(ended)}.")
            return _failed(message, str(words.get("hint") or "The deployment's log has its lines."))
    if (state.get("state") or {}).get("running") is None:
        return None
    if seen is not None and seen.restarts == restarts and seen.status:
        return seen.status
    if state.get("ready"):  # the cluster's own probe got through where we don't
        return {"state": "ready", "stages": []}
    return None


def _about_image(state: Object, waiting: Object) -> str:
    if waiting.get("reason") == "CreateContainerConfigError":
        return f"The cluster can't make the replica's container: {waiting.get('message') or waiting.get('reason')}."
    return f"The image {state.get('image')} can't be pulled: {waiting.get('message') or waiting.get('reason')}."


def _without_pod(replica_set: Object) -> str:
    """Return why there is no pod: what the cluster says is, for one, that a quota is used up."""
    for condition in (replica_set.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            return f"The cluster makes no pod for it: {condition.get('message') or condition.get('reason')}."
    return "The cluster has made no pod for it yet."


def _late(trouble: str, waited: float, patience: float) -> Mapping[str, Any] | None:
    if waited <= patience:
        return None
    return _failed(f"The replica's pod did not start within {patience:g} s. {trouble}", "Look at the cluster's events.")


def _lasted(ended: Object | None) -> float:
    """Return for how long the process that ended last had run, in seconds."""
    if ended is None:
        return 0.0
    return _time(ended.get("finishedAt"), 0.0) - _time(ended.get("startedAt"), 0.0)


def _failed(message: str, hint: str) -> Mapping[str, Any]:
    return {"state": "failed", "stages": [], "error": {"code": "pod-failed", "message": message, "hint": hint}}


def _last_end(state: Object) -> Object | None:
    """Return how a container ended last, None when it never has."""
    now, before = (state.get(name) or {} for name in ("state", "lastState"))
    return now.get("terminated") or before.get("terminated")


def _how(ended: Object | None) -> str:
    """Return how a process ended, in the words of the engine of one machine."""
    if ended is None:
        return ""
    code = int(ended.get("exitCode") or 0)
    reason = str(ended.get("reason") or "")
    if reason == "OOMKilled":
        return "signal SIGKILL, out of memory"
    if _FIRST_SIGNAL <= code <= _LAST_SIGNAL:
        try:
            return f"signal {signal.Signals(code - 128).name}"
        except ValueError:
            return f"signal {code - 128}"
    return f"exit code {code}"


def _labels(found: Object) -> Mapping[str, Any]:
    return (found.get("metadata") or {}).get("labels") or {}


def _time(text: object, default: float) -> float:
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return default
