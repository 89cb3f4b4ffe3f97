"""``/openads/v1/deployments/{deployment_id}/capture``: a sample of the requests, kept for those who manage it."""

from __future__ import annotations

import shutil
from datetime import datetime, timezone
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from ads.api.answers import answer, no_content, timestamp
from ads.api.context import caller_of, context_of, wake_engine
from ads.api.fields import if_match_of
from ads.api.slices import slice_of
from ads.deploy.capture import capture_file, capture_files, capture_folder, parse_capture
from ads.deploy.orders import found_deployment
from ads.errors import InputError
from ads.registry.deployments import Deployment, get_deployment
from ads.registry.events import record
from ads.registry.lookups import changed

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1/deployments/{deployment_id}/capture", tags=["deployments"])


@router.get("")
def get(deployment_id: str, request: Request) -> Response:
    """Show what is captured of a deployment's requests."""
    with context_of(request).database.read() as session:
        deployment = get_deployment(session, deployment_id)
    return answer(_json(deployment), etag=deployment.etag)


@router.put("")
def put(deployment_id: str, body: dict[str, Any], request: Request) -> Response:
    """Capture a sample of the requests from now on; ``{"enabled": false}`` ends it and leaves the files."""
    content = dict(body)
    enabled = content.pop("enabled", True)
    if not isinstance(enabled, bool) or (content and not enabled):
        raise InputError('Send {"enabled": false} alone, or sample with maxBytes and mask.')
    policy = parse_capture(content).to_dict() if enabled else None
    with context_of(request).database.write() as session:
        deployment = found_deployment(session, deployment_id, if_match_of(request))
        deployment.capture = policy
        record(
            session,
            caller_of(request),
            "deployment.capture",
            deployment.id,
            deployment.compartment_id,
            capture=policy,
        )
        changed(deployment)
        session.flush()
        found, etag = _json(deployment), deployment.etag
    wake_engine(request)
    return answer(found, etag=etag)


@router.get("/files")
def files(deployment_id: str, request: Request) -> Response:
    """List the files with captured requests, oldest first."""
    context = context_of(request)
    with context.database.read() as session:
        deployment = get_deployment(session, deployment_id)
    found = []
    for path in capture_files(context.home, deployment.id):
        state = path.stat()
        time = timestamp(datetime.fromtimestamp(state.st_mtime, timezone.utc))
        found.append({"name": path.name, "bytes": state.st_size, "timeCreated": time})
    rows, next_page = slice_of(request, found)
    return answer({"items": list(rows)}, next_page=next_page)


@router.get("/files/{name}")
def content(deployment_id: str, name: str, request: Request) -> Response:
    """Download one file: Parquet, or JSON lines with gzip."""
    context = context_of(request)
    with context.database.read() as session:
        deployment = get_deployment(session, deployment_id)
    path = capture_file(context.home, deployment.id, name)
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


@router.delete("/files")
def delete(deployment_id: str, request: Request) -> Response:
    """Remove everything that was captured."""
    context = context_of(request)
    with context.database.write() as session:
        deployment = get_deployment(session, deployment_id)
        record(session, caller_of(request), "deployment.forget", deployment.id, deployment.compartment_id)
    shutil.rmtree(capture_folder(context.home, deployment.id), ignore_errors=True)
    return no_content()


def _json(deployment: Deployment) -> dict[str, Any]:
    return {"enabled": deployment.capture is not None, **(deployment.capture or {})}
