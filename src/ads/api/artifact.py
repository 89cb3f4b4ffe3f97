"""``/20190101/models/{modelId}/artifact``: uploads and downloads of any size, in constant memory."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from email.utils import format_datetime
from typing import BinaryIO

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from ads.api.answers import no_content
from ads.api.context import caller_of, context_of
from ads.api.fields import attempt_of
from ads.errors import InputError, NotAuthenticated, ServiceError
from ads.registry import artifacts
from ads.registry.blobs import Upload
from ads.registry.tables import Artifact

__all__ = ["router"]

router = APIRouter(prefix="/20190101/models/{model_id}/artifact", tags=["models"])

_CHUNK = 1024 * 1024
_FILE_NAME = re.compile(r'filename="?([A-Za-z0-9._+@=,() -]{1,200})"?', re.ASCII)
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@router.post("")
async def create(model_id: str, request: Request) -> Response:
    """Store a model's archive once it is complete and passed the strict reader."""
    context, caller = context_of(request), caller_of(request)

    def expect() -> Upload:
        with context.database.read() as session:
            artifacts.expect_artifact(session, caller, model_id, attempt_of(request, ""))
        length = request.headers.get("content-length")
        return context.blobs.begin(None if length is None else int(length))

    upload = await run_in_threadpool(expect)
    with upload:
        await _receive(request, upload)

        def store() -> Artifact:
            _check_digests(request, upload)
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

        artifact = await run_in_threadpool(store)
    return no_content(artifact.etag)


@router.head("/content")
def head(model_id: str, request: Request) -> Response:
    """Tell what the archive is like."""
    with context_of(request).database.read() as session:
        artifact = artifacts.get_artifact(session, model_id)
    return Response(headers={**_headers(artifact), "content-length": str(artifact.size)})


@router.get("/content")
def content(model_id: str, request: Request) -> Response:
    """Send the archive, or one range of it, after its bytes were compared with their digest."""
    context = context_of(request)
    with context.database.read() as session:
        artifact = artifacts.get_artifact(session, model_id)
    span = _requested_span(request.headers.get("range"), artifact.size)
    start, end = (0, artifact.size) if span is None else span
    headers = {**_headers(artifact), "content-length": str(end - start)}
    if span is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{artifact.size}"
    file = artifacts.open_artifact(context.blobs, artifact)
    return StreamingResponse(
        _send(file, start, end),
        status_code=200 if span is None else 206,
        headers=headers,
        media_type="application/octet-stream",
    )


async def _receive(request: Request, upload: Upload) -> None:
    """Write the body as it comes, in pieces that are worth a thread's while."""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        pieces.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            await run_in_threadpool(upload.write, b"".join(pieces))
            pieces, size = [], 0
    await run_in_threadpool(upload.write, b"".join(pieces))


async def _send(file: BinaryIO, start: int, end: int) -> AsyncIterator[bytes]:
    with file:
        await run_in_threadpool(file.seek, start)
        left = end - start
        while left > 0:
            piece = await run_in_threadpool(file.read, min(left, _CHUNK))
            if not piece:
                raise OSError("the blob became shorter while it was sent")
            left -= len(piece)
            yield piece


def _check_digests(request: Request, upload: Upload) -> None:
    """Compare what arrived with the digests that the caller gave, signed or not."""
    stored = upload.stored()
    signed: str | None = request.state.body_sha256
    if signed is not None and signed != base64.b64encode(bytes.fromhex(stored.sha256)).decode("ascii"):
        raise NotAuthenticated("The credential of the request is missing or not valid.")
    md5 = request.headers.get("content-md5")
    if md5 is not None and md5 != _md5(stored.md5):
        raise InputError("The body that arrived doesn't have the MD5 that content-md5 says.", hint="Send it again.")


def _file_name(request: Request) -> str:
    """Return the name in content-disposition, empty when there is none that is safe to send back unquoted."""
    match = _FILE_NAME.search(request.headers.get("content-disposition", ""))
    return match[1].strip() if match else ""


def _headers(artifact: Artifact) -> dict[str, str]:
    return {
        "accept-ranges": "bytes",
        "content-disposition": f"attachment; filename={artifact.file_name}",  # clients don't understand quotes here
        "content-md5": _md5(artifact.md5),
        "content-type": "application/octet-stream",
        "etag": artifact.etag,
        "last-modified": format_datetime(artifact.time_created, usegmt=True),
    }


def _md5(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode("ascii")


def _requested_span(value: str | None, size: int) -> tuple[int, int] | None:
    """Return the first byte and the one after the last that are asked for, None for everything.

    A header that isn't one plain range of bytes is ignored, as HTTP says. Raises ServiceError 416.
    """
    match = _RANGE.fullmatch(value or "")
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        start, end = max(size - int(match[2]), 0), size
    else:
        start, end = int(match[1]), min(int(match[2] or size) + (1 if match[2] else 0), size)
        if match[2] and int(match[2]) < start:
            return None
    if start >= end:
        raise ServiceError(f"The artifact has only {size} bytes.", status=416, service_code="InvalidRange")
    return start, end
