"""``GET /openads/v1/models/search``: find models by words, fields and numbers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from ads.api.answers import answer
from ads.api.context import caller_of, context_of, visible_to
from ads.api.listing import limit_of
from ads.api.models import row_json
from ads.errors import InputError
from ads.registry.aliases import aliases_of_models
from ads.registry.model_index import hyperparameters_of, metrics_of
from ads.registry.model_rows import FoundModel
from ads.registry.model_search import search_models
from ads.registry.paging import PageRequest
from ads.registry.search_grammar import parse_query

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1/models/search", tags=["search"])

_DEFINED = {
    "framework": "Framework",
    "frameworkVersion": "FrameworkVersion",
    "algorithm": "Algorithm",
    "useCaseType": "UseCaseType",
}
_LONGEST_FIELD = 100


@router.get("")
def search(request: Request) -> Response:
    """Find models."""
    parameters = request.query_params
    terms = parse_query(parameters.get("query", ""))
    sort_by = parameters.get("sortBy") or "timeCreated"
    if len(sort_by) > _LONGEST_FIELD:
        raise InputError(f"sortBy is longer than {_LONGEST_FIELD} characters.")
    order = parameters.get("sortOrder") or ("ASC" if sort_by == "displayName" else "DESC")
    if order not in {"ASC", "DESC"}:
        raise InputError("sortOrder must be one of ASC, DESC.")
    compartment_id = parameters.get("compartmentId")
    wanted = PageRequest(
        secret=bytes.fromhex(context_of(request).defaults.page_secret),
        query={
            "path": request.url.path,
            "principal": caller_of(request).principal,
            "query": parameters.get("query", ""),
            "compartment_id": compartment_id,
        },
        sort_by=sort_by,
        order="ASC" if order == "ASC" else "DESC",
        limit=limit_of(request),
        token=parameters.get("page"),
    )
    visible = visible_to(request)
    with context_of(request).database.read() as session:
        page = search_models(session, terms, visible & {compartment_id} if compartment_id else visible, wanted)
        aliases = aliases_of_models(session, [found.row.id for found in page.rows])
    items = [_item(found, aliases.get(found.row.id, [])) for found in page.rows]
    return answer({"items": items}, next_page=page.next_token)


def _item(found: FoundModel, aliases: list[str]) -> dict[str, Any]:
    defined = {item["key"]: item.get("value") for item in found.defined_metadata}
    return {
        **row_json(found.row),
        **{name: defined.get(key) for name, key in _DEFINED.items()},
        "aliases": aliases,
        "metrics": metrics_of(found),
        "hyperparameters": hyperparameters_of(found),
        "size": found.size,
    }
