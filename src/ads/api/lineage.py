"""``/openads/v1/models/{model_id}/lineage``: where a model came from, and where it went."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints

from ads.api.answers import answer
from ads.api.context import caller_of, context_of
from ads.api.fields import Body, OcidText, if_match_of
from ads.registry.grants import visible_compartments
from ads.registry.lineage import lineage_of, put_lineage

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1/models/{model_id}/lineage", tags=["lineage"])


class PutLineage(Body, extra="forbid"):
    """What a model came from; what isn't given stays as it is."""

    trained_from: list[Annotated[str, StringConstraints(min_length=1, max_length=1024)]] | None = None
    derived_from: list[OcidText] | None = None


@router.get("")
def get(model_id: str, request: Request) -> Response:
    """Show a model among what it came from and what came of it."""
    with context_of(request).database.read() as session:
        found = lineage_of(session, model_id, visible_compartments(session, caller_of(request)))
    return answer(found)


@router.put("")
def put(model_id: str, body: PutLineage, request: Request) -> Response:
    """Say what a model was trained and derived from."""
    with context_of(request).database.write() as session:
        put_lineage(session, caller_of(request), model_id, **body.given(), if_match=if_match_of(request))
        found = lineage_of(session, model_id, visible_compartments(session, caller_of(request)))
    return answer(found)
