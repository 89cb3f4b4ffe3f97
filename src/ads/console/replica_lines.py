"""The replicas of a deployment as they stand: what each wrote about itself, and what its process uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psutil

from ads.deploy.engines.base import ReplicaId
from ads.deploy.engines.supervisor_client import Child, EngineUnavailable, SupervisorClient
from ads.home import Home, open_regular

__all__ = ["description_of", "replica_lines"]

_LARGEST = 4 * 1024 * 1024
_REPLICA = "replica/"


def replica_lines(home: Home, deployment_id: str) -> list[dict[str, Any]]:
    """Return the replicas of a deployment, newest revision first; those that ended are left out, but for the ones of
    the newest revision that say why they failed. Processes are those that the supervisor tells of, not the replicas.
    """
    children = _children(home)
    found = []
    for path in _replicas(home.deployment(deployment_id)):
        id_ = ReplicaId.parse(path.name)
        status = _read(path / "status.json")
        child = children.get(path.name)
        if id_ is not None and (child is not None or status.get("state") == "failed"):
            found.append((id_, _line(path.name, id_, status, child)))
    found.sort(key=lambda pair: (-pair[0].revision, pair[0].slot))
    newest = found[0][0].revision if found else 0
    return [line for id_, line in found if line["running"] or id_.revision == newest]


def description_of(home: Home, deployment_id: str) -> dict[str, Any]:
    """Return what the newest replica of a deployment tells of its model: ``inputs``, ``example``, ``framework``.

    These are a model's words: what hasn't the form that it should have is left out.
    """
    paths = sorted(_replicas(home.deployment(deployment_id)), key=_stamp, reverse=True)
    told = next((content for content in (_read(path / "description.json") for path in paths) if content), {})
    inputs, example = told.get("inputs"), told.get("example")
    return {
        "inputs": [entry for entry in inputs if isinstance(entry, dict)] if isinstance(inputs, list) else [],
        "example": example if isinstance(example, dict) and "body" in example else None,
        "framework": str(told.get("framework") or "")[:200],
    }


def _children(home: Home) -> dict[str, Child]:
    try:
        children = SupervisorClient(home.supervisor_socket).list()
    except EngineUnavailable:
        return {}
    return {child.name.removeprefix(_REPLICA): child for child in children if child.name.startswith(_REPLICA)}


def _line(name: str, id_: ReplicaId, status: dict[str, Any], child: Child | None) -> dict[str, Any]:
    stages = status.get("stages")
    shown = [stage for stage in stages if isinstance(stage, dict)] if isinstance(stages, list) else []
    parity = next((stage for stage in shown if stage.get("name") == "parity"), {})
    error = status.get("error")
    running = child is not None and child.running
    return {
        "id": name,
        "revision": id_.revision,
        "slot": id_.slot,
        "state": str(status.get("state") or "starting")[:40],
        "running": running,
        "restarts": child.restarts if child is not None else 0,
        "stages": [{"name": str(s.get("name", "")), "seconds": _number(s.get("seconds"))} for s in shown[:20]],
        "batch": _number(parity.get("batch")),
        "batching": str(parity.get("batching") or ""),
        "error": str(error.get("message") or "") if isinstance(error, dict) else None,
        "hint": str(error.get("hint") or "") if isinstance(error, dict) else None,
        **_use(child.pid if child is not None and running else None),
    }


def _use(pid: int | None) -> dict[str, Any]:
    """Return what a process and those that it started use."""
    try:
        if pid is None:
            raise psutil.NoSuchProcess(0)
        first = psutil.Process(pid)
        family = [first, *first.children(recursive=True)]
        times = [process.cpu_times() for process in family]
        return {
            "pid": pid,
            "memory": sum(process.memory_info().rss for process in family),
            "processorSeconds": sum(each.user + each.system for each in times),
        }
    except psutil.Error:
        return {"pid": pid, "memory": None, "processorSeconds": None}


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _replicas(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return []


def _stamp(path: Path) -> float:
    try:
        return (path / "description.json").lstat().st_mtime
    except OSError:
        return 0.0


def _read(path: Path) -> dict[str, Any]:
    try:
        with open_regular(path) as file:
            content = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
