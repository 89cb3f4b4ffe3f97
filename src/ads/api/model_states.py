"""``/20190101/modelDeployments/{id}/models/modelState``: how each model of a deployment is; here each has one."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ads.api.answers import answer
from ads.api.context import context_of
from ads.api.listing import query_value
from ads.api.slices import slice_of
from ads.registry.deployments import get_deployment
from ads.registry.models import get_model

__all__ = ["router"]

router = APIRouter(prefix="/20190101/modelDeployments", tags=["deployments"])

_STATES = {"ACTIVE": "SUCCESS", "UPDATING": "SUCCESS", "FAILED": "FAILED", "NEEDS_ATTENTION": "INCONSISTENT"}


@router.get("/{deployment_id}/models/modelState")
def list_(deployment_id: str, request: Request) -> Response:
    """List the model of a deployment with its state; nothing for one that doesn't serve."""
    query_value(request, "compartmentId")
    with context_of(request).database.read() as session:
        deployment = get_deployment(session, deployment_id)
        model = get_model(session, deployment.model_id)
    state = _STATES.get(deployment.lifecycle_state)
    found = {
        "modelId": model.id,
        "projectId": model.project_id,
        "displayName": model.display_name,
        "inferenceKey": None,
        "state": state,
        "freeformTags": model.freeform_tags,
        "definedTags": model.defined_tags,
        "systemTags": {},
    }
    wanted = {key: request.query_params.get(key) for key in ("modelId", "projectId", "displayName", "inferenceKey")}
    fits = all(value is None or value == found[key] for key, value in wanted.items())
    rows, next_page = slice_of(request, [found] if state is not None and fits else [])
    return answer(list(rows), next_page=next_page)
