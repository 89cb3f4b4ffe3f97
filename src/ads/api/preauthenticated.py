"""``/n/{namespace}/b/{bucket}/p``: links to objects; ``/p/{token}/n/…``: what they open, to whoever has them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from pydantic import StringConstraints

from ads.api import objects
from ads.api.answers import answer, no_content, timestamp
from ads.api.buckets import BUCKET, namespace_known
from ads.api.context import Context, caller_of, context_of, origin_of
from ads.api.fields import Body
from ads.api.listing import limit_of, page_of_query
from ads.api.paths import decoded
from ads.errors import InputError, NotAuthenticated
from ads.registry import preauthenticated as links
from ads.registry.buckets import NAMESPACE, get_bucket
from ads.registry.preauthenticated import Allowed
from ads.registry.storage_tables import PreauthenticatedRequest

__all__ = ["OPENED", "is_link", "open_link", "router"]

router = APIRouter(tags=["pre-authenticated requests"], dependencies=[Depends(namespace_known)])

OPENED = f"/p/{{token}}{BUCKET}"
"""Where a link leads."""

_LIST_ACTIONS = {True: "ListObjects", False: "Deny"}
Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class CreateRequest(Body):
    """A new link."""

    name: Name
    access_type: Literal[
        "ObjectRead", "ObjectWrite", "ObjectReadWrite", "AnyObjectRead", "AnyObjectWrite", "AnyObjectReadWrite"
    ]
    time_expires: Annotated[str, StringConstraints(max_length=40)]
    object_name: Annotated[str, StringConstraints(max_length=1024)] | None = None
    bucket_listing_action: Literal["Deny", "ListObjects"] | None = None


def is_link(path: str) -> bool:
    """Tell whether a raw path is that of a link, whose credential is in it."""
    return path.startswith("/p/")


def open_link(context: Context, path: str) -> Allowed:
    """Return what the link of this raw path opens. Raises NotAuthenticated."""
    with context.database.read() as session:
        allowed = links.allowed_by(session, path.split("/", 3)[2])
    if allowed is None:
        raise NotAuthenticated("The credential of the request is missing or not valid.")
    return allowed


def summary_json(row: PreauthenticatedRequest) -> dict[str, Any]:
    """Return a link as lists show it."""
    return {
        "id": row.id,
        "name": row.name,
        "objectName": row.object_name,
        "bucketListingAction": _LIST_ACTIONS[row.listing],
        "accessType": row.access_type,
        "timeExpires": timestamp(row.time_expires),
        "timeCreated": timestamp(row.time_created),
    }


@router.post(f"{BUCKET}/p")
def create(bucket: str, body: CreateRequest, request: Request) -> Response:
    """Make a link. This answer is the only one that shows it."""
    details = links.NewRequest(
        body.name,
        body.access_type,
        _moment(body.time_expires),
        body.object_name,
        body.bucket_listing_action == "ListObjects",
    )
    with context_of(request).database.write() as session:
        row, token = links.create_request(session, caller_of(request), bucket, details)
    uri = f"/p/{token}/n/{NAMESPACE}/b/{bucket}/o/{quote(row.object_name or '', safe='/')}"
    return answer({**summary_json(row), "accessUri": uri, "fullPath": f"{origin_of(request)}{uri}"})


@router.get(f"{BUCKET}/p")
def list_(bucket: str, request: Request) -> Response:
    """List the links of a bucket, those that expired too, without their tokens."""
    prefix = request.query_params.get("objectNamePrefix", "")
    with context_of(request).database.read() as session:
        page = page_of_query(
            request,
            session,
            links.select_requests(get_bucket(session, bucket), prefix),
            {"prefix": prefix, "bucket": bucket},
            (PreauthenticatedRequest.time_created, PreauthenticatedRequest.seq),
            limit_of(request),
        )
    return answer([summary_json(row) for row in page.rows], next_page=page.next_token)


@router.get(f"{BUCKET}/p/{{request_id}}")
def get(bucket: str, request_id: str, request: Request) -> Response:
    """Get a link, without its token."""
    with context_of(request).database.read() as session:
        return answer(summary_json(links.get_request(session, bucket, decoded(request_id))))


@router.delete(f"{BUCKET}/p/{{request_id}}")
def delete(bucket: str, request_id: str, request: Request) -> Response:
    """Remove a link; it opens nothing from now on."""
    with context_of(request).database.write() as session:
        links.delete_request(session, caller_of(request), bucket, decoded(request_id))
    return no_content()


@router.head(f"{OPENED}/o/{{name:path}}")
@router.get(f"{OPENED}/o/{{name:path}}")
def read(bucket: str, name: str, request: Request) -> Response:
    """Send an object, or list them where the link ends at its bucket; HEAD: an object's headers."""
    allowed = _opened(request)
    if not name and request.method == "GET" and allowed.lists:
        if not request.query_params.get("prefix", "").startswith(allowed.object_name or ""):
            raise _refused()
        return objects.list_(bucket, request)
    if not (allowed.reads and allowed.covers(decoded(name))):
        raise _refused()
    return objects.get(bucket, name, request)


@router.put(f"{OPENED}/o/{{name:path}}")
async def write(bucket: str, name: str, request: Request) -> Response:
    """Store an object."""
    allowed = _opened(request)
    if not (allowed.writes and allowed.covers(decoded(name))):
        raise _refused()
    return await objects.put(bucket, name, request)


def _opened(request: Request) -> Allowed:
    allowed: Allowed | None = getattr(request.state, "link", None)
    if allowed is None or allowed.bucket != request.path_params["bucket"]:
        raise _refused()
    return allowed


def _refused() -> NotAuthenticated:
    return NotAuthenticated("The credential of the request is missing or not valid.")


def _moment(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace("z", "+00:00"))
        return time.astimezone(timezone.utc) if time.tzinfo else time.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        raise InputError("timeExpires is not a time as RFC 3339 writes it.") from None
