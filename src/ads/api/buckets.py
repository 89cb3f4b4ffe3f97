"""``/n``: the namespace of object storage and its buckets."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, StringConstraints

from ads.api.answers import answer, no_content, timestamp
from ads.api.context import caller_of, context_of
from ads.api.fields import Body, DefinedTags, FreeformTags, OcidText, if_match_of
from ads.api.listing import ListShape, page_of
from ads.errors import NotFound, PreconditionFailed
from ads.registry import buckets
from ads.registry.storage_tables import Bucket

__all__ = ["BUCKET", "bucket_json", "namespace_known", "router"]

BUCKET = "/n/{namespace}/b/{bucket}"


def namespace_known(request: Request) -> None:
    """Return when the namespace in the path is this service's. Raises NotFound."""
    if request.path_params["namespace"] != buckets.NAMESPACE:
        raise NotFound(
            "There is no such namespace.",
            status=404,
            service_code="NamespaceNotFound",
            hint=f"This service has one namespace: {buckets.NAMESPACE}.",
        )


router = APIRouter(tags=["buckets"])
_known = [Depends(namespace_known)]
_LIST = ListShape(filters={"name": "name"}, sort={"name": Bucket.name}, seq=Bucket.seq, states=frozenset())


class UpdateBucket(Body):
    """What may change."""

    bucket_metadata: FreeformTags | None = Field(default=None, alias="metadata")
    freeform_tags: FreeformTags | None = None
    defined_tags: DefinedTags | None = None
    compartment_id: OcidText | None = None
    versioning: Literal["Enabled", "Disabled", "Suspended"] | None = None


class CreateBucket(Body):
    """A new bucket."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    compartment_id: OcidText
    bucket_metadata: FreeformTags | None = Field(default=None, alias="metadata")
    freeform_tags: FreeformTags | None = None
    defined_tags: DefinedTags | None = None
    storage_tier: Literal["Standard", "Archive"] | None = None
    versioning: Literal["Enabled", "Disabled"] | None = None


def bucket_json(bucket: Bucket) -> dict[str, Any]:
    """Return a bucket as clients see it."""
    return {
        "namespace": buckets.NAMESPACE,
        "name": bucket.name,
        "id": bucket.id,
        "compartmentId": bucket.compartment_id,
        "metadata": bucket.bucket_metadata,
        "createdBy": bucket.created_by,
        "timeCreated": timestamp(bucket.time_created),
        "etag": bucket.etag,
        "publicAccessType": "NoPublicAccess",
        "storageTier": bucket.storage_tier,
        "objectEventsEnabled": False,
        "isReadOnly": False,
        "autoTiering": "Disabled",
        "freeformTags": bucket.freeform_tags,
        "definedTags": bucket.defined_tags,
        "versioning": bucket.versioning,
    }


@router.get("/n")
def namespace() -> Response:
    """Tell the name of the one namespace."""
    return answer(buckets.NAMESPACE)


@router.get("/n/{namespace}", dependencies=_known)
def namespace_metadata(request: Request) -> Response:
    """Tell where buckets are made when no compartment is named."""
    tenancy = context_of(request).defaults.tenancy_id
    return answer(
        {
            "namespace": buckets.NAMESPACE,
            "defaultS3CompartmentId": tenancy,
            "defaultSwiftCompartmentId": tenancy,
        }
    )


@router.post("/n/{namespace}/b", dependencies=_known)
def create(body: CreateBucket, request: Request) -> Response:
    """Create a bucket."""
    with context_of(request).database.write() as session:
        row = buckets.create_bucket(session, caller_of(request), buckets.NewBucket(**body.given()))
    return answer(bucket_json(row), etag=row.etag, headers={"location": f"/n/{buckets.NAMESPACE}/b/{row.name}"})


@router.get("/n/{namespace}/b", dependencies=_known)
def list_(request: Request) -> Response:
    """List the buckets of a compartment by name."""
    with context_of(request).database.read() as session:
        page = page_of(request, session, _LIST, buckets.select_buckets)
    names = ["namespace", "name", "compartmentId", "createdBy", "timeCreated", "etag"]
    if "tags" in request.query_params.get("fields", ""):
        names += ["freeformTags", "definedTags"]
    found = [bucket_json(row) for row in page.rows]
    return answer([{name: row[name] for name in names} for row in found], next_page=page.next_token)


@router.head(BUCKET, dependencies=_known)
@router.get(BUCKET, dependencies=_known)
def get(bucket: str, request: Request) -> Response:
    """Get a bucket; HEAD tells whether it is there."""
    with context_of(request).database.read() as session:
        row = buckets.get_bucket(session, bucket)
    return answer(bucket_json(row), etag=row.etag)


@router.post(BUCKET, dependencies=_known)
def update(bucket: str, body: UpdateBucket, request: Request) -> Response:
    """Change the attributes that were sent."""
    with context_of(request).database.write() as session:
        _require_match(buckets.get_bucket(session, bucket), request)
        row = buckets.update_bucket(session, caller_of(request), bucket, body.given())
    return answer(bucket_json(row), etag=row.etag)


@router.delete(BUCKET, dependencies=_known)
def delete(bucket: str, request: Request) -> Response:
    """Delete an empty bucket."""
    with context_of(request).database.write() as session:
        _require_match(buckets.get_bucket(session, bucket), request)
        buckets.delete_bucket(session, caller_of(request), bucket)
    return no_content()


def _require_match(row: Bucket, request: Request) -> None:
    expected = if_match_of(request)
    if expected is not None and expected not in {row.etag, "*"}:
        raise PreconditionFailed("The bucket changed since its etag was read.", service_code="IfMatchFailed")
