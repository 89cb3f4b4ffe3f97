"""HTTP to a service: finding it, retries, paging, transfer, waiting. What the SDK and the CLI say to it."""

from __future__ import annotations

from ads.client.service import Service
from ads.client.waiting import WorkRequest, wait_for_work_request

__all__ = ["Service", "WorkRequest", "wait_for_work_request"]
