"""``/n/{namespace}/b/{bucket}/u``: objects that come in parts."""

from __future__ import annotations

import re
from email.utils import format_datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from ads.api.answers import answer, no_content, timestamp
from ads.api.buckets import BUCKET, namespace_known
from ads.api.content import announced_length, base64_md5, check_digests, receive
from ads.api.context import caller_of, context_of
from ads.api.fields import Body
from ads.api.listing import query_value
from ads.api.object_headers import metadata_headers
from ads.api.objects import conditions_of
from ads.api.paths import decoded
from ads.api.slices import slice_of
from ads.errors import InputError
from ads.registry import multipart
from ads.registry.blobs import Upload
from ads.registry.buckets import NAMESPACE, get_bucket
from ads.registry.storage_tables import UploadedPart, UploadInParts
from ads.registry.storing import keep

__all__ = ["router"]

router = APIRouter(tags=["objects"], dependencies=[Depends(namespace_known)])

_NUMBER = re.compile(r"[0-9]{1,5}", re.ASCII)
HeaderText = Annotated[str, StringConstraints(max_length=1024)]


class CreateUpload(Body):
    """The object that will come in parts."""

    object: str
    content_type: HeaderText | None = None
    content_language: HeaderText | None = None
    content_disposition: HeaderText | None = None
    cache_control: HeaderText | None = None
    metadata: dict[str, str] | None = None


class Part(Body):
    """A part that belongs to the object."""

    part_num: int
    etag: str


class CommitUpload(Body):
    """Which parts make the object."""

    parts_to_commit: Annotated[list[Part], Field(max_length=10_000)]
    parts_to_exclude: Annotated[list[int], Field(max_length=10_000)] | None = None


def _upload_json(bucket: str, row: UploadInParts) -> dict[str, Any]:
    return {
        "namespace": NAMESPACE,
        "bucket": bucket,
        "object": row.name,
        "uploadId": row.id,
        "timeCreated": timestamp(row.time_created),
        "storageTier": "Standard",
    }


@router.post(f"{BUCKET}/u")
def create(bucket: str, body: CreateUpload, request: Request) -> Response:
    """Begin an upload in parts."""
    values = {name.replace("_", "-"): value for name, value in body.model_dump(exclude={"object", "metadata"}).items()}
    headers = metadata_headers(values, body.metadata or {})
    with context_of(request).database.write() as session:
        row = multipart.begin_upload(session, caller_of(request), bucket, body.object, headers, conditions_of(request))
    return answer(_upload_json(bucket, row), headers={"location": f"/n/{NAMESPACE}/b/{bucket}/u"})


@router.get(f"{BUCKET}/u")
def list_uploads(bucket: str, request: Request) -> Response:
    """List the uploads in parts that are under way."""
    with context_of(request).database.read() as session:
        found = list(session.scalars(multipart.select_uploads(get_bucket(session, bucket)).order_by(UploadInParts.seq)))
    rows, next_page = slice_of(request, found)
    return answer([_upload_json(bucket, row) for row in rows], next_page=next_page)


@router.put(f"{BUCKET}/u/{{name:path}}")
async def put_part(bucket: str, name: str, request: Request) -> Response:
    """Store one part."""
    context, key = context_of(request), decoded(name)
    upload_id, number = query_value(request, "uploadId"), query_value(request, "uploadPartNum")
    if not _NUMBER.fullmatch(number):
        raise InputError("uploadPartNum must be a whole number.")

    def expect() -> Upload:
        with context.database.read() as session:
            multipart.get_upload(session, bucket, key, upload_id)
        return context.blobs.begin(announced_length(request))

    upload = await run_in_threadpool(expect)
    with upload:
        await receive(request, upload)

        def store() -> UploadedPart:
            check_digests(request, upload)
            with keep(context.database, context.blobs, upload) as (blob, session):
                return multipart.put_part(session, bucket, key, upload_id, int(number), blob)

        part = await run_in_threadpool(store)
    return Response(headers={"etag": part.etag, "opc-content-md5": base64_md5(part.md5)})


@router.get(f"{BUCKET}/u/{{name:path}}")
def list_parts(bucket: str, name: str, request: Request) -> Response:
    """List the parts that were sent."""
    with context_of(request).database.read() as session:
        sent = multipart.get_upload(session, bucket, decoded(name), query_value(request, "uploadId")).parts
    rows, next_page = slice_of(request, sent)
    return answer(
        [
            {"etag": part.etag, "md5": base64_md5(part.md5), "size": part.size, "partNumber": part.number}
            for part in rows
        ],
        next_page=next_page,
    )


@router.post(f"{BUCKET}/u/{{name:path}}")
def commit(bucket: str, name: str, body: CommitUpload, request: Request) -> Response:
    """Make the object of its parts."""
    parts = [multipart.CommittedPart(part.part_num, part.etag) for part in body.parts_to_commit]
    with context_of(request).database.write() as session:
        row = multipart.commit_upload(
            session,
            caller_of(request),
            bucket,
            decoded(name),
            query_value(request, "uploadId"),
            parts,
            body.parts_to_exclude or (),
            conditions_of(request),
        )
    return Response(
        headers={
            "etag": row.etag,
            "opc-multipart-md5": row.md5,
            "last-modified": format_datetime(row.time_created, usegmt=True),
            "version-id": row.version_id,
        }
    )


@router.delete(f"{BUCKET}/u/{{name:path}}")
def abort(bucket: str, name: str, request: Request) -> Response:
    """Give an upload in parts up."""
    with context_of(request).database.write() as session:
        multipart.abort_upload(session, bucket, decoded(name), query_value(request, "uploadId"))
    return no_content()
