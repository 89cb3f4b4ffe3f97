"""``/20190101/models/{modelId}/actions/exportArtifact|importArtifact``: artifacts out of and into buckets."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints

from ads.api.answers import accepted
from ads.api.context import caller_of, context_of
from ads.api.fields import Body, attempt_of
from ads.registry.artifacts import artifact_md5, get_artifact
from ads.registry.transfers import Place, import_artifact

__all__ = ["router"]

router = APIRouter(prefix="/20190101/models/{model_id}/actions", tags=["models"])

Name = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class ExportDetails(Body):
    """The object that becomes the artifact. Its region is ignored: there is one."""

    artifact_source_type: Literal["ORACLE_OBJECT_STORAGE"]
    namespace: Name
    source_bucket: Name
    source_object_name: Name


class Export(Body):
    """An export: from a bucket into the catalog."""

    artifact_export_details: ExportDetails


class ImportDetails(Body):
    """The object that the artifact becomes. Its region is ignored: there is one."""

    artifact_source_type: Literal["ORACLE_OBJECT_STORAGE"]
    namespace: Name
    destination_bucket: Name
    destination_object_name: Name


class Import(Body):
    """An import: from the catalog into a bucket."""

    artifact_import_details: ImportDetails


@router.post("/exportArtifact")
def export(model_id: str, body: Export, request: Request) -> Response:
    """Make an object the model's artifact."""
    details = body.artifact_export_details
    place = Place(details.namespace, details.source_bucket, details.source_object_name)
    transfers = context_of(request).transfers
    return accepted(transfers.export(caller_of(request), model_id, place, attempt_of(request)))


@router.post("/importArtifact")
def import_(model_id: str, body: Import, request: Request) -> Response:
    """Make an object of the model's artifact."""
    details = body.artifact_import_details
    place = Place(details.namespace, details.destination_bucket, details.destination_object_name)
    context = context_of(request)
    with context.database.read() as session:
        artifact = get_artifact(session, model_id)
    artifact_md5(context.database, context.blobs, artifact)
    with context.database.write() as session:
        return accepted(import_artifact(session, caller_of(request), model_id, place, attempt_of(request)))
