"""Waiting for a work request: prompt when it is quick, patient when it is slow, with a checklist of its stages."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ads.client.checklist import Stage, checklist
from ads.errors import NotFound, ServiceTimeout

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

    ``max_wait_time`` in seconds (negative: no limit) and ``poll_interval``, the longest pause between two looks. A
    terminal, a notebook, or a line each in a log shows the stages with their seconds under ``label``. Raises
    :class:`~ads.errors.ServiceTimeout` when the time is up. Ctrl-C ends the waiting, not the work, and says so with
    the sentence ``interrupted``.
    """
    shown = checklist(label)
    started = time.monotonic()
    try:
        while True:
            request = _look(service, work_request_id)
            if shown is not None:
                shown.show(_stages(service, request), _state(request))
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


def _stages(service: Service, request: WorkRequest) -> list[Stage]:
    """Return what the service reports as done; a failure ends the list with its reasons."""
    try:
        entries = list(service.list(f"/20190101/workRequests/{request.id}/logs"))
    except NotFound:  # a service that keeps no log of its work: the work itself is what matters
        entries = []
    messages = [str(entry.get("message") or "") for entry in entries]
    stages = [Stage(message, failed=message in request.errors) for message in messages]
    if request.failed:
        stages += [Stage(reason, failed=True) for reason in request.errors if reason not in messages]
    return stages


def _state(request: WorkRequest) -> str:
    return ("failed" if request.failed else "done") if request.is_final else "running"
