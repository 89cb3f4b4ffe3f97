"""Answers in OCI's manner: JSON, camelCase, RFC 3339 times, etag and page headers."""

from __future__ import annotations

from datetime import datetime

import orjson
from fastapi import Response

__all__ = ["accepted", "answer", "no_content", "timestamp"]


def timestamp(time: datetime | None) -> str | None:
    """Return a UTC time as RFC 3339 with milliseconds."""
    return None if time is None else time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def answer(
    content: object, *, etag: str | None = None, next_page: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """Return 200 with this content as JSON."""
    named = dict(headers or {})
    if etag is not None:
        named["etag"] = etag
    if next_page is not None:
        named["opc-next-page"] = next_page
    return Response(orjson.dumps(content), media_type="application/json", headers=named)


def accepted(work_request_id: str) -> Response:
    """Return 202 without a body: the work goes on, and the work request tells how."""
    return Response(status_code=202, headers={"opc-work-request-id": work_request_id, "content-length": "0"})


def no_content(etag: str | None = None) -> Response:
    """Return 204."""
    return Response(status_code=204, headers={} if etag is None else {"etag": etag})
