"""``/20190101/models/{modelId}/customMetadata|definedMetadata/{key}/artifact``: any bytes, never looked into."""

from __future__ import annotations

from email.utils import format_datetime

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from ads.api.answers import no_content
from ads.api.content import Piece, announced_length, base64_md5, blob_piece, check_digests, receive, send
from ads.api.context import caller_of, context_of
from ads.api.fields import if_match_of
from ads.api.paths import decoded
from ads.registry import metadata_artifacts as files
from ads.registry.blobs import Upload
from ads.registry.tables import MetadataArtifact

__all__ = ["router"]

router = APIRouter(prefix="/20190101/models/{model_id}", tags=["models"])

_CUSTOM = "/customMetadata/{key:path}/artifact"
_DEFINED = "/definedMetadata/{key:path}/artifact"


@router.post(_CUSTOM)
@router.put(_CUSTOM)
async def store_custom(model_id: str, key: str, request: Request) -> Response:
    """Attach a file to a custom metadata key (POST), or replace it (PUT)."""
    return await _store(request, model_id, "custom", decoded(key))


@router.post(_DEFINED)
@router.put(_DEFINED)
async def store_defined(model_id: str, key: str, request: Request) -> Response:
    """Attach a file to a defined metadata key (POST), or replace it (PUT)."""
    return await _store(request, model_id, "defined", decoded(key))


@router.head(f"{_CUSTOM}/content")
@router.get(f"{_CUSTOM}/content")
def custom_content(model_id: str, key: str, request: Request) -> Response:
    """Send the file of a custom metadata key, or one range of it; HEAD: its headers."""
    return _content(request, model_id, "custom", decoded(key))


@router.head(f"{_DEFINED}/content")
@router.get(f"{_DEFINED}/content")
def defined_content(model_id: str, key: str, request: Request) -> Response:
    """Send the file of a defined metadata key, or one range of it; HEAD: its headers."""
    return _content(request, model_id, "defined", decoded(key))


@router.delete(_CUSTOM)
def delete_custom(model_id: str, key: str, request: Request) -> Response:
    """Remove the file of a custom metadata key."""
    return _delete(request, model_id, "custom", decoded(key))


@router.delete(_DEFINED)
def delete_defined(model_id: str, key: str, request: Request) -> Response:
    """Remove the file of a defined metadata key."""
    return _delete(request, model_id, "defined", decoded(key))


async def _store(request: Request, model_id: str, kind: files.Kind, key: str) -> Response:
    context, caller = context_of(request), caller_of(request)
    replace, if_match = request.method == "PUT", if_match_of(request)

    def expect() -> Upload:
        with context.database.read() as session:
            files.expect_metadata_artifact(session, model_id, kind, key, replace=replace, if_match=if_match)
        return context.blobs.begin(announced_length(request))

    upload = await run_in_threadpool(expect)
    with upload:
        await receive(request, upload)

        def store() -> MetadataArtifact:
            check_digests(request, upload)
            return files.store_metadata_artifact(
                context.database,
                context.blobs,
                caller,
                model_id,
                kind,
                key,
                upload,
                replace=replace,
                if_match=if_match,
            )

        row = await run_in_threadpool(store)
    return no_content(row.etag)


def _content(request: Request, model_id: str, kind: files.Kind, key: str) -> Response:
    context = context_of(request)
    with context.database.read() as session:
        row = files.get_metadata_artifact(session, model_id, kind, key)

    def pieces() -> list[Piece]:
        return [blob_piece(context.blobs, row.sha256, row.size)]

    headers = {
        "content-md5": base64_md5(row.md5),
        "content-type": "application/octet-stream",
        "etag": row.etag,
        "last-modified": format_datetime(row.time_created, usegmt=True),
    }
    return send(request, row.size, pieces, headers)


def _delete(request: Request, model_id: str, kind: files.Kind, key: str) -> Response:
    with context_of(request).database.write() as session:
        files.delete_metadata_artifact(session, caller_of(request), model_id, kind, key, if_match_of(request))
    return no_content()
