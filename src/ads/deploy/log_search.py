"""Records of deployments' logs between two times, found in their files without keeping them in memory."""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from ads.deploy.log_times import LogTimes
from ads.home import Home
from ads.registry.log_query import LogQuery

__all__ = ["LogSource", "search_logs"]

_TYPE = "com.oraclecloud.datascience.modeldeployment."
_LONGEST_LINE = 16 * 1024
_STAMP = re.compile(r"\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?)")


@dataclass(frozen=True)
class LogSource:
    """The log of one deployment, and under which names it is found."""

    deployment_id: str
    display_name: str
    kind: Literal["access", "predict"]
    compartment_id: str
    log_group_id: str
    log_id: str


def search_logs(
    home: Home, sources: Iterable[LogSource], query: LogQuery, start: datetime, end: datetime, limit: int
) -> list[dict[str, Any]]:
    """Return at most ``limit`` records from ``start`` on, before ``end``, that the query asks for, in its order."""
    found = (
        (record["datetime"], number, record)
        for source in sources
        for number, record in enumerate(_records(home, source, start, end))
        if query.matches(record["logContent"])
    )
    choose = heapq.nlargest if query.newest_first else heapq.nsmallest
    return [record for _, _, record in choose(limit, found, key=lambda item: item[:2])]


def _records(home: Home, source: LogSource, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    folder = home.deployment(source.deployment_id)
    for name in (f"{source.kind}.log.1", f"{source.kind}.log"):
        path = folder / name
        times = LogTimes.of(path)
        for offset, line in _lines(path):
            fields = _fields(line) if source.kind == "access" else {}
            time = _own_time(fields, line) or times.at(offset)
            if start <= time < end:
                yield _record(source, f"{path.name}-{offset}", time, line, fields)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        offset = 0
        for raw in file:
            if not raw.endswith(b"\n"):
                return  # still being written
            text = raw[:_LONGEST_LINE].decode("utf-8", errors="replace").rstrip("\r\n")
            if text.strip():
                yield offset, text
            offset += len(raw)


def _fields(line: str) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _own_time(fields: Mapping[str, Any], line: str) -> datetime | None:
    match = _STAMP.match(str(fields.get("time", line[:64])))
    if match is None:
        return None
    text = match[1].replace(",", ".").replace("Z", "+00:00")
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.astimezone(timezone.utc) if time.tzinfo else time.replace(tzinfo=timezone.utc)


def _record(source: LogSource, place: str, time: datetime, line: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "datetime": int(time.timestamp() * 1000),
        "logContent": {
            "id": f"{source.deployment_id}-{place}",
            "source": source.deployment_id,
            "subject": source.display_name,
            "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "type": f"{_TYPE}{source.kind}",
            "data": {**fields, "message": line},
            "oracle": {
                "compartmentid": source.compartment_id,
                "loggroupid": source.log_group_id,
                "logid": source.log_id,
            },
        },
    }
