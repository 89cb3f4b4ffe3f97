"""``/openads/v1/gc``: what nobody needs any more, and its removal."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request, Response

from ads.api.answers import answer
from ads.api.context import caller_of, context_of
from ads.deploy.leftovers import DEPLOYMENT_KINDS
from ads.errors import InputError
from ads.registry.garbage import CATALOG_KINDS, DAY, Garbage, Premises, collect, find

__all__ = ["older_than_of", "premises_of", "router", "told"]

router = APIRouter(prefix="/openads/v1", tags=["service"])

_KINDS = (*DEPLOYMENT_KINDS, *CATALOG_KINDS)
_MOST_SHOWN = 1000
_SECONDS = re.compile(r"[0-9]{1,10}", re.ASCII)


@router.get("/gc")
def find_garbage(request: Request) -> Response:
    """Tell what could be removed: kind, what, why and bytes, the largest first. Nothing is changed."""
    return told(find(premises_of(request), _KINDS, older_than_of(request)))


@router.post("/gc")
def collect_garbage(request: Request) -> Response:
    """Remove what nobody needs, and tell what is gone."""
    return told(collect(premises_of(request), _KINDS, caller_of(request), older_than_of(request)))


def premises_of(request: Request) -> Premises:
    """Return where garbage lies."""
    context = context_of(request)
    return Premises(context.home, context.database, context.blobs)


def older_than_of(request: Request) -> float:
    """Return the age in seconds from which on things may go. Raises InputError."""
    value = request.query_params.get("olderThanSeconds")
    if value is None:
        return DAY
    if not _SECONDS.fullmatch(value):
        raise InputError("olderThanSeconds must be a whole number of seconds, 0 or more.")
    return float(value)


def told(found: list[Garbage]) -> Response:
    """Return the largest things one by one, and how many there are in all."""
    items = [vars(garbage) for garbage in found[:_MOST_SHOWN]]
    return answer({"items": items, "count": len(found), "bytes": sum(garbage.bytes for garbage in found)})
