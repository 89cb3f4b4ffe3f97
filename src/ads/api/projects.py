"""``/20190101/projects``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from ads.api.answers import accepted, answer, timestamp
from ads.api.context import caller_of, context_of
from ads.api.fields import (
    Body,
    DefinedTags,
    Description,
    DisplayName,
    FreeformTags,
    OcidText,
    attempt_of,
    if_match_of,
)
from ads.api.listing import ListShape, page_of
from ads.registry import projects
from ads.registry.tables import Project
from ads.registry.work_requests import accept_work_request, finish_work_request

__all__ = ["router"]

router = APIRouter(prefix="/20190101/projects", tags=["projects"])

_LIST = ListShape(
    filters={
        "id": "id",
        "displayName": "display_name",
        "lifecycleState": "lifecycle_state",
        "createdBy": "created_by",
    },
    sort={"timeCreated": Project.time_created, "displayName": Project.display_name},
    seq=Project.seq,
    states=frozenset({"ACTIVE", "DELETING", "DELETED"}),
)


class UpdateProject(Body):
    """What may change."""

    display_name: DisplayName | None = None
    description: Description | None = None
    freeform_tags: FreeformTags | None = None
    defined_tags: DefinedTags | None = None


class CreateProject(UpdateProject):
    """A new project."""

    compartment_id: OcidText


class ChangeCompartment(Body):
    """Where a project moves to."""

    compartment_id: OcidText


def project_json(project: Project) -> dict[str, Any]:
    """Return a project as clients see it."""
    return {
        "id": project.id,
        "compartmentId": project.compartment_id,
        "displayName": project.display_name,
        "description": project.description,
        "lifecycleState": project.lifecycle_state,
        "timeCreated": timestamp(project.time_created),
        "createdBy": project.created_by,
        "freeformTags": project.freeform_tags,
        "definedTags": project.defined_tags,
        "systemTags": {},
    }


@router.post("")
def create(body: CreateProject, request: Request) -> Response:
    """Create a project."""
    with context_of(request).database.write() as session:
        details = projects.NewProject(**body.given())
        project = projects.create_project(session, caller_of(request), details, attempt_of(request))
    return answer(project_json(project), etag=project.etag)


@router.get("")
def list_(request: Request) -> Response:
    """List projects."""
    with context_of(request).database.read() as session:
        page = page_of(request, session, _LIST, projects.select_projects)
    return answer([project_json(project) for project in page.rows], next_page=page.next_token)


@router.get("/{project_id}")
def get(project_id: str, request: Request) -> Response:
    """Get a project, also a deleted one."""
    with context_of(request).database.read() as session:
        project = projects.get_project(session, project_id)
    return answer(project_json(project), etag=project.etag)


@router.put("/{project_id}")
def update(project_id: str, body: UpdateProject, request: Request) -> Response:
    """Change the attributes that were sent."""
    with context_of(request).database.write() as session:
        project = projects.update_project(session, caller_of(request), project_id, body.given(), if_match_of(request))
    return answer(project_json(project), etag=project.etag)


@router.delete("/{project_id}")
def delete(project_id: str, request: Request) -> Response:
    """Delete a project without live models."""
    with context_of(request).database.write() as session:
        project = projects.delete_project(session, caller_of(request), project_id, if_match_of(request))
        work = accept_work_request(
            session,
            "PROJECT_DELETE",
            project.id,
            project.compartment_id,
            entity_type="project",
            action_type="DELETED",
            message="Deleting the project",
        )
        finish_work_request(session, work.id, "SUCCEEDED", "The project is deleted")
    return accepted(work.id)


@router.post("/{project_id}/actions/changeCompartment")
def change_compartment(project_id: str, body: ChangeCompartment, request: Request) -> Response:
    """Move a project to another compartment."""
    with context_of(request).database.write() as session:
        project = projects.move_project(
            session, caller_of(request), project_id, body.compartment_id, if_match_of(request)
        )
    return Response(status_code=200, headers={"etag": project.etag})
