"""``/n/{namespace}/b/{bucket}/actions/copyObject|renameObject``, and the work requests of copies."""

from __future__ import annotations

from email.utils import format_datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Select

from ads.api.answers import accepted, answer
from ads.api.buckets import BUCKET, namespace_known
from ads.api.context import caller_of, context_of
from ads.api.fields import Body
from ads.api.listing import ListShape, page_of
from ads.api.work_requests import entries_answer, work_request_json
from ads.errors import Conflict, InputError
from ads.registry.buckets import NAMESPACE
from ads.registry.object_copies import COPY, copy_object, rename_object
from ads.registry.objects import Conditions
from ads.registry.work_requests import WorkRequest, get_work_request, select_work_requests

__all__ = ["router"]

router = APIRouter(tags=["objects"])
_known = [Depends(namespace_known)]
_LIST = ListShape(filters={}, sort={"timeAccepted": WorkRequest.time_accepted}, seq=WorkRequest.seq, states=frozenset())


class CopyObject(Body):
    """From where to where. Regions are ignored: there is one."""

    source_object_name: str
    destination_namespace: str
    destination_bucket: str
    destination_object_name: str
    source_object_if_match_e_tag: str | None = None
    destination_object_if_match_e_tag: str | None = None
    destination_object_if_none_match_e_tag: str | None = None


class RenameObject(Body):
    """The old name and the new one."""

    source_name: str
    new_name: str
    src_obj_if_match_e_tag: str | None = None
    new_obj_if_match_e_tag: str | None = None
    new_obj_if_none_match_e_tag: str | None = None


@router.post(f"{BUCKET}/actions/copyObject", dependencies=_known)
def copy(bucket: str, body: CopyObject, request: Request) -> Response:
    """Copy an object, within the service."""
    if body.destination_namespace != NAMESPACE:
        raise InputError("Objects are copied within the service only.", hint=f"Its namespace is {NAMESPACE}.")
    with context_of(request).database.write() as session:
        work_id = copy_object(
            session,
            caller_of(request),
            (bucket, body.source_object_name),
            (body.destination_bucket, body.destination_object_name),
            Conditions(body.source_object_if_match_e_tag),
            Conditions(body.destination_object_if_match_e_tag, body.destination_object_if_none_match_e_tag),
        )
    return accepted(work_id)


@router.post(f"{BUCKET}/actions/renameObject", dependencies=_known)
def rename(bucket: str, body: RenameObject, request: Request) -> Response:
    """Give an object another name in its bucket."""
    with context_of(request).database.write() as session:
        row = rename_object(
            session,
            caller_of(request),
            bucket,
            body.source_name,
            body.new_name,
            Conditions(body.src_obj_if_match_e_tag),
            Conditions(body.new_obj_if_match_e_tag, body.new_obj_if_none_match_e_tag),
        )
    return Response(
        headers={
            "etag": row.etag,
            "last-modified": format_datetime(row.time_created, usegmt=True),
            "version-id": row.version_id,
        }
    )


@router.get("/workRequests/{work_request_id}")
def get_storage_work_request(work_request_id: str, request: Request) -> Response:
    """Get the work request of a copy; it is COMPLETED where others have SUCCEEDED."""
    with context_of(request).database.read() as session:
        work = get_work_request(session, work_request_id)
    return answer(_work_json(work))


@router.get("/workRequests")
def list_storage_work_requests(request: Request) -> Response:
    """List the work requests of copies."""

    def select_copies(filters: dict[str, str]) -> Select[WorkRequest]:
        return select_work_requests({**filters, "operation_type": COPY})

    with context_of(request).database.read() as session:
        page = page_of(request, session, _LIST, select_copies)
    return answer([_work_json(work) for work in page.rows], next_page=page.next_token)


@router.get("/workRequests/{work_request_id}/logs")
def storage_work_request_logs(work_request_id: str, request: Request) -> Response:
    """Show the log of a copy, oldest line first."""
    return entries_answer(work_request_id, request, errors=False)


@router.get("/workRequests/{work_request_id}/errors")
def storage_work_request_errors(work_request_id: str, request: Request) -> Response:
    """Show the errors of a copy, oldest first."""
    return entries_answer(work_request_id, request, errors=True)


@router.delete("/workRequests/{work_request_id}")
def cancel_copy(work_request_id: str, request: Request) -> Response:
    """Refuse to cancel a copy: it is done before its work request can be known."""
    with context_of(request).database.read() as session:
        work = get_work_request(session, work_request_id)
    raise Conflict(f"The work request {work.id} is {work.status} and can't be canceled.")


def _work_json(work: WorkRequest) -> dict[str, Any]:
    content = work_request_json(work)
    return {**content, "status": "COMPLETED" if work.status == "SUCCEEDED" else work.status}
