"""``/20190101/models/{modelId}/actions/registerArtifactReference|restore``: artifacts that stay in their buckets."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints

from ads.api.answers import accepted
from ads.api.context import Context, caller_of, context_of
from ads.api.fields import Body, attempt_of, if_match_of
from ads.errors import InputError
from ads.registry import artifacts, models
from ads.registry.events import Caller
from ads.registry.lookups import require_match
from ads.registry.referenced_files import S3, Folder, addresses, list_referenced, require_allowed
from ads.registry.references import MARK, describe, is_marked
from ads.registry.retry_tokens import Attempt, earlier_outcome, remember_outcome
from ads.registry.work_requests import accept_work_request, finish_work_request

__all__ = ["router"]

router = APIRouter(prefix="/20190101/models/{model_id}/actions", tags=["models"])

Name = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
_HOURS = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)


class ArtifactReference(Body):
    """A folder of objects: in a bucket of the service (``OSS``), or in an S3 bucket that the operator opened."""

    model_artifact_reference_type: Literal["OSS", "S3"]
    namespace: Annotated[str, StringConstraints(max_length=255)] | None = None
    bucket_name: Name
    prefix: Annotated[str, StringConstraints(max_length=1024)] = ""

    def folder(self) -> Folder:
        """Return where the objects are."""
        namespace = S3 if self.model_artifact_reference_type == "S3" else self.namespace or ""
        return Folder(namespace, self.bucket_name, self.prefix)


class RegisterReference(Body):
    """The folders that make up the model."""

    model_artifact_references: Annotated[list[ArtifactReference], Field(min_length=1, max_length=100)]


@router.post("/registerArtifactReference")
def register(model_id: str, body: RegisterReference, request: Request) -> Response:
    """Make the objects of buckets the model's artifact; they stay there, and are fetched when the model is deployed."""
    context, caller = context_of(request), caller_of(request)
    folders = [reference.folder() for reference in body.model_artifact_references]
    for folder in folders:
        require_allowed(folder, addresses(context.settings.reference_urls))
    attempt = attempt_of(request)
    with context.database.write() as session:
        earlier = earlier_outcome(session, caller, attempt)
        if earlier is not None:
            return accepted(earlier)
        require_match(models.live_model(session, model_id), if_match_of(request))
        artifacts.expect_artifact(session, caller, model_id, None)
    with context.database.read() as session:
        text = describe([(f.namespace, f.bucket, f.prefix, list_referenced(session, f)) for f in folders])
    _store(context, caller, model_id, text)
    return accepted(_done(context, caller, model_id, attempt, len(folders)))


@router.post("/restore")
def restore(model_id: str, request: Request) -> Response:
    """Bring an archived artifact back. Nothing is ever archived here, so this ends at once."""
    hours = request.query_params.get("restoreModelForHoursSpecified")
    if hours is not None and not _HOURS.fullmatch(hours):
        raise InputError("restoreModelForHoursSpecified must be a positive whole number.")
    context, caller = context_of(request), caller_of(request)
    with context.database.write() as session:
        attempt = attempt_of(request)
        earlier = earlier_outcome(session, caller, attempt)
        if earlier is not None:
            return accepted(earlier)
        model = models.live_model(session, model_id)
        require_match(model, if_match_of(request))
        artifacts.get_artifact(session, model_id)
        work = accept_work_request(
            session,
            "RESTORE_ARCHIVED_MODEL",
            model.id,
            model.compartment_id,
            entity_type="model",
            action_type="RELATED",
            message="Restoring the artifact",
        )
        finish_work_request(session, work.id, "SUCCEEDED", "The artifact was not archived: it is there")
        remember_outcome(session, caller, attempt, work.id)
    return accepted(work.id)


def _store(context: Context, caller: Caller, model_id: str, text: bytes) -> None:
    with context.blobs.begin(len(text)) as upload:
        upload.write(text)
        artifacts.store_artifact(context.database, context.blobs, caller, model_id, upload, f"{model_id}.json")


def _done(context: Context, caller: Caller, model_id: str, attempt: Attempt | None, folders: int) -> str:
    """Mark the model as one by reference and return the finished work request."""
    with context.database.write() as session:
        model = models.live_model(session, model_id)
        if not is_marked(model.custom_metadata):
            mark = {"key": MARK, "value": "true", "description": None, "category": "Other", "keywords": None}
            others = [item for item in model.custom_metadata if item["key"] != MARK]
            models.update_model(session, caller, model_id, {"custom_metadata": [*others, mark]})
        work = accept_work_request(
            session,
            "REGISTER_MODEL_ARTIFACT",
            model.id,
            model.compartment_id,
            entity_type="model",
            action_type="UPDATED",
            message=f"Reading the objects of {folders} references",
        )
        finish_work_request(session, work.id, "SUCCEEDED", "The model refers to the objects that are there now")
        remember_outcome(session, caller, attempt, work.id)
    return work.id
