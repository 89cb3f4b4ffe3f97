"""The replicas of a deployment as they stand: what each wrote about itself, and what its process uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psutil

from ads.deploy.engines.base import ReplicaId

__all__ = ["description_of", "replica_lines"]

_LARGEST = 4 * 1024 * 1024
_SLACK = 2.0


def replica_lines(folder: Path) -> list[dict[str, Any]]:
    """Return the replicas of the deployment with this folder, newest revision first; those that ended are left out,
    but for the ones that say why they failed.
    """
    found = []
    for path in _replicas(folder):
        id_ = ReplicaId.parse(path.name)
        status = _read(path / "status.json")
        if id_ is None or not status:
            continue
        process = _process(status.get("pid"), path / "status.json")
        if process is None and status.get("state") != "failed":
            continue
        found.append((id_, _line(path.name, id_, status, process)))
    found.sort(key=lambda pair: (-pair[0].revision, pair[0].slot))
    newest = found[0][0].revision if found else 0
    return [line for id_, line in found if line["running"] or id_.revision == newest]


def description_of(folder: Path) -> dict[str, Any]:
    """Return what the replicas of the deployment with this folder tell of their model, newest first; empty if none."""
    paths = sorted((path / "description.json" for path in _replicas(folder)), key=_stamp, reverse=True)
    return next((content for content in map(_read, paths) if content), {})


def _line(name: str, id_: ReplicaId, status: dict[str, Any], process: psutil.Process | None) -> dict[str, Any]:
    stages = [stage for stage in status.get("stages") or [] if isinstance(stage, dict)]
    parity = next((stage for stage in stages if stage.get("name") == "parity"), {})
    error = status.get("error")
    return {
        "id": name,
        "revision": id_.revision,
        "slot": id_.slot,
        "state": str(status.get("state", "")),
        "running": process is not None,
        "stages": [{"name": str(s.get("name", "")), "seconds": s.get("seconds")} for s in stages],
        "batch": parity.get("batch"),
        "batching": parity.get("batching"),
        "error": error.get("message") if isinstance(error, dict) else None,
        "hint": error.get("hint") if isinstance(error, dict) else None,
        **_use(process),
    }


def _use(process: psutil.Process | None) -> dict[str, Any]:
    if process is None:
        return {"pid": None, "memory": None, "processorSeconds": None, "started": None}
    try:
        with process.oneshot():
            times = process.cpu_times()
            return {
                "pid": process.pid,
                "memory": process.memory_info().rss,
                "processorSeconds": times.user + times.system,
                "started": process.create_time(),
            }
    except psutil.Error:
        return {"pid": None, "memory": None, "processorSeconds": None, "started": None}


def _process(pid: Any, status: Path) -> psutil.Process | None:
    """Return the replica's process: not another one that got its number later."""
    try:
        process = psutil.Process(int(pid))
        return process if process.create_time() <= status.stat().st_mtime + _SLACK else None
    except (psutil.Error, OSError, TypeError, ValueError):
        return None


def _replicas(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir()]
    except OSError:
        return []


def _stamp(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
