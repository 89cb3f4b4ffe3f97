"""``/console/api/…``: the API with the session, for the console's own modules. Read only, and never as a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ads.api.authentication import ADMITTED, App, Receive, Scope, Send
from ads.api.problems import problem
from ads.identity.verifier import Identity

__all__ = ["pass_on"]

_OPEN = ("/openads/v1/", "/20190101/")
# What was uploaded must never become a page or a script of this origin, whatever type its owner gave it.
_HARMLESS = (b"application/json", b"text/event-stream", b"application/zip", b"application/octet-stream")
_HEADERS = (
    (b"content-security-policy", b"default-src 'none'; sandbox; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
)
_PASSED = frozenset({b"accept", b"last-event-id", b"range", b"if-none-match"})


async def pass_on(app: App, identity: Identity, path: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a GET of the API as this identity, as it goes on."""
    if not path.startswith(_OPEN):
        await problem(404, "NotFound", "There is no such path.")(scope, receive, send)
        return
    inner = {
        **scope,
        "path": path,
        "raw_path": path.encode("latin-1"),
        "headers": [(name, value) for name, value in scope["headers"] if name in _PASSED],
        "state": dict(scope.get("state", {})),
        ADMITTED: identity,
    }

    async def checked(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = [(k, v) for k, v in message["headers"] if k.lower() not in {name for name, _ in _HEADERS}]
            kind = dict(headers).get(b"content-type", b"").partition(b";")[0].strip().lower()
            if message["status"] == 200 and kind not in _HARMLESS:
                headers = [(k, v) for k, v in headers if k.lower() != b"content-type"]
                headers.append((b"content-type", b"application/octet-stream"))
                headers.append((b"content-disposition", b"attachment"))
            message = {**message, "headers": [*headers, *_HEADERS]}
        await send(dict(message))

    await app(inner, receive, checked)
