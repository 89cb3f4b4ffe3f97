"""``/20190101/workRequests``: how far long operations are, what they did, why they failed."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from ads.api.answers import answer, timestamp
from ads.api.context import caller_of, context_of
from ads.api.listing import ListShape, page_of
from ads.api.slices import slice_of
from ads.registry.transfers import cancel_export
from ads.registry.work_requests import WorkRequest, entries_of, get_work_request, select_work_requests

__all__ = ["entries_answer", "router", "work_request_json"]

router = APIRouter(prefix="/20190101/workRequests", tags=["work requests"])

_LIST = ListShape(
    filters={"id": "id", "resourceId": "resource_id", "operationType": "operation_type", "status": "status"},
    sort={
        "timeAccepted": WorkRequest.time_accepted,
        "operationType": WorkRequest.operation_type,
        "status": WorkRequest.status,
    },
    seq=WorkRequest.seq,
    states=frozenset(),
)
_COLLECTIONS = {
    "log": "logs",
    "log-group": "logGroups",
    "model": "models",
    "model-deployment": "modelDeployments",
    "model-version-set": "modelVersionSets",
    "project": "projects",
}
_LOOK_AGAIN = "1"


def work_request_json(work: WorkRequest) -> dict[str, Any]:
    """Return a work request as clients see it."""
    collection = _COLLECTIONS.get(work.entity_type, work.entity_type)
    return {
        "id": work.id,
        "operationType": work.operation_type,
        "status": work.status,
        "compartmentId": work.compartment_id,
        "percentComplete": work.percent_complete,
        "resources": [
            {
                "actionType": work.action_type if work.finished else "IN_PROGRESS",
                "entityType": work.entity_type,
                "identifier": work.resource_id,
                "entityUri": f"/20190101/{collection}/{work.resource_id}",
            }
        ],
        "timeAccepted": timestamp(work.time_accepted),
        "timeStarted": timestamp(work.time_started),
        "timeFinished": timestamp(work.time_finished),
    }


@router.get("")
def list_(request: Request) -> Response:
    """List work requests."""
    with context_of(request).database.read() as session:
        page = page_of(request, session, _LIST, select_work_requests)
    return answer([work_request_json(row) for row in page.rows], next_page=page.next_token)


@router.get("/{work_request_id}")
def get(work_request_id: str, request: Request) -> Response:
    """Get a work request."""
    with context_of(request).database.read() as session:
        work = get_work_request(session, work_request_id)
    headers = {} if work.finished else {"retry-after": _LOOK_AGAIN}
    etag = f"{work.seq}-{work.status.lower()}-{work.percent_complete}"
    return answer(work_request_json(work), etag=etag, headers=headers)


@router.get("/{work_request_id}/logs")
def logs(work_request_id: str, request: Request) -> Response:
    """Show the log of a work request, oldest line first."""
    return entries_answer(work_request_id, request, errors=False)


@router.get("/{work_request_id}/errors")
def errors(work_request_id: str, request: Request) -> Response:
    """Show the errors of a work request, oldest first."""
    return entries_answer(work_request_id, request, errors=True)


@router.delete("/{work_request_id}")
def cancel(work_request_id: str, request: Request) -> Response:
    """Cancel an export of an artifact. What is under way for a deployment is given up by deleting it."""
    with context_of(request).database.write() as session:
        cancel_export(session, caller_of(request), work_request_id)
    return Response(status_code=202)


def entries_answer(work_request_id: str, request: Request, *, errors: bool) -> Response:
    """Return the log of a work request, or its errors, page by page. Raises NotFound, InputError."""
    with context_of(request).database.read() as session:
        entries = entries_of(session, work_request_id, errors=errors)
    rows, next_page = slice_of(request, entries)
    found: list[dict[str, Any]] = [{"message": row.message, "timestamp": timestamp(row.time)} for row in rows]
    if errors:
        found = [{"code": row.code, **content} for row, content in zip(rows, found, strict=True)]
    return answer(found, next_page=next_page)
