"""``/20190101/models/{modelId}/artifact``: uploads and downloads of any size, in constant memory."""

from __future__ import annotations

import base64
import re
from email.utils import format_datetime

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from ads.api.answers import no_content
from ads.api.content import Piece, announced_length, base64_md5, blob_piece, check_digests, receive, send
from ads.api.context import caller_of, context_of
from ads.api.fields import attempt_of
from ads.api.lending import lent_body
from ads.registry import artifacts
from ads.registry.blobs import Upload
from ads.registry.tables import Artifact

__all__ = ["router"]

router = APIRouter(prefix="/20190101/models/{model_id}/artifact", tags=["models"])

_SMALL = 256 * 1024
"""Bytes of an archive that is taken in one go, in one thread."""
_FILE_NAME = re.compile(r'filename="?([A-Za-z0-9._+@=,() -]{1,200})"?', re.ASCII)


@router.post("")
async def create(model_id: str, request: Request) -> Response:
    """Store a model's archive once it is complete and passed the strict reader."""
    context, caller = context_of(request), caller_of(request)

    def expect() -> Upload:
        with context.database.read() as session:
            artifacts.expect_artifact(session, caller, model_id, attempt_of(request, ""))
        return context.blobs.begin(announced_length(request), archive=True)

    def store(upload: Upload) -> Artifact:
        check_digests(request, upload)
        return artifacts.store_artifact(
            context.database,
            context.blobs,
            caller,
            model_id,
            upload,
            _file_name(request),
            attempt=attempt_of(request, upload.stored().sha256),
            max_bytes=context.settings.max_artifact_bytes,
        )

    def store_whole(body: bytes) -> Artifact:
        with expect() as upload:
            upload.write(body)
            return store(upload)

    announced = announced_length(request)
    if announced is not None and announced <= _SMALL and lent_body(request.scope) is None:
        artifact = await run_in_threadpool(store_whole, await request.body())
    else:
        with await run_in_threadpool(expect) as upload:
            await receive(request, upload)
            artifact = await run_in_threadpool(store, upload)
    return no_content(artifact.etag)


@router.head("/content")
@router.get("/content")
def content(model_id: str, request: Request) -> Response:
    """Send the archive, or one range of it, after its bytes were compared with their digest; HEAD: its headers."""
    context = context_of(request)
    with context.database.read() as session:
        artifact = artifacts.get_artifact(session, model_id)

    def pieces() -> list[Piece]:
        return [blob_piece(context.blobs, artifact.sha256, artifact.size)]

    headers = _headers(artifact)
    if request.headers.get("want-repr-digest", "").startswith("sha-256"):
        headers["repr-digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(artifact.sha256)).decode('ascii')}:"
    else:
        headers["content-md5"] = base64_md5(artifacts.artifact_md5(context.database, context.blobs, artifact))
    return send(request, artifact.size, pieces, headers)


def _file_name(request: Request) -> str:
    """Return the name in content-disposition, empty when there is none that is safe to send back unquoted."""
    match = _FILE_NAME.search(request.headers.get("content-disposition", ""))
    return match[1].strip() if match else ""


def _headers(artifact: Artifact) -> dict[str, str]:
    return {
        "content-disposition": f"attachment; filename={artifact.file_name}",  # clients don't understand quotes here
        "content-type": "application/octet-stream",
        "etag": artifact.etag,
        "last-modified": format_datetime(artifact.time_created, usegmt=True),
    }
