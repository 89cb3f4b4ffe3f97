"""Questions about a deployment: its documentation, and what the Open Inference Protocol asks of server and model."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ads.gateway.answer import JSON_TYPE, Refusal
from ads.gateway.description import Description, read_description
from ads.gateway.docs_page import docs_page
from ads.gateway.metadata_v2 import model_metadata, server_metadata
from ads.gateway.openapi import openapi
from ads.gateway.request import RequestHead
from ads.gateway.router import Place

if TYPE_CHECKING:
    from ads.gateway.pool import Pool
    from ads.gateway.predictions import Predictions

__all__ = ["About", "about"]

_HTML = b"text/html; charset=utf-8"
_PRIVATE = b"cache-control: no-store\r\nx-content-type-options: nosniff\r\n"
_NO_REPLICA = b'{"error": "No replica of the model is ready."}'


class About(NamedTuple):
    """An answer: ``more`` are further header lines."""

    status: int
    body: bytes
    retry_after: int = 0
    content_type: bytes = JSON_TYPE
    more: bytes = _PRIVATE


def about(predictions: Predictions, head: RequestHead, place: Place, remote: str) -> About:
    """Answer one question. Raises Refusal; without a credential only the page that says nothing is given."""
    if place.verb == b"docs":
        _require_get(head)
        page, lines = docs_page()
        return About(200, page, 0, _HTML, lines)
    if place.verb == b"v2" and not place.deployment_id:
        predictions.authentication.identify(head, remote)
        _require_get(head)
        return _json(server_metadata())
    _, pool = predictions.find(head, place, remote)
    _require_get(head)
    return _answer(predictions, pool, place)


def _answer(predictions: Predictions, pool: Pool, place: Place) -> About:
    verb, route = place.verb, pool.route
    if verb in (b"v2/ready", b"v2/model/ready"):
        if not pool.replicas_by_state.get("ready"):
            return About(503, _NO_REPLICA, 1)
        return _json({"name": route.name or route.id, "ready": True} if verb == b"v2/model/ready" else {"ready": True})
    if verb == b"v2/live":
        return _json({"live": True})
    if verb == b"v2":
        return _json(server_metadata())
    folder = predictions.folder(route.id)
    description = _description(tuple(folder / replica.id for replica in route.replicas))
    if verb == b"openapi.json":
        return _json(openapi(route.id, route.name, description))
    return _json(model_metadata(place.model or route.id, description))


@lru_cache(maxsize=128)
def _remembered(folders: tuple[Path, ...], stamp: int) -> Description:  # noqa: ARG001 - a new file is another stamp
    return read_description(folders)


def _description(folders: tuple[Path, ...]) -> Description:
    for folder in folders:
        try:
            return _remembered((folder,), (folder / "description.json").stat().st_mtime_ns)
        except OSError:  # noqa: PERF203 - the first one is there, as a rule
            continue
    return Description()


def _json(content: object) -> About:
    return About(200, json.dumps(content).encode())


def _require_get(head: RequestHead) -> None:
    if head.method not in {b"GET", b"HEAD"}:
        raise Refusal(405, "MethodNotAllowed", "This is read with GET.")
    if head.has_body:
        raise Refusal(400, "InvalidParameter", "This is asked without a body.")
