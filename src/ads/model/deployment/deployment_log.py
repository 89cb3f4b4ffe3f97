"""The access log and the predict log of a deployment."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ads.errors import InputError

if TYPE_CHECKING:
    from ads.client import Service

__all__ = ["LOG_TYPES", "DeploymentLog"]

LOG_TYPES = ("access", "predict")
_MARKS = {"access": "A", "predict": "P"}
_MOST_LINES = 1000


class DeploymentLog:
    """One or both logs of a deployment, oldest line first. Lines are ``{"time", "type", "message"}``."""

    def __init__(self, service: Service, deployment_id: str, log_type: str | None = None) -> None:
        if log_type not in (None, *LOG_TYPES):
            raise InputError(f"{log_type!r} is no log of a deployment.", hint=f"Logs: {', '.join(LOG_TYPES)}.")
        self._service = service
        self._deployment_id = deployment_id
        self._types = LOG_TYPES if log_type is None else (log_type,)

    def search(
        self, limit: int = 100, time_start: Any = None, time_end: Any = None, log_filter: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the last ``limit`` lines of each log, between two times (datetime, RFC 3339), with ``log_filter``."""
        begin, end = _moment(time_start), _moment(time_end)
        wanted = limit if not (begin or end or log_filter) else _MOST_LINES
        found: list[dict[str, Any]] = []
        for kind in self._types:
            # What a model prints has no time: nobody can say that it was too early or too late.
            chosen = [
                line
                for line in self._read(kind, max(wanted, limit))
                if not (line["time"] and begin and line["time"] < begin)
                and not (line["time"] and end and line["time"] > end)
                and (not log_filter or log_filter in line["message"])
            ]
            found += chosen[-limit:]
        return sorted(found, key=lambda line: str(line["time"]))

    def tail(
        self, source: str | None = None, limit: int = 100, time_start: Any = None, log_filter: str | None = None
    ) -> None:
        """Print the last lines."""
        _print(line for line in self.search(limit, time_start, None, log_filter) if _from(line, source))

    def head(self, source: str | None = None, limit: int = 100, time_start: Any = None) -> None:
        """Print the first lines since ``time_start``, as far back as the log is kept."""
        lines = [line for line in self.search(_MOST_LINES, time_start) if _from(line, source)]
        _print(lines[:limit])

    def stream(
        self,
        source: str | None = None,
        interval: float = 3,
        stop_condition: Callable[[], bool] | None = None,
        time_start: Any = None,
        log_filter: str | None = None,
    ) -> None:
        """Print lines as they come until ``stop_condition()`` is true, which is asked every ``interval`` seconds."""
        from ads.client.log_stream import follow_lines

        begin = _moment(time_start)
        kind = self._types[0] if len(self._types) == 1 else "all"
        for line in follow_lines(
            self._service, self._deployment_id, kind, _MOST_LINES, silent=interval, over=stop_condition
        ):
            said = {**line, "time": str(line.get("time") or "")}
            early = bool(said["time"] and begin and said["time"] < begin)
            if not early and (not log_filter or log_filter in said["message"]) and _from(said, source):
                _print([said])

    def _read(self, kind: str, limit: int) -> Iterator[dict[str, Any]]:
        path = f"/openads/v1/deployments/{self._deployment_id}/logs"
        content = self._service.get_json(path, {"type": kind, "limit": min(limit, _MOST_LINES)})
        for line in content.get("lines", []):
            yield {
                "time": str(line.get("time") or ""),
                "type": str(line.get("type") or kind),
                "message": str(line.get("message") or ""),
            }


def _from(line: dict[str, Any], source: str | None) -> bool:
    return source is None or source == line["type"]


def _print(lines: Any) -> None:
    for line in lines:
        sys.stdout.write(f"[{_MARKS.get(line['type'], '?')}] {line['time']} {line['message']}\n")
    sys.stdout.flush()


def _moment(value: Any) -> str:
    """Return a time as RFC 3339 text in UTC, which sorts as time does."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    from datetime import timezone

    moment = value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)
    return str(moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"))
