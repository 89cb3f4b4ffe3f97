"""``/openads/v1/models/{modelId}/artifact/uploads``: artifacts of any size in parts, which go on after any cut."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel
from starlette.concurrency import run_in_threadpool

from ads.api.answers import answer, no_content
from ads.api.content import receive
from ads.api.context import caller_of, context_of
from ads.api.fields import Body
from ads.errors import InputError
from ads.registry.artifact_uploads import begin_artifact_upload, commit_artifact_upload
from ads.registry.partial import PART_SIZE, PartialUpload
from ads.registry.storing import failures_noted
from ads.registry.tables import Artifact

__all__ = ["router"]

_UPLOADS = "/openads/v1/models/{model_id}/artifact/uploads"

router = APIRouter(prefix=_UPLOADS, tags=["models"])

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_RUN = re.compile(r"([1-9][0-9]{0,8})-([1-9][0-9]{0,8})", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


class BeginUpload(Body):
    """What will come."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=False, extra="forbid", strict=True)

    size: Annotated[int, Field(ge=1, le=2**62)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    file_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._+@=,() -]{1,200}$")] | None = None


def _upload_json(upload: PartialUpload) -> dict[str, Any]:
    return {
        "uploadId": upload.id,
        "partSize": PART_SIZE,
        "size": upload.about.size,
        "sha256": upload.about.sha256 or None,
        "parts": upload.present(),
    }


@router.post("")
def begin(model_id: str, body: BeginUpload, request: Request) -> Response:
    """Begin an upload in parts, or go on with the one of the same bytes."""
    context = context_of(request)
    with context.database.read() as session:
        upload = begin_artifact_upload(
            session, context.blobs, caller_of(request), model_id, body.size, body.sha256 or "", body.file_name or ""
        )
    return answer(_upload_json(upload))


@router.get("/{upload_id}")
def get(model_id: str, upload_id: str, request: Request) -> Response:  # noqa: ARG001 - an upload is its caller's
    """Tell which parts are there."""
    return answer(_upload_json(_find(request, upload_id)))


@router.put("/{upload_id}/parts/{number}")
async def put_part(model_id: str, upload_id: str, number: str, request: Request) -> Response:  # noqa: ARG001
    """Store one part, or with ``first-last`` several that follow each other."""
    run = _RUN.fullmatch(number)
    if run is not None:
        return await _put_run(request, upload_id, int(run[1]), int(run[2]))
    sha256 = request.headers.get("content-sha256", "")
    if not _SHA256.fullmatch(sha256):
        raise InputError("content-sha256 must be the part's SHA-256, 64 hexadecimal digits.")
    if not _NUMBER.fullmatch(number):
        raise InputError("A part's number must be a whole number from 1.")
    upload = await run_in_threadpool(_find, request, upload_id)
    context = context_of(request)
    with failures_noted(context.database), context.blobs.partial.part(upload, int(number), sha256) as writer:
        await receive(request, writer)
        await run_in_threadpool(writer.finish)
    return no_content()


async def _put_run(request: Request, upload_id: str, first: int, last: int) -> Response:
    """Store parts whose bytes are compared with the SHA-256 of the whole alone, at the commit."""
    if "content-sha256" in request.headers:
        raise InputError("content-sha256 is for one part, not for several.")
    context = context_of(request)
    partial = context.blobs.partial
    upload = await run_in_threadpool(_find, request, upload_id)
    with failures_noted(context.database):
        run = await run_in_threadpool(partial.begin_run, upload, first, last)
        try:
            await receive(request, run)
            await run_in_threadpool(run.finish)
        finally:
            await run_in_threadpool(partial.end_run, run)
    return no_content()


@router.post("/{upload_id}/commit")
async def commit(model_id: str, upload_id: str, request: Request) -> Response:
    """Make the parts the model's artifact, once they passed the strict reader."""
    context, caller = context_of(request), caller_of(request)

    def store() -> Artifact:
        return commit_artifact_upload(
            context.database,
            context.blobs,
            caller,
            model_id,
            _find(request, upload_id),
            max_bytes=context.settings.max_artifact_bytes,
        )

    artifact = await run_in_threadpool(store)
    content = {"sha256": artifact.sha256, "size": artifact.size, "fileName": artifact.file_name}
    return answer(content, etag=artifact.etag)


@router.delete("/{upload_id}")
def give_up(model_id: str, upload_id: str, request: Request) -> Response:  # noqa: ARG001 - an upload is its caller's
    """Forget an upload and its parts."""
    context_of(request).blobs.partial.remove(_find(request, upload_id))
    return no_content()


def _find(request: Request, upload_id: str) -> PartialUpload:
    return context_of(request).blobs.partial.find(upload_id, caller_of(request).principal)
