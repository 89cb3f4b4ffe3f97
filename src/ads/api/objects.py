"""``/n/{namespace}/b/{bucket}/o``: objects of any size, streamed in and out, listed page by page."""

from __future__ import annotations

from email.utils import format_datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from ads.api.answers import answer, no_content, timestamp
from ads.api.buckets import BUCKET, namespace_known
from ads.api.content import Piece, announced_length, base64_md5, blob_piece, check_digests, receive, send
from ads.api.context import caller_of, context_of
from ads.api.fields import if_match_of
from ads.api.listing import limit_of, page_of_query
from ads.api.object_headers import headers_to_keep, kept_headers
from ads.api.paths import decoded
from ads.errors import InputError
from ads.registry import objects
from ads.registry.blobs import Upload
from ads.registry.buckets import get_bucket
from ads.registry.storage_tables import ObjectVersion
from ads.registry.storing import keep

__all__ = ["conditions_of", "object_headers", "router"]

router = APIRouter(tags=["objects"], dependencies=[Depends(namespace_known)])

_LISTED = 1000
_TIER = "Standard"


def conditions_of(request: Request) -> objects.Conditions:
    """Return what the caller requires of the object's state."""
    value = request.headers.get("if-none-match")
    return objects.Conditions(if_match_of(request), None if value is None else value.strip('"'))


def object_headers(row: ObjectVersion) -> dict[str, str]:
    """Return the headers that clients read off every answer about an object."""
    digest = "opc-multipart-md5" if "-" in row.md5 else "content-md5"
    return {
        "etag": row.etag,
        "last-modified": format_datetime(row.time_created, usegmt=True),
        "version-id": row.version_id,
        "storage-tier": _TIER,
        digest: row.md5,
        **kept_headers(row.headers),
    }


@router.put(f"{BUCKET}/o/{{name:path}}")
async def put(bucket: str, name: str, request: Request) -> Response:
    """Store an object."""
    context, caller = context_of(request), caller_of(request)
    key, conditions, headers = decoded(name), conditions_of(request), headers_to_keep(request.headers)

    def expect() -> Upload:
        with context.database.read() as session:
            objects.expect_object(session, bucket, key, conditions)
        return context.blobs.begin(announced_length(request))

    upload = await run_in_threadpool(expect)
    with upload:
        await receive(request, upload)

        def store() -> ObjectVersion:
            check_digests(request, upload)
            with keep(context.database, context.blobs, upload) as (blob, session):
                content = objects.Content([(blob.sha256, blob.size)], base64_md5(blob.md5), headers)
                return objects.put_object(session, caller, bucket, key, content, conditions)

        row = await run_in_threadpool(store)
    named = object_headers(row)
    return Response(
        headers={
            "etag": row.etag,
            "opc-content-md5": row.md5,
            "last-modified": named["last-modified"],
            "version-id": row.version_id,
        }
    )


@router.head(f"{BUCKET}/o/{{name:path}}")
@router.get(f"{BUCKET}/o/{{name:path}}")
def get(bucket: str, name: str, request: Request) -> Response:
    """Send an object, or one range of it; HEAD: its headers."""
    context, conditions = context_of(request), conditions_of(request)
    with context.database.read() as session:
        row = objects.get_object(
            session, bucket, decoded(name), request.query_params.get("versionId") or None, conditions
        )
    headers = object_headers(row)
    if conditions.if_none_match is not None and conditions.if_none_match in {row.etag, "*"}:
        return Response(status_code=304, headers={"etag": row.etag, "last-modified": headers["last-modified"]})

    def pieces() -> list[Piece]:
        return [blob_piece(context.blobs, segment.sha256, segment.size) for segment in row.segments]

    return send(request, row.size, pieces, headers)


@router.delete(f"{BUCKET}/o/{{name:path}}")
def delete(bucket: str, name: str, request: Request) -> Response:
    """Delete an object, or one version of it."""
    with context_of(request).database.write() as session:
        row = objects.delete_object(
            session,
            caller_of(request),
            bucket,
            decoded(name),
            request.query_params.get("versionId") or None,
            conditions_of(request),
        )
    response = no_content()
    response.headers["version-id"] = row.version_id
    response.headers["last-modified"] = format_datetime(row.time_created, usegmt=True)
    if row.is_delete_marker:
        response.headers["is-delete-marker"] = "true"
    return response


@router.get(f"{BUCKET}/o")
def list_(bucket: str, request: Request) -> Response:
    """List objects by name; pages go by ``nextStartWith``."""
    query = request.query_params
    wanted = objects.ListingRequest(
        prefix=query.get("prefix", ""),
        start=query.get("start", ""),
        start_after=query.get("startAfter"),
        end=query.get("end"),
        delimiter=query.get("delimiter", ""),
        limit=limit_of(request, _LISTED),
    )
    chosen = _chosen_fields(request, "name")
    with context_of(request).database.read() as session:
        found = objects.list_objects(session, bucket, wanted)
    content: dict[str, Any] = {
        "objects": [
            {name: value for name, value in _object_json(row).items() if name in chosen} for row in found.objects
        ]
    }
    if wanted.delimiter:
        content["prefixes"] = found.prefixes
    if found.next_start is not None:
        content["nextStartWith"] = found.next_start
    return answer(content)


@router.get(f"{BUCKET}/objectversions")
def versions(bucket: str, request: Request) -> Response:
    """List the versions of objects by name, oldest first, markers of deletion included."""
    prefix = request.query_params.get("prefix", "")
    chosen = {*_chosen_fields(request, "name"), "timeModified", "versionId", "isDeleteMarker"}
    with context_of(request).database.read() as session:
        statement = objects.select_versions(get_bucket(session, bucket), prefix)
        page = page_of_query(
            request,
            session,
            statement,
            {"prefix": prefix, "bucket": bucket},
            (ObjectVersion.name, ObjectVersion.seq),
            limit_of(request, _LISTED),
        )
    items = [
        _only({**_object_json(row), "versionId": row.version_id, "isDeleteMarker": row.is_delete_marker}, chosen)
        for row in page.rows
    ]
    return answer({"items": items, "prefixes": []}, next_page=page.next_token)


def _object_json(row: ObjectVersion) -> dict[str, Any]:
    return {
        "name": row.name,
        "size": row.size,
        "md5": row.md5,
        "etag": row.etag,
        "timeCreated": timestamp(row.time_created),
        "timeModified": timestamp(row.time_created),
        "storageTier": _TIER,
        "archivalState": None,
    }


def _only(values: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in names}


_FIELDS = frozenset({"name", "size", "md5", "etag", "timeCreated", "timeModified", "storageTier", "archivalState"})


def _chosen_fields(request: Request, default: str) -> set[str]:
    chosen = {part.strip() for part in request.query_params.get("fields", default).split(",") if part.strip()}
    if not chosen <= _FIELDS:
        raise InputError(f"fields can be: {', '.join(sorted(_FIELDS))}.")
    return {"name", *chosen}
