"""What a browser asks of the console, read with bounds: path, query, the fields of a form."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.datastructures import Headers

from ads.api.authentication import Receive, Scope

__all__ = ["Asked", "read_asked"]

LARGEST_FORM = 1024 * 1024
_MOST_FIELDS = 200
_FORM = "application/x-www-form-urlencoded"
_TWIN = ".json"


@dataclass(frozen=True)
class Asked:
    """One request. ``path`` is as it was sent, without the ``.json`` that asks for the twin; ``target`` is all."""

    method: str
    path: str
    target: str
    headers: Mapping[str, str]
    raw_headers: list[tuple[bytes, bytes]]
    query: Mapping[str, list[str]]
    fields: Mapping[str, list[str]]
    is_form: bool
    wants_html: bool
    request_id: str


async def read_asked(scope: Scope, receive: Receive) -> Asked | None:
    """Return the request, None when the browser went away meanwhile. A form that is too large is no form."""
    body = b"" if scope["method"] in {"GET", "HEAD"} else await _read(receive)
    if body is None:
        return None
    headers = Headers(scope=scope)
    path = scope["raw_path"].decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    is_form = kind == _FORM and len(body) <= LARGEST_FORM
    fields, readable = _pairs(body.decode("latin-1")) if is_form else ({}, False)
    asked_for, _ = _pairs(query)
    twin = path.endswith(_TWIN) and "/static/" not in path
    return Asked(
        method=scope["method"],
        path=path.removesuffix(_TWIN) if twin else path,
        target=f"{path}?{query}" if query else path,
        headers=headers,
        raw_headers=scope["headers"],
        query=asked_for,
        fields=fields,
        is_form=is_form and readable,
        wants_html=not twin and "text/html" in headers.get("accept", ""),
        request_id=secrets.token_hex(16),
    )


def _pairs(text: str) -> tuple[dict[str, list[str]], bool]:
    try:
        found = parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}, False
    if any("\0" in value for values in found.values() for value in values):
        return {}, False
    return found, True


async def _read(receive: Receive) -> bytes | None:
    """Return the body, no more of it than is looked at."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size <= LARGEST_FORM:
            parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts) if size <= LARGEST_FORM else bytes(LARGEST_FORM + 1)
