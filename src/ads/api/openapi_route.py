"""``GET /openads/v1/openapi.json``: the description of this API, as it is in the documentation."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1", tags=["service"])


@router.get("/openapi.json")
async def describe_api(request: Request) -> Response:
    """Describe this API as an OpenAPI 3.1 document."""
    found: bytes | None = getattr(request.app.state, "description", None)
    if found is None:
        found = await run_in_threadpool(_described)
        request.app.state.description = found
    return Response(found, media_type="application/json")


def _described() -> bytes:
    import orjson

    from ads.api.application import ROUTERS
    from ads.api.openapi.document import describe

    return orjson.dumps(describe(ROUTERS))
