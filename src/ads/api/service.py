"""``/openads/v1/service``: the service itself and its defaults."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ads import __version__
from ads.api.answers import answer
from ads.api.context import caller_of, context_of
from ads.registry.identities import CLIENT_REGION

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1", tags=["service"])


@router.get("/service")
def service(request: Request) -> Response:
    """Tell the version and the defaults."""
    defaults = context_of(request).defaults
    return answer(
        {
            "version": __version__,
            "compartmentId": defaults.compartment_id,
            "projectId": defaults.project_id,
            "tenancyId": defaults.tenancy_id,
            "userId": caller_of(request).principal,
            "region": CLIENT_REGION,
            "replicaLimits": _limits(request),
        }
    )


def _limits(request: Request) -> str | None:
    try:
        return context_of(request).home.limits_file.read_text(encoding="utf-8")
    except OSError:  # no supervisor of this machine looks after replicas
        return None
