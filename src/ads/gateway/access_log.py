"""One JSON line per prediction in the deployment's ``access.log``, written by a thread: no answer waits for a disk."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from ads.home import Home

__all__ = ["Access", "AccessLog"]

logger = logging.getLogger(__name__)

_FLUSH_SECONDS = 0.5
_MOST_WAITING = 100_000


class Access(NamedTuple):
    """What is noted of one request. Times in seconds; ``time`` is Unix time."""

    deployment_id: str
    time: float
    request_id: bytes
    principal: str
    remote: str
    method: bytes
    path: bytes
    status: int
    bytes_in: int
    bytes_out: int
    seconds: float
    queue_seconds: float
    replica_id: str
    tries: int


class AccessLog:
    """Call :meth:`note` from the loop; a thread writes every half second, and what is left at :meth:`close`."""

    def __init__(self, home: Home, largest: int) -> None:
        self._home = home
        self._largest = largest
        self._waiting: deque[Access] = deque()
        self._dropped = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def note(self, access: Access) -> None:
        """Have one line written; when the disk is too slow for what is already waiting, count it as dropped."""
        if len(self._waiting) >= _MOST_WAITING:
            self._dropped += 1
        else:
            self._waiting.append(access)

    def close(self) -> None:
        """Write what is left, waiting at most two seconds."""
        self._stop.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        while not self._stop.wait(_FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        lines: dict[str, list[str]] = {}
        while self._waiting:
            access = self._waiting.popleft()
            lines.setdefault(access.deployment_id, []).append(_line(access))
        for deployment_id, texts in lines.items():
            self._append(deployment_id, texts)
        if self._dropped:
            logger.error("%d lines of access logs were dropped", self._dropped)
            self._dropped = 0

    def _append(self, deployment_id: str, lines: list[str]) -> None:
        try:
            self._write(self._home.deployment(deployment_id), "".join(lines))
        except OSError as error:
            self._dropped += len(lines)
            logger.error("access log of %s: %s", deployment_id, error)  # noqa: TRY400

    def _write(self, folder: Path, text: str) -> None:
        if not folder.is_dir():
            return  # the deployment was removed meanwhile
        path = folder / "access.log"
        if path.exists() and path.stat().st_size > self._largest:
            path.replace(folder / "access.log.1")
        with path.open("a", encoding="utf-8") as file:
            file.write(text)


def _line(access: Access) -> str:
    moment = datetime.fromtimestamp(access.time, timezone.utc).isoformat(timespec="milliseconds")
    record = {
        "time": moment.replace("+00:00", "Z"),
        "requestId": access.request_id.decode(),
        "principal": access.principal,
        "remote": access.remote,
        "method": access.method.decode(),
        "path": access.path.decode("latin-1"),
        "status": access.status,
        "bytesIn": access.bytes_in,
        "bytesOut": access.bytes_out,
        "milliseconds": round(access.seconds * 1000, 3),
        "queueMilliseconds": round(access.queue_seconds * 1000, 3),
        "replica": access.replica_id,
        "tries": access.tries,
    }
    return json.dumps(record) + "\n"
