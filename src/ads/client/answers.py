"""What a service's error answer means: one exception of the tree for each."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ads.client.retries import parse_retry_after
from ads.errors import (
    Conflict,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    PayloadTooLarge,
    PreconditionFailed,
    ServiceError,
    ServiceUnavailable,
    TooManyRequests,
)

__all__ = ["error_from_answer", "error_text"]

_CLASSES: dict[int, type[ServiceError]] = {
    401: NotAuthenticated,
    403: NotPermitted,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    413: PayloadTooLarge,
    429: TooManyRequests,
    502: ServiceUnavailable,
    503: ServiceUnavailable,
    504: ServiceUnavailable,
}

_CODES: dict[str, type[ServiceError]] = {
    "RelatedResourceNotAuthorizedOrNotFound": NotFound,
    "NotAuthorizedOrNotFound": NotFound,
}

_HINTS: dict[type[ServiceError], str] = {
    NotAuthenticated: "Set OPENADS_TOKEN to a token of this service, or unset OPENADS_URL to use this machine's.",
    NotPermitted: "Ask an administrator of the service for this permission.",
    NotFound: "Check the OCID: the thing may have been deleted, or this credential may not see it.",
    PreconditionFailed: "Read it again with sync(), then repeat the change.",
    TooManyRequests: "Send fewer requests at once, or repeat this one later.",
    ServiceUnavailable: "Repeat it in a moment; `ads status` shows how the service is.",
}

_LONGEST_TEXT = 2000


def error_from_answer(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> ServiceError:
    """Return the exception for an error answer, with status, the service's code, and the request id."""
    code, message = error_text(body)
    kind = _CODES.get(code) or _CLASSES.get(status, ServiceError)
    request_id = headers.get("opc-request-id", "")
    facts = f"{method} {_shortened(path)} answered {status}{' ' + code if code else ''}"
    if request_id:
        facts += f", request id {request_id}"
    return kind(
        f"{message or 'The service gave no reason.'} ({facts})",
        status=status,
        service_code=code,
        retry_after=parse_retry_after(headers.get("retry-after")),
        hint=_HINTS.get(kind, ""),
        request_id=request_id,
    )


def _shortened(path: str) -> str:
    """Return the path with OCIDs cut down to what people tell them apart by."""
    return re.sub(r"(ocid1\.[a-z]+)\.[^/]*?([^/]{6})(?=/|$)", r"\1…\2", path)


def error_text(body: bytes) -> tuple[str, str]:
    """Return code and message of an error body. A body that isn't the service's JSON becomes the message, shortened."""
    try:
        content: Any = json.loads(body)
    except ValueError:
        return "", body.decode("utf-8", "replace").strip()[:_LONGEST_TEXT]
    if not isinstance(content, dict):
        return "", str(content)[:_LONGEST_TEXT]
    return str(content.get("code") or ""), str(content.get("message") or "")
