"""Captured requests: a thread masks them and writes Parquet (JSON lines, gzipped, where pyarrow is missing).

Files are small and many; when all of a deployment's have more bytes than its policy allows, the oldest go.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import os
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from ads.deploy.capture import CapturePolicy, capture_files, capture_folder
from ads.gateway.capture_mask import kept_answer, kept_request
from ads.gateway.description import read_description
from ads.home import Home

__all__ = ["Capture", "Captured"]

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.25
_MOST_WAITING_BYTES = 16 * 1024 * 1024
_MOST_ROWS = 1000
_MOST_BYTES = 4 * 1024 * 1024
_DESCRIBED_SECONDS = 60.0
_LAST_SECONDS = 10.0


class Captured(NamedTuple):
    """One answered request. ``time`` is Unix time, ``kind`` the body's in frames."""

    deployment_id: str
    policy: CapturePolicy
    time: float
    request_id: str
    trace_id: str
    principal: str
    status: int
    seconds: float
    replica_id: str
    kind: int
    content_type: str
    body: bytes
    answer: bytes


@dataclass
class _Pending:
    """Rows of one deployment that are not written yet."""

    policy: CapturePolicy
    since: float
    rows: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0


class Capture:
    """Call :meth:`note` from the loop. What was noted is in a file ``delay`` seconds later, or at :meth:`close`."""

    def __init__(self, home: Home, delay: float) -> None:
        self._home = home
        self._delay = delay
        self._waiting: deque[Captured] = deque()
        self._size = 0
        self._dropped = 0
        self._pending: dict[str, _Pending] = {}
        self._described: dict[Path, tuple[float, list[str], frozenset[str] | None]] = {}
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, captured: Captured) -> None:
        """Have one request kept; when the thread is behind, count it as dropped."""
        size = len(captured.body) + len(captured.answer)
        if self._size + size > _MOST_WAITING_BYTES:
            self._dropped += 1
            return
        self._size += size
        self._waiting.append(captured)
        if self._thread is None:  # most gateways never need it
            self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Write what is left, waiting at most ten seconds: pyarrow may have to be imported first."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(_LAST_SECONDS)

    def _run(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self._take()
            self._write_due(time.monotonic())
        self._take()
        self._write_due(float("inf"))

    def _take(self) -> None:
        while self._waiting:
            one = self._waiting.popleft()
            self._size -= len(one.body) + len(one.answer)
            pending = self._pending.setdefault(one.deployment_id, _Pending(one.policy, time.monotonic()))
            pending.policy = one.policy
            row = self._row(one)
            pending.rows.append(row)
            pending.size += len(row["request"] or "") + len(row["response"] or "")
            if len(pending.rows) >= _MOST_ROWS or pending.size >= _MOST_BYTES:
                self._write(one.deployment_id)
        if self._dropped:
            logger.error("%d captured requests were dropped", self._dropped)
            self._dropped = 0

    def _row(self, one: Captured) -> dict[str, Any]:
        columns, marked = self._columns(self._home.deployment(one.deployment_id) / one.replica_id)
        masked = None if marked is None else marked | set(one.policy.mask)
        return {
            "time": datetime.fromtimestamp(one.time, timezone.utc).isoformat(timespec="milliseconds"),
            "requestId": one.request_id,
            "traceId": one.trace_id,
            "principal": one.principal,
            "status": one.status,
            "milliseconds": round(one.seconds * 1000, 3),
            "replica": one.replica_id,
            "contentType": one.content_type,
            "requestBytes": len(one.body),
            "responseBytes": len(one.answer),
            "request": None if masked is None else kept_request(one.kind, one.body, columns, masked),
            "response": None if masked is None else kept_answer(one.answer, masked),
            "masked": sorted(masked or ()),
        }

    def _columns(self, folder: Path) -> tuple[list[str], frozenset[str] | None]:
        """Return the model's columns, and those that its schema marks; None where the replica doesn't say."""
        now = time.monotonic()
        known = self._described.get(folder)
        if known is None or now - known[0] > _DESCRIBED_SECONDS:
            found = read_description([folder])
            marked = frozenset(each.name for each in found.inputs if each.masked) if found.told else None
            if len(self._described) > _MOST_ROWS:
                self._described.clear()
            known = self._described[folder] = (now, [each.name for each in found.inputs], marked)
        return known[1], known[2]

    def _write_due(self, now: float) -> None:
        for deployment_id, pending in list(self._pending.items()):
            if now - pending.since >= self._delay:
                self._write(deployment_id)

    def _write(self, deployment_id: str) -> None:
        pending = self._pending.pop(deployment_id)
        folder = capture_folder(self._home, deployment_id)
        if not folder.parent.is_dir():
            return  # the deployment was removed meanwhile
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            _write_rows(folder, pending.rows)
            self._make_room(deployment_id, pending.policy.max_bytes)
        except OSError as error:
            logger.error("captured requests of %s can't be written: %s", deployment_id, error)  # noqa: TRY400

    def _make_room(self, deployment_id: str, most: int) -> None:
        sizes = {}
        for path in capture_files(self._home, deployment_id):
            with contextlib.suppress(FileNotFoundError):
                sizes[path] = path.stat().st_size
        total = sum(sizes.values())
        for path, size in sizes.items():
            if total <= most:
                return
            path.unlink(missing_ok=True)
            total -= size


def _write_rows(folder: Path, rows: list[dict[str, Any]]) -> None:
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S")
    name = f"{stamp}-{secrets.token_hex(4)}"
    temporary = folder / f".{name}"
    try:
        try:
            pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
        except ImportError:
            final = folder / f"{name}.jsonl.gz"
            with gzip.open(temporary, "wt", encoding="utf-8") as file:
                file.writelines(f"{json.dumps(row)}\n" for row in rows)
        else:
            final = folder / f"{name}.parquet"
            types = {"request": pa.string(), "response": pa.string(), "masked": pa.list_(pa.string())}
            arrays = {key: pa.array([row[key] for row in rows], types.get(key)) for key in rows[0]}
            pq.write_table(pa.table(arrays), temporary, compression="zstd")
        os.chmod(temporary, 0o600)  # noqa: PTH101 - whatever the umask is
        temporary.replace(final)
    finally:
        temporary.unlink(missing_ok=True)
