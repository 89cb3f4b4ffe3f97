"""Predictions on behalf of a visitor: through the gateway like everybody's, with a pass instead of a token."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ads.api.context import Context
from ads.deploy.log_files import recent_lines
from ads.errors import ServiceUnavailable
from ads.identity.passes import LIFETIME, Pass, make_pass, pass_key

__all__ = ["Predicted", "predict", "timing_of"]

_LONGEST = 30.0
_MOST_BYTES = 256 * 1024
_NOTED_WITHIN = 1.2
_LOOK = 0.05
_LATEST = 50


@dataclass(frozen=True)
class Predicted:
    """What the gateway answered. ``body`` is cut at 256 kB; ``seconds`` is the time from here and back."""

    status: int
    content_type: str
    body: bytes
    whole: bool
    seconds: float
    request_id: str


def predict(context: Context, credential: str, deployment_id: str, body: bytes) -> Predicted:
    """Return the gateway's answer to one prediction, be it good or not.

    Raises ServiceUnavailable when no gateway runs here, or when it doesn't answer within half a minute.
    """
    url = context.gateway_url()
    if not url:
        raise ServiceUnavailable("No gateway runs in front of this console.", hint="Start the service: ads serve")
    given = Pass(credential, deployment_id, time.time() + LIFETIME)
    headers = {
        "authorization": f"Bearer {make_pass(pass_key(context.defaults.page_secret), given)}",
        "content-type": "application/json",
        "x-request-timeout": f"{_LONGEST:g}",
    }
    connection = _connection(url)
    began = time.perf_counter()
    try:
        connection.request("POST", f"/{deployment_id}/predict", body, headers)
        answer = connection.getresponse()
        content = answer.read(_MOST_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        raise ServiceUnavailable(
            f"The gateway did not answer: {str(error) or type(error).__name__}.", hint="Try again, or look at the logs."
        ) from error
    finally:
        connection.close()
    seconds = time.perf_counter() - began
    return Predicted(
        answer.status,
        answer.headers.get("content-type", ""),
        content[:_MOST_BYTES],
        len(content) <= _MOST_BYTES,
        seconds,
        answer.headers.get("opc-request-id", ""),
    )


def timing_of(context: Context, deployment_id: str, request_id: str) -> Mapping[str, Any]:
    """Return what the access log noted of a request just made: waiting, replica, tries. Empty when it isn't there yet.

    The log is written twice a second, so this waits about as long.
    """
    until = time.monotonic() + _NOTED_WITHIN
    while request_id:
        for line in reversed(recent_lines(context.home, deployment_id, "access", _LATEST)):
            found = _read(line["message"])
            if found.get("requestId") == request_id:
                return found
        if time.monotonic() > until:
            break
        time.sleep(_LOOK)
    return {}


def _read(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _connection(url: str) -> http.client.HTTPConnection:
    """Return a connection to this very service: its certificate need not say the name under which we reach it."""
    parts = urlsplit(url)
    host, port, timeout = parts.hostname or "127.0.0.1", parts.port, _LONGEST + 5.0
    if parts.scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=timeout)
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=timeout, context=unchecked)
