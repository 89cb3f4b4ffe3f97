"""Every error as ``{"code", "message"}`` with its HTTP status. No traceback ever leaves the service."""

from __future__ import annotations

import math
from collections.abc import Mapping

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from ads.errors import (
    AdsError,
    Conflict,
    DeploymentError,
    InputError,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    NotSupported,
    PayloadTooLarge,
    PreconditionFailed,
    ServiceError,
    ServiceTimeout,
    ServiceUnavailable,
    TooManyRequests,
)

__all__ = ["install", "internal_error", "problem", "problem_of"]

# The first class that fits decides.
_STATUS: tuple[tuple[type[AdsError], int, str], ...] = (
    (NotAuthenticated, 401, "NotAuthenticated"),
    (NotPermitted, 404, "NotAuthorizedOrNotFound"),  # as OCI does: what isn't allowed is not known to exist
    (NotFound, 404, "NotAuthorizedOrNotFound"),
    (Conflict, 409, "Conflict"),
    (PreconditionFailed, 412, "NoEtagMatch"),
    (PayloadTooLarge, 413, "PayloadTooLarge"),
    (TooManyRequests, 429, "TooManyRequests"),
    (ServiceUnavailable, 503, "ServiceUnavailable"),
    (ServiceTimeout, 504, "GatewayTimeout"),
    (NotSupported, 501, "NotImplemented"),
    (InputError, 400, "InvalidParameter"),
    (DeploymentError, 409, "Conflict"),
)

_HTTP_CODES = {
    400: "CannotParseRequest",
    404: "NotFound",
    405: "MethodNotAllowed",
    413: "PayloadTooLarge",
    415: "UnsupportedMediaType",
    416: "InvalidRange",
}


def problem(
    status: int, code: str, message: str, *, head: bool = False, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an error as an answer. ``head``: the request was a HEAD, whose errors have no body."""
    body = b"" if head else orjson.dumps({"code": code, "message": message})
    return Response(body, status_code=status, media_type="application/json", headers=dict(headers or {}))


def problem_of(error: AdsError, *, head: bool = False) -> Response:
    """Return one of our errors as an answer."""
    status, code = next(
        ((status, code) for kind, status, code in _STATUS if isinstance(error, kind)), (500, "InternalServerError")
    )
    headers = {}
    if isinstance(error, ServiceError):
        status, code = error.status or status, error.service_code or code
        if error.retry_after is not None:
            headers["retry-after"] = str(math.ceil(error.retry_after))
    message = f"{error.message} {error.hint}".strip()
    return problem(status, code, message, head=head, headers=headers)


def internal_error(*, head: bool = False) -> Response:
    """Return 500 for a defect of ours; the log says more under the request's id."""
    return problem(500, "InternalServerError", "The service failed on this request; its log says more.", head=head)


def install(app: FastAPI) -> None:
    """Make the application answer all errors this way."""
    app.add_exception_handler(AdsError, _on_ads_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_body)
    app.add_exception_handler(HTTPException, _on_http_exception)


async def _on_ads_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AdsError)
    return problem_of(error, head=request.method == "HEAD")


async def _on_invalid_body(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "the body"
    if first["type"] == "missing":
        return problem(400, "MissingParameter", f"{where} is missing.", head=request.method == "HEAD")
    return problem(400, "InvalidParameter", f"{where}: {first['msg']}.", head=request.method == "HEAD")


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _HTTP_CODES.get(error.status_code, "InternalServerError" if error.status_code >= 500 else "InvalidParameter")
    messages = {404: "There is no such path.", 405: f"{request.method} is not possible here."}
    message = messages.get(error.status_code, str(error.detail))
    return problem(error.status_code, code, message, head=request.method == "HEAD", headers=error.headers)
