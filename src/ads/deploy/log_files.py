"""The logs of a deployment: the last lines of a file, without reading the rest of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ads.deploy.log_times import LogTimes
from ads.home import Home

__all__ = [
    "LOG_TYPES",
    "LONGEST_LINE",
    "last_lines",
    "line_json",
    "log_path",
    "log_tail",
    "predict_log",
    "recent_lines",
]

LOG_TYPES = ("access", "predict")
LONGEST_LINE = 16 * 1024
_BLOCK = 64 * 1024
_TAIL_LINES = 20
_TAIL_CHARACTERS = 4000


def log_path(home: Home, deployment_id: str, type_: str) -> Path:
    """Return the file of one log of a deployment; what was written before lies beside it, under ``….1``."""
    return home.deployment(deployment_id) / f"{type_}.log"


def predict_log(home: Home, deployment_id: str) -> Path:
    """Return the file with everything that the replicas of a deployment wrote."""
    return log_path(home, deployment_id, "predict")


def log_tail(path: Path) -> str:
    """Return the last lines of a log, for an error message."""
    return "\n".join(text for _, text in last_lines(path, _TAIL_LINES))[-_TAIL_CHARACTERS:].strip()


def recent_lines(home: Home, deployment_id: str, type_: str, limit: int) -> list[dict[str, Any]]:
    """Return the last ``limit`` lines of one log, oldest first: ``time`` (None: unknown), type, message."""
    path = log_path(home, deployment_id, type_)
    found: list[dict[str, Any]] = []
    for each in (path, path.with_name(f"{path.name}.1")):
        lines = last_lines(each, limit - len(found))
        times = LogTimes.of(each, recent=True)
        found = [line_json(type_, text, times, offset) for offset, text in lines] + found
        if len(found) >= limit:
            break
    return found


def line_json(type_: str, text: str, times: LogTimes, offset: int) -> dict[str, Any]:
    """Return a line as clients see it. One that doesn't say its time has the one at which it was seen."""
    time = _time_of(text) if type_ == "access" else times.text_at(offset)
    return {"time": time, "type": type_, "message": text}


def _time_of(line: str) -> str | None:
    if not line.startswith("{"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    time = entry.get("time") if isinstance(entry, dict) else None
    return time if isinstance(time, str) else None


def last_lines(path: Path, limit: int, end: int | None = None) -> list[tuple[int, str]]:
    """Return the last lines, or those before the place ``end``, each with its own place in the file."""
    if limit <= 0:
        return []
    try:
        with path.open("rb") as file:
            position = file.seek(0, os.SEEK_END) if end is None else end
            data = b""
            while position > 0 and data.count(b"\n") <= limit and len(data) < limit * LONGEST_LINE:
                step = min(_BLOCK, position)
                position -= step
                file.seek(position)
                data = file.read(step) + data
    except FileNotFoundError:
        return []
    found = []
    for line in data.split(b"\n"):
        found.append((position, line[:LONGEST_LINE].decode("utf-8", errors="replace")))
        position += len(line) + 1
    if found and not found[-1][1]:
        found.pop()
    return found[-limit:]
