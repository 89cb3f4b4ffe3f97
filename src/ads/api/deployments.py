"""``/20190101/modelDeployments`` and their shapes, with logs and restart under ``/openads/v1``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from ads.api.answers import accepted, answer, timestamp
from ads.api.context import caller_of, context_of, origin_of, wake_engine
from ads.api.fields import (
    Body,
    DefinedTags,
    Description,
    DisplayName,
    FreeformTags,
    OcidText,
    attempt_of,
    if_match_of,
)
from ads.api.listing import ListShape, limit_of, page_of, query_value
from ads.api.room import machine_of, require_room
from ads.api.slices import slice_of
from ads.deploy import orders
from ads.deploy.log_files import LOG_TYPES, recent_lines
from ads.deploy.scaling import replicas_of
from ads.deploy.shapes import SHAPES
from ads.deploy.spec import parse_spec
from ads.deploy.states import STATES
from ads.errors import InputError
from ads.registry.deployments import Deployment, get_deployment, select_deployments
from ads.registry.events import Caller

__all__ = ["router"]

router = APIRouter(tags=["deployments"])

_PATH = "/20190101/modelDeployments"
_OWN = "/openads/v1/deployments"
_LIST = ListShape(
    filters={
        "id": "id",
        "projectId": "project_id",
        "displayName": "display_name",
        "lifecycleState": "lifecycle_state",
        "createdBy": "created_by",
        "modelId": "model_id",
    },
    sort={"timeCreated": Deployment.time_created, "displayName": Deployment.display_name},
    seq=Deployment.seq,
    states=frozenset(STATES),
)
_RUNNING = frozenset({"ACTIVE", "UPDATING", "NEEDS_ATTENTION"})


class UpdateDeployment(Body, extra="forbid"):
    """What may change. ``updateType`` says how OCI should go about it; here no update ever leaves a gap."""

    update_type: str | None = None

    display_name: DisplayName | None = None
    description: Description | None = None
    freeform_tags: FreeformTags | None = None
    defined_tags: DefinedTags | None = None
    category_log_details: dict[str, Any] | None = None
    model_deployment_configuration_details: dict[str, Any] | None = None

    def columns(self) -> dict[str, Any]:
        """Return what the caller sent, under the names of the columns."""
        values = self.given()
        values.pop("update_type", None)
        if "model_deployment_configuration_details" in values:
            values["configuration"] = values.pop("model_deployment_configuration_details")
        return values


class CreateDeployment(UpdateDeployment):
    """A new deployment."""

    compartment_id: OcidText
    project_id: OcidText
    model_deployment_configuration_details: dict[str, Any]


class ChangeCompartment(Body):
    """Where a deployment moves to."""

    compartment_id: OcidText


def summary_json(deployment: Deployment, request: Request) -> dict[str, Any]:
    """Return a deployment as lists show it. Its URL is below the address that the client itself used."""
    running = deployment.lifecycle_state in _RUNNING and deployment.serving_revision > 0
    return {
        "id": deployment.id,
        "compartmentId": deployment.compartment_id,
        "projectId": deployment.project_id,
        "displayName": deployment.display_name,
        "description": deployment.description,
        "modelDeploymentConfigurationDetails": deployment.configuration,
        "categoryLogDetails": deployment.category_log_details,
        "modelDeploymentUrl": f"{origin_of(request)}/{deployment.id}",
        "modelDeploymentSystemData": {
            "systemInfraType": "INSTANCE_POOL",
            "currentInstanceCount": _instances(deployment) if running else 0,
        },
        "lifecycleState": deployment.lifecycle_state,
        "timeCreated": timestamp(deployment.time_created),
        "createdBy": deployment.created_by,
        "freeformTags": deployment.freeform_tags,
        "definedTags": deployment.defined_tags,
        "systemTags": {},
    }


def _instances(deployment: Deployment) -> int:
    spec = parse_spec(deployment.configuration)
    return replicas_of(deployment, spec) // spec.workers


def deployment_json(deployment: Deployment, request: Request) -> dict[str, Any]:
    """Return a deployment as clients see it."""
    return {**summary_json(deployment, request), "lifecycleDetails": deployment.lifecycle_details}


@router.post(_PATH)
def create(body: CreateDeployment, request: Request) -> Response:
    """Create a deployment; it becomes ACTIVE by itself."""
    details = orders.NewDeployment(**body.columns())
    machine = machine_of(request)
    with context_of(request).database.write() as session:
        deployment = orders.create_deployment(session, caller_of(request), details, attempt_of(request))
        require_room(session, deployment, machine)
    wake_engine(request)
    headers = {
        "opc-work-request-id": deployment.work_request_id or "",
        "location": f"{_PATH}/{deployment.id}",
    }
    return answer(deployment_json(deployment, request), etag=deployment.etag, headers=headers)


@router.get(_PATH)
def list_(request: Request) -> Response:
    """List deployments."""
    with context_of(request).database.read() as session:
        page = page_of(request, session, _LIST, select_deployments)
    return answer([summary_json(row, request) for row in page.rows], next_page=page.next_token)


@router.get(f"{_PATH}/{{deployment_id}}")
def get(deployment_id: str, request: Request) -> Response:
    """Get a deployment, also a deleted one."""
    with context_of(request).database.read() as session:
        deployment = get_deployment(session, deployment_id)
    return answer(deployment_json(deployment, request), etag=deployment.etag)


@router.put(f"{_PATH}/{{deployment_id}}")
def update(deployment_id: str, body: UpdateDeployment, request: Request) -> Response:
    """Change what was sent; an ACTIVE deployment goes on answering throughout."""
    changes, machine = body.columns(), machine_of(request)

    def order(session: Session, caller: Caller, id_: str, if_match: str | None) -> Deployment:
        deployment = orders.update_deployment(session, caller, id_, changes, if_match)
        if "configuration" in changes:
            require_room(session, deployment, machine)
        return deployment

    return _ordered(request, deployment_id, order)


@router.delete(f"{_PATH}/{{deployment_id}}")
def delete(deployment_id: str, request: Request) -> Response:
    """Delete a deployment; its model stays."""
    return _ordered(request, deployment_id, orders.delete_deployment)


@router.post(f"{_PATH}/{{deployment_id}}/actions/activate")
def activate(deployment_id: str, request: Request) -> Response:
    """Serve an INACTIVE deployment again."""
    machine = machine_of(request)

    def order(session: Session, caller: Caller, id_: str, if_match: str | None) -> Deployment:
        deployment = orders.activate_deployment(session, caller, id_, if_match)
        require_room(session, deployment, machine)
        return deployment

    return _ordered(request, deployment_id, order)


@router.post(f"{_PATH}/{{deployment_id}}/actions/deactivate")
def deactivate(deployment_id: str, request: Request) -> Response:
    """Stop serving; the deployment stays."""
    return _ordered(request, deployment_id, orders.deactivate_deployment)


@router.post(f"{_OWN}/{{deployment_id}}/actions/restart")
def restart(deployment_id: str, request: Request) -> Response:
    """Replace all replicas; the deployment goes on answering throughout."""
    return _ordered(request, deployment_id, orders.restart_deployment)


@router.post(f"{_PATH}/{{deployment_id}}/actions/changeCompartment")
def change_compartment(deployment_id: str, body: ChangeCompartment, request: Request) -> Response:
    """Move a deployment to another compartment."""
    with context_of(request).database.write() as session:
        deployment = orders.move_deployment(
            session, caller_of(request), deployment_id, body.compartment_id, if_match_of(request)
        )
    wake_engine(request)  # who may predict has changed
    return Response(status_code=200, headers={"etag": deployment.etag})


@router.get(f"{_OWN}/{{deployment_id}}/logs")
def logs(deployment_id: str, request: Request) -> Response:
    """Show the last lines of a deployment's access or predict log."""
    type_ = request.query_params.get("type", "predict")
    if type_ not in LOG_TYPES:
        raise InputError(f"type must be one of {', '.join(LOG_TYPES)}.")
    context = context_of(request)
    with context.database.read() as session:
        deployment = get_deployment(session, deployment_id)
    return answer({"lines": recent_lines(context.home, deployment.id, type_, limit_of(request))})


@router.get("/20190101/modelDeploymentShapes")
def shapes(request: Request) -> Response:
    """List the shapes that are known by name."""
    query_value(request, "compartmentId")
    rows, next_page = slice_of(request, SHAPES)
    found = [{"name": s.name, "coreCount": s.cores, "memoryInGBs": s.memory_gb, "shapeSeries": s.series} for s in rows]
    return answer(found, next_page=next_page)


@router.get("/20190101/fastLaunchJobConfigs")
def fast_launch_job_configs(request: Request) -> Response:
    """List nothing: this service runs no jobs."""
    query_value(request, "compartmentId")
    return answer([])


def _ordered(
    request: Request, deployment_id: str, order: Callable[[Session, Caller, str, str | None], Deployment]
) -> Response:
    with context_of(request).database.write() as session:
        deployment = order(session, caller_of(request), deployment_id, if_match_of(request))
    wake_engine(request)
    return accepted(deployment.work_request_id or "")
