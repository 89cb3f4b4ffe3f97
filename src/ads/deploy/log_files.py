"""The logs of a deployment: the last lines of a file, without reading the rest of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ads.home import Home

__all__ = ["LOG_TYPES", "log_tail", "predict_log", "recent_lines"]

LOG_TYPES = ("access", "predict")
_BLOCK = 64 * 1024
_LONGEST_LINE = 16 * 1024
_TAIL_LINES = 20
_TAIL_CHARACTERS = 4000


def predict_log(home: Home, deployment_id: str) -> Path:
    """Return the file with everything that the replicas of a deployment wrote."""
    return home.deployment(deployment_id) / "predict.log"


def log_tail(path: Path) -> str:
    """Return the last lines of a log, for an error message."""
    return "\n".join(_last_lines(path, _TAIL_LINES))[-_TAIL_CHARACTERS:].strip()


def recent_lines(home: Home, deployment_id: str, type_: str, limit: int) -> list[dict[str, Any]]:
    """Return the last ``limit`` lines of one log, oldest first: ``time`` (None: unknown), type, message."""
    path = home.deployment(deployment_id) / f"{type_}.log"
    return [{"time": _time_of(line), "type": type_, "message": line} for line in _last_lines(path, limit)]


def _time_of(line: str) -> str | None:
    if not line.startswith("{"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    time = entry.get("time") if isinstance(entry, dict) else None
    return time if isinstance(time, str) else None


def _last_lines(path: Path, limit: int) -> list[str]:
    try:
        with path.open("rb") as file:
            position = file.seek(0, os.SEEK_END)
            data = b""
            while position > 0 and data.count(b"\n") <= limit and len(data) < limit * _LONGEST_LINE:
                step = min(_BLOCK, position)
                position -= step
                file.seek(position)
                data = file.read(step) + data
    except FileNotFoundError:
        return []
    lines = data.decode("utf-8", errors="replace").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return [line[:_LONGEST_LINE] for line in lines[-limit:]]
