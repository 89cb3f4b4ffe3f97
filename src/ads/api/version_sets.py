"""``/20190101/modelVersionSets``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints

from ads.api.answers import accepted, answer, timestamp
from ads.api.context import caller_of, context_of
from ads.api.fields import (
    Body,
    DefinedTags,
    Description,
    FreeformTags,
    OcidText,
    attempt_of,
    if_match_of,
)
from ads.api.listing import ListShape, page_of
from ads.errors import InputError
from ads.registry import version_sets
from ads.registry.tables import ModelVersionSet
from ads.registry.work_requests import accept_work_request, finish_work_request

__all__ = ["router"]

router = APIRouter(prefix="/20190101/modelVersionSets", tags=["version sets"])

_LIST = ListShape(
    filters={
        "id": "id",
        "projectId": "project_id",
        "name": "name",
        "lifecycleState": "lifecycle_state",
        "createdBy": "created_by",
        "category": "category",
    },
    sort={
        "timeCreated": ModelVersionSet.time_created,
        "name": ModelVersionSet.name,
        "lifecycleState": ModelVersionSet.lifecycle_state,
    },
    seq=ModelVersionSet.seq,
    states=frozenset({"ACTIVE", "DELETING", "DELETED", "FAILED"}),
)
_BOOLEANS = {"true": True, "false": False}


class UpdateVersionSet(Body):
    """What may change."""

    description: Description | None = None
    freeform_tags: FreeformTags | None = None
    defined_tags: DefinedTags | None = None


class CreateVersionSet(UpdateVersionSet):
    """A new version set."""

    compartment_id: OcidText
    project_id: OcidText
    name: Annotated[str, StringConstraints(min_length=1, max_length=255)]


class ChangeCompartment(Body):
    """Where a version set moves to."""

    compartment_id: OcidText


def version_set_json(row: ModelVersionSet) -> dict[str, Any]:
    """Return a version set as clients see it."""
    return {
        "id": row.id,
        "compartmentId": row.compartment_id,
        "projectId": row.project_id,
        "name": row.name,
        "description": row.description,
        "lifecycleState": row.lifecycle_state,
        "timeCreated": timestamp(row.time_created),
        "timeUpdated": timestamp(row.time_updated),
        "createdBy": row.created_by,
        "category": row.category,
        "freeformTags": row.freeform_tags,
        "definedTags": row.defined_tags,
        "systemTags": {},
    }


@router.post("")
def create(body: CreateVersionSet, request: Request) -> Response:
    """Create a version set."""
    details = version_sets.NewVersionSet(**body.given())
    with context_of(request).database.write() as session:
        row = version_sets.create_version_set(session, caller_of(request), details, attempt_of(request))
    return answer(version_set_json(row), etag=row.etag)


@router.get("")
def list_(request: Request) -> Response:
    """List version sets."""
    with context_of(request).database.read() as session:
        page = page_of(request, session, _LIST, version_sets.select_version_sets)
    return answer([version_set_json(row) for row in page.rows], next_page=page.next_token)


@router.get("/{set_id}")
def get(set_id: str, request: Request) -> Response:
    """Get a version set, also a deleted one."""
    with context_of(request).database.read() as session:
        row = version_sets.get_version_set(session, set_id)
    return answer(version_set_json(row), etag=row.etag)


@router.put("/{set_id}")
def update(set_id: str, body: UpdateVersionSet, request: Request) -> Response:
    """Change the attributes that were sent."""
    with context_of(request).database.write() as session:
        row = version_sets.update_version_set(session, caller_of(request), set_id, body.given(), if_match_of(request))
    return answer(version_set_json(row), etag=row.etag)


@router.delete("/{set_id}")
def delete(set_id: str, request: Request) -> Response:
    """Delete a version set, with its models when ``isDeleteRelatedModels`` is true."""
    flag = request.query_params.get("isDeleteRelatedModels", "false").lower()
    if flag not in _BOOLEANS:
        raise InputError("isDeleteRelatedModels must be true or false.")
    with context_of(request).database.write() as session:
        row = version_sets.delete_version_set(
            session, caller_of(request), set_id, with_models=_BOOLEANS[flag], if_match=if_match_of(request)
        )
        work = accept_work_request(
            session,
            "MODELVERSIONSET_DELETE",
            row.id,
            row.compartment_id,
            entity_type="model-version-set",
            action_type="DELETED",
            message="Deleting the model version set",
        )
        finish_work_request(session, work.id, "SUCCEEDED", "The model version set is deleted")
    return accepted(work.id)


@router.post("/{set_id}/actions/changeCompartment")
def change_compartment(set_id: str, body: ChangeCompartment, request: Request) -> Response:
    """Move a version set to another compartment."""
    with context_of(request).database.write() as session:
        row = version_sets.move_version_set(
            session, caller_of(request), set_id, body.compartment_id, if_match_of(request)
        )
    return Response(status_code=200, headers={"etag": row.etag})
