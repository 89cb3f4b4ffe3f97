"""``/20200531``: log groups, logs, and the work requests that make them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints

from ads.api.answers import accepted, answer, timestamp
from ads.api.context import caller_of, context_of
from ads.api.fields import Body, DefinedTags, Description, FreeformTags, OcidText, attempt_of
from ads.api.listing import ListShape, limit_of, page_of, page_of_query
from ads.api.work_requests import work_request_json
from ads.registry import logs
from ads.registry.work_requests import get_work_request

__all__ = ["router"]

router = APIRouter(prefix="/20200531", tags=["logs"])

_GROUPS = ListShape(
    filters={"displayName": "display_name"},
    sort={"timeCreated": logs.LogGroup.time_created, "displayName": logs.LogGroup.display_name},
    seq=logs.LogGroup.seq,
    states=frozenset(),
)
_LOG_FILTERS = {"displayName": "display_name", "logType": "log_type", "lifecycleState": "lifecycle_state"}
Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class CreateLogGroup(Body):
    """A new log group."""

    compartment_id: OcidText
    display_name: Name
    description: Description | None = None
    freeform_tags: FreeformTags | None = None
    defined_tags: DefinedTags | None = None


class CreateLog(Body):
    """A new log."""

    display_name: Name
    log_type: Literal["CUSTOM", "SERVICE"]
    is_enabled: bool | None = None
    retention_duration: Annotated[int, Field(ge=1, le=366)] | None = None
    configuration: dict[str, Any] | None = None
    freeform_tags: FreeformTags | None = None
    defined_tags: DefinedTags | None = None


def group_json(row: logs.LogGroup) -> dict[str, Any]:
    """Return a log group as clients see it."""
    return {
        "id": row.id,
        "compartmentId": row.compartment_id,
        "displayName": row.display_name,
        "description": row.description,
        "lifecycleState": row.lifecycle_state,
        "freeformTags": row.freeform_tags,
        "definedTags": row.defined_tags,
        "timeCreated": timestamp(row.time_created),
        "timeLastModified": timestamp(row.time_created),
    }


def log_json(row: logs.Log) -> dict[str, Any]:
    """Return a log as clients see it."""
    return {
        "id": row.id,
        "logGroupId": row.log_group_id,
        "compartmentId": row.compartment_id,
        "displayName": row.display_name,
        "logType": row.log_type,
        "isEnabled": row.is_enabled,
        "retentionDuration": row.retention_duration,
        "configuration": row.configuration,
        "lifecycleState": row.lifecycle_state,
        "freeformTags": row.freeform_tags,
        "definedTags": row.defined_tags,
        "timeCreated": timestamp(row.time_created),
        "timeLastModified": timestamp(row.time_created),
    }


@router.post("/logGroups")
def create_group(body: CreateLogGroup, request: Request) -> Response:
    """Create a log group."""
    with context_of(request).database.write() as session:
        return accepted(logs.create_log_group(session, caller_of(request), body.given(), attempt_of(request)))


@router.get("/logGroups")
def list_groups(request: Request) -> Response:
    """List log groups."""
    with context_of(request).database.read() as session:
        page = page_of(request, session, _GROUPS, logs.select_log_groups)
    return answer([group_json(row) for row in page.rows], next_page=page.next_token)


@router.get("/logGroups/{group_id}")
def get_group(group_id: str, request: Request) -> Response:
    """Get a log group."""
    with context_of(request).database.read() as session:
        row = logs.get_log_group(session, group_id)
    return answer(group_json(row), etag=row.etag)


@router.post("/logGroups/{group_id}/logs")
def create_log(group_id: str, body: CreateLog, request: Request) -> Response:
    """Create a log."""
    with context_of(request).database.write() as session:
        return accepted(logs.create_log(session, caller_of(request), group_id, body.given(), attempt_of(request)))


@router.get("/logGroups/{group_id}/logs")
def list_logs(group_id: str, request: Request) -> Response:
    """List the logs of a group by name."""
    query = request.query_params
    filters = {column: query[name] for name, column in _LOG_FILTERS.items() if name in query}
    with context_of(request).database.read() as session:
        logs.get_log_group(session, group_id)
        statement = logs.select_logs({**filters, "log_group_id": group_id})
        order = (logs.Log.display_name, logs.Log.seq)
        page = page_of_query(request, session, statement, filters, order, limit_of(request))
    return answer([log_json(row) for row in page.rows], next_page=page.next_token)


@router.get("/logGroups/{group_id}/logs/{log_id}")
def get_log(group_id: str, log_id: str, request: Request) -> Response:
    """Get a log."""
    with context_of(request).database.read() as session:
        row = logs.get_log(session, group_id, log_id)
    return answer({**log_json(row), "tenancyId": context_of(request).defaults.tenancy_id}, etag=row.etag)


@router.get("/workRequests/{work_request_id}")
def get_logging_work_request(work_request_id: str, request: Request) -> Response:
    """Get the work request that made a log group or a log."""
    with context_of(request).database.read() as session:
        work = get_work_request(session, work_request_id)
    return answer(work_request_json(work))
