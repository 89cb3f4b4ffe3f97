"""Waiting for a work request: prompt when it is quick, patient when it is slow, with a checklist on a terminal."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from ads.errors import ServiceTimeout

if TYPE_CHECKING:
    from ads.client.service import Service

__all__ = ["DEFAULT_POLL_INTERVAL", "DEFAULT_WAIT_TIME", "WorkRequest", "next_look", "wait_for_work_request"]

DEFAULT_WAIT_TIME = 1200
DEFAULT_POLL_INTERVAL = 10

_FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELED"})
_SHORTEST_INTERVAL = 0.05


@dataclass(frozen=True)
class WorkRequest:
    """A piece of work of the service as last seen. ``errors`` are its messages, filled when it failed."""

    id: str
    status: str
    operation: str = ""
    percent_complete: float = 0.0
    errors: tuple[str, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in _FINAL or self.percent_complete >= 100

    @property
    def failed(self) -> bool:
        """Whether it ended without having done its work."""
        return self.status in {"FAILED", "CANCELED"}


def wait_for_work_request(
    service: Service,
    work_request_id: str,
    *,
    label: str,
    max_wait_time: float = DEFAULT_WAIT_TIME,
    poll_interval: float = DEFAULT_POLL_INTERVAL,
    interrupted: str = "The work goes on in the service.",
) -> WorkRequest:
    """Return the work request once it ended, also when it failed.

    ``max_wait_time`` in seconds (negative: no limit) and ``poll_interval``, the longest pause between two looks. On a
    terminal, stderr shows each stage with its seconds under ``label``. Raises :class:`~ads.errors.ServiceTimeout` when
    the time is up. Ctrl-C ends the waiting, not the work, and says so with the sentence ``interrupted``.
    """
    checklist = _Checklist(label, sys.stderr) if sys.stderr is not None and sys.stderr.isatty() else None
    started = time.monotonic()
    try:
        while True:
            request = _look(service, work_request_id)
            if checklist is not None:
                checklist.show(service, request)
            waited = time.monotonic() - started
            if request.is_final:
                return request
            if 0 <= max_wait_time <= waited:
                raise ServiceTimeout(
                    f"{label} took longer than {max_wait_time:g} s (work request {work_request_id}, {request.status}). "
                    f"{interrupted}",
                    hint="Look at its state later, or wait longer with max_wait_time=.",
                )
            pause = next_look(waited, poll_interval)
            time.sleep(pause if max_wait_time < 0 else min(pause, max(max_wait_time - waited, 0.001)))
    except KeyboardInterrupt:
        if sys.stderr is not None:
            sys.stderr.write(f"\nStopped waiting. {interrupted}\n")
        raise


def next_look(waited: float, poll_interval: float) -> float:
    """Return the pause before the next look: a tenth of the time waited so far."""
    return min(max(poll_interval, 0.0), max(_SHORTEST_INTERVAL, waited / 10))


def _look(service: Service, work_request_id: str) -> WorkRequest:
    path = f"/20190101/workRequests/{work_request_id}"
    content = service.get_json(path)
    status = str(content.get("status") or "")
    errors: tuple[str, ...] = ()
    if status == "FAILED":
        errors = tuple(str(item.get("message") or "") for item in service.list(f"{path}/errors"))
    return WorkRequest(
        id=work_request_id,
        status=status,
        operation=str(content.get("operationType") or ""),
        percent_complete=float(content.get("percentComplete") or 0),
        errors=errors,
    )


@dataclass
class _Checklist:
    """What the service reports as done, one line each; a failure ends the list with its reason."""

    label: str
    out: TextIO
    shown: int = -1

    def show(self, service: Service, request: WorkRequest) -> None:
        """Write what is new since the last look."""
        if self.shown < 0:
            self.out.write(f"{self.label}\n")
            self.shown = 0
        entries = list(service.list(f"/20190101/workRequests/{request.id}/logs"))
        reasons = {str(entry.get("message")) for entry in entries} & set(request.errors)
        for entry in entries[self.shown :]:
            message = str(entry.get("message") or "")
            self.out.write(f"  {'✗' if message in reasons else '✓'} {message}\n")
        self.shown = len(entries)
        if request.failed:
            for reason in request.errors:
                if reason not in reasons:
                    self.out.write(f"  ✗ {reason}\n")
        self.out.flush()
